import json
import math

import pytest

from restoration.guard.verdict import Figure, Place, Verdict, worst


def figure(value: float, low: float | None = None, high: float | None = None, unit: str = "HU") -> Figure:
    return Figure(gate="bias", name="the mean change of fat", value=value, low=low, high=high, unit=unit)


@pytest.mark.parametrize(
    ("value", "low", "high", "passed"),
    [
        (0.0, -1.0, 1.0, True),
        (1.0, -1.0, 1.0, True),
        (-1.01, -1.0, 1.0, False),
        (5.0, 5.0, 5.0, True),
        (6.0, 5.0, 5.0, False),
        (3.0, None, 2.0, False),
        (-3.0, None, 2.0, True),
        (3.0, 4.0, None, False),
        (3.0, None, None, True),
        (math.nan, -1.0, 1.0, False),
        (math.inf, None, None, False),
    ],
    ids=str,
)
def test_a_figure_passes_within_its_bounds(value: float, low: float | None, high: float | None, passed: bool) -> None:
    judged = figure(value, low, high)
    assert judged.passed is passed
    assert (judged.strain <= 1) is passed


def test_a_sentence_names_number_bounds_and_place() -> None:
    shifted = Figure(
        gate="bias",
        name="the mean change of soft tissue",
        value=-2.91,
        low=-1.13,
        high=1.13,
        unit="HU",
        place=Place(slice_index=2, row=0, column=41),
    )
    assert shifted.sentence() == (
        "the mean change of soft tissue is −2.91 HU (allowed −1.13 to 1.13; slice 3, row 1, column 42)"
    )


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        (figure(0.031, -0.01, 0.01, "of its mean"), "is 3.1 % of its mean (allowed −1 % to 1 %)"),
        (figure(7, 9, 9, ""), "is 7 (allowed 9)"),
        (figure(7, None, 5, ""), "is 7 (allowed at most 5)"),
        (figure(7, 9, None, ""), "is 7 (allowed at least 9)"),
        (figure(math.nan, None, None, ""), "is nan (allowed any)"),
        (figure(1234.5, None, 262144, ""), "is 1234 (allowed at most 262144)"),
    ],
    ids=["share", "exact", "at most", "at least", "no number", "large"],
)
def test_numbers_are_said_as_people_read_them(judged: Figure, words: str) -> None:
    assert words in judged.sentence()


def test_a_verdict_says_its_worst_failure_first() -> None:
    verdict = Verdict(figures=(figure(0.5, -1, 1), figure(2, -1, 1), figure(9, -1, 1)))
    assert not verdict.passed
    assert [failure.value for failure in verdict.failures] == [9, 2]
    assert verdict.sentence().startswith("The mean change of fat is 9 HU (allowed −1 to 1); the mean change")


def test_a_passed_verdict_says_so() -> None:
    verdict = Verdict(figures=(figure(0.5, -1, 1),))
    assert verdict.passed
    assert verdict.sentence() == "All 1 figures lie within their bounds."


def test_json_holds_everything_and_no_nan() -> None:
    place = Place(slice_index=0, row=3, column=4)
    broken = Figure(gate="anchor", name="the change", value=math.nan, high=1.0, unit="HU", place=place)
    told = json.loads(json.dumps(Verdict(figures=(broken,)).as_json(), allow_nan=False))
    assert told["passed"] is False
    assert told["figures"] == [
        {
            "gate": "anchor",
            "name": "the change",
            "value": None,
            "low": None,
            "high": 1.0,
            "unit": "HU",
            "place": {"slice": 1, "row": 4, "column": 5},
            "passed": False,
        }
    ]


def test_the_worst_of_each_kind_is_kept() -> None:
    other = Figure(gate="anchor", name="the change", value=0.1, low=-1, high=1)
    assert worst([figure(0.1, -1, 1), other, figure(-0.9, -1, 1), figure(0.5, -1, 1)]) == (figure(-0.9, -1, 1), other)
