"""Bars, sections and pictures of an evaluation."""

import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from restoration.evaluation.drawing import can_draw, draw
from restoration.evaluation.report import NOT_RUN, Bar, Curve, Plot, Section, Sense, Sight, Tier
from restoration.evaluation.show import show, verdicts
from restoration.evaluation.steps.transfer import magnitude
from restoration.metrics.bootstrap import TOO_SMALL, Estimate


def bar(sense: Sense, wanted: float, found: float | None, interval: tuple[float, float] | None = None) -> Bar:
    measured = None if found is None else Estimate(mean=found, n=3, interval=interval)
    return Bar(name="noise", unit="HU", sense=sense, wanted=wanted, found=measured, tier=Tier.PHANTOM)


@pytest.mark.parametrize(
    ("sense", "wanted", "found", "verdict"),
    [
        (Sense.AT_LEAST, 2.0, 2.0, "met"),
        (Sense.AT_LEAST, 2.0, 1.5, "missed by 0.5"),
        (Sense.AT_MOST, 1.0, 0.2, "met"),
        (Sense.AT_MOST, 1.0, 1.25, "missed by 0.25"),
        (Sense.AT_LEAST, -0.26, -0.3, "missed by 0.04"),
        (Sense.AT_LEAST, 2.0, None, NOT_RUN),
        (Sense.AT_LEAST, 2.0, float("nan"), "missed by inf"),
    ],
    ids=["on-it", "below", "under-the-most", "above-the-most", "negative", "not-run", "no-number"],
)
def test_a_bar_says_by_how_much_it_is_missed(sense: Sense, wanted: float, found: float | None, verdict: str) -> None:
    assert bar(sense, wanted, found).verdict == verdict


def test_a_figure_has_an_interval_or_says_that_n_is_too_small() -> None:
    assert bar(Sense.AT_MOST, 1, 0.5).as_row()["interval"] == TOO_SMALL
    assert bar(Sense.AT_MOST, 1, 0.5, (0.4, 0.6)).as_row()["interval"] == [0.4, 0.6]


@pytest.mark.parametrize(
    ("interval", "folded"),
    [((-0.3, -0.1), (0.1, 0.3)), ((-0.1, 0.2), (0.0, 0.2)), (None, None)],
    ids=["negative", "across-zero", "none"],
)
def test_a_magnitude_folds_its_interval(
    interval: tuple[float, float] | None, folded: tuple[float, float] | None
) -> None:
    assert magnitude(Estimate(mean=-0.2, n=6, interval=interval)) == Estimate(mean=0.2, n=6, interval=folded)


def section() -> Section:
    line = Curve(label="input", x=np.array([0.1, 0.2, 0.3]), y=np.array([1.0, np.nan, 3.0]))
    picture = np.random.default_rng(0).normal(0, 1, (24, 24)).astype(np.float32)
    return Section(
        title="Noise",
        tier=Tier.PHANTOM,
        n=3,
        rows=(
            {"method": "input", "noise": Estimate(mean=1.5, n=3, interval=None), "bias": float("nan")},
            {"method": "ours", "noise": Estimate(mean=0.5, n=8, interval=(0.4, 0.6)), "bias": 0.25},
        ),
        bars=(bar(Sense.AT_MOST, 1, 0.5), bar(Sense.AT_MOST, 1, 2.0), bar(Sense.AT_MOST, 1, None)),
        plots=(Plot(name="nps", title="Noise", x_label="1/mm", y_label="power", curves=(line,)),),
        sights=(
            Sight(name="seen", title="x", before=picture, after=picture / 2, truth=None, window=(-2, 2), unit="HU"),
        ),
        notes=("BM3D: not installed",),
    )


def test_a_section_as_json_holds_no_nan() -> None:
    plain = json.loads(json.dumps(section().as_json(), allow_nan=False))
    assert plain["rows"][0] == {"method": "input", "noise": {"mean": 1.5, "n": 3, "interval": TOO_SMALL}, "bias": None}
    assert plain["rows"][1]["noise"]["interval"] == [0.4, 0.6]
    assert plain["curves"][0]["points"] == [[0.1, 1.0], [0.3, 3.0]]
    assert [item["verdict"] for item in plain["bars"]] == ["met", "missed by 1", NOT_RUN]


def test_the_printed_table_shows_rows_bars_and_notes() -> None:
    console = Console(width=200, record=True, quiet=False, file=None, force_terminal=False)
    with console.capture() as captured:
        show(console, "ours 1.0", [section()])
    text = captured.get()
    assert "0.5 [0.4, 0.6]" in text
    assert "BM3D: not installed" in text
    assert "1 of 3 bars met, 1 missed, 1 not run" in text
    assert verdicts(section().bars) in text


@pytest.mark.skipif(not can_draw(), reason="matplotlib is not installed")
def test_pictures_and_curves_become_files(tmp_path: Path) -> None:
    assert draw([section()], tmp_path) == ["nps.png", "seen.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("nps.png", "seen.png"))
