"""Series Number and Series Description."""

import pytest

from dicom_node.restore.derive.label import LabelError, label, mark_of
from dicom_node.restore.derive.numbers import series_number, whole_number

LONG = "x" * 80


@pytest.mark.parametrize(
    ("source", "taken", "expected"),
    [
        ("3", set(), 3091),
        ("0", set(), 91),
        ("", set(), 900_091),
        ("-4", set(), 900_091),
        ("none", set(), 900_091),
        ("2000000", set(), 2_000_000_091),
        ("2000001", set(), 900_091),
        ("3", {3091, 3092}, 3093),
        ("", {900_091}, 900_092),
    ],
)
def test_series_number(source: str, taken: set[int], expected: int) -> None:
    assert series_number(source, slot=91, taken=taken) == expected


@pytest.mark.parametrize(
    ("template", "description", "expected"),
    [
        ("DLR {SeriesDescription}", "Thorax 1.0", "DLR Thorax 1.0"),
        ("DLR {SeriesDescription}", LONG, "DLR " + "x" * 60),
        ("DLR {SeriesDescription} (AI)", LONG, "DLR " + "x" * 55 + " (AI)"),
        ("DLR {SeriesDescription}", "", "DLR"),
        ("{SeriesDescription}", "Thorax", "DLR Thorax"),
        ("{SeriesDescription} low", "Thorax", "DLR Thorax low"),
        ("AI chest", "Thorax", "AI chest"),
        ("DLR {SeriesDescription}", "a\\b\tc", "DLR a b c"),
    ],
)
def test_label(template: str, description: str, expected: str) -> None:
    made = label(template, description)
    assert made == expected
    assert len(made) <= 64
    assert made.startswith(mark_of(template))


@pytest.mark.parametrize("template", ["y" * 65, "DLR \\ {SeriesDescription}", "DLR\n{SeriesDescription}"])
def test_a_label_that_cannot_be_written_is_refused(template: str) -> None:
    with pytest.raises(LabelError):
        label(template, "Thorax")


@pytest.mark.parametrize(
    ("text", "expected"),
    [("5", 5), (" -3 ", -3), ("+7", 7), ("", None), ("5.0", None), ("1_0", None), ("\u00b2", None), ("\u0663", None),
     ("-+5", None), ("9" * 13, None)],
)  # fmt: skip
def test_strangers_write_anything_for_a_number(text: str, expected: int | None) -> None:
    assert whole_number(text) == expected
