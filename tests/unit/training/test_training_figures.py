"""What of an evaluation goes onto a card: every bar, and the operating points."""

import json

import pytest

from training.errors import DataError
from training.figures import card_figures, read_evaluation

BAR = {
    "bar": "share of noise left, default strength (75 %)",
    "unit": "share",
    "wanted": "at most 0.57",
    "found": 0.52345678,
    "interval": [0.51111111, 0.53333333],
    "n": 8,
    "tier": "phantom",
    "verdict": "met",
    "note": "",
}
MISSED = {**BAR, "bar": "d′", "found": None, "interval": "n too small", "n": 0, "verdict": "not run", "note": "no bm3d"}


def row(method: str, strength: float) -> dict[str, object]:
    left = {"mean": 0.5234, "n": 8, "interval": [0.51, 0.53]}
    shift = {"mean": -0.2, "n": 3, "interval": "n too small"}
    return {"method": method, "strength %": strength, "share of noise left": left, "NPS mean-frequency shift": shift}


EVALUATION: dict[str, object] = {
    "pipeline": "ct-denoise",
    "weights": "0" * 64,
    "seed": 900000,
    "quick": False,
    "summary": "1 of 2 bars met, 0 missed, 1 not run",
    "sections": [
        {
            "title": "Operating points: targets of ±20 HU",
            "tier": "phantom",
            "n": 8,
            "rows": [row("input", 0.0), *(row("ct-denoise", strength) for strength in (25.0, 75.0, 100.0))],
            "bars": [BAR],
        },
        {"title": "Frontier", "tier": "phantom", "n": 3, "rows": [row("ct-denoise", 75.0)], "bars": [MISSED]},
    ],
}


def test_a_card_states_operating_points_and_every_bar() -> None:
    figures = card_figures(read_evaluation(json.dumps(EVALUATION)), strength=75.0)
    assert [figure.get("strength %") for figure in figures] == [75.0, 100.0, None, None]
    assert figures[0]["share of noise left"] == "0.523 [0.51, 0.53]"
    assert figures[0]["NPS mean-frequency shift"] == "-0.2 (n too small)"
    assert figures[2] == {
        "figure": BAR["bar"],
        "unit": "share",
        "wanted": "at most 0.57",
        "found": 0.5235,
        "verdict": "met",
        "tier": "phantom",
        "n": 8,
        "interval": [0.5111, 0.5333],
    }
    assert (figures[3]["found"], figures[3]["verdict"], figures[3]["note"]) == (None, "not run", "no bm3d")


@pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({**EVALUATION, "sections": []})])
def test_what_is_no_evaluation_is_refused(text: str) -> None:
    with pytest.raises(DataError, match="no evaluation"):
        read_evaluation(text)


def test_a_quick_evaluation_stands_on_no_card() -> None:
    with pytest.raises(DataError, match="quick"):
        read_evaluation(json.dumps({**EVALUATION, "quick": True}))


def test_an_evaluation_without_bars_is_refused() -> None:
    sections = [{"title": "x", "tier": "phantom", "n": 1, "rows": [], "bars": []}]
    with pytest.raises(DataError, match="no bars"):
        card_figures(read_evaluation(json.dumps({**EVALUATION, "sections": sections})), strength=75.0)
