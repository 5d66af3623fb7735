"""Checks that each derived slice lies where its source lies, in the same order. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicom_node.domain.iods import is_projection
from dicom_node.restore.checks.check import Check, Evidence, Pair, counted, text
from dicom_node.restore.derive.numbers import instance_numbers

CORNER_MM: Final = 0.01
ORIENTATION: Final = 1e-6

_OF_PROJECTION: Final = ("Rows", "Columns", "ImagerPixelSpacing", "PixelSpacing", "PatientOrientation")
"""Where a projection lies: it has no corners in the patient."""


def corners(evidence: Evidence) -> Check:
    """Return the largest distance of an outer corner from the source's [mm]; infinite where there is no comparing."""
    moved = [(_moved(pair), pair.place) for pair in evidence.pairs]
    worst, place = max(moved)
    return Check(name="corners", number=worst, bound=CORNER_MM, place=place if worst > CORNER_MM else "")


def _moved(pair: Pair) -> float:
    source, derived = pair.source, pair.derived
    if is_projection(str(source.SOPClassUID)):
        return 0.0 if all(text(source, key) == text(derived, key) for key in _OF_PROJECTION) else float("inf")
    if text(source, "FrameOfReferenceUID") != text(derived, "FrameOfReferenceUID"):
        return float("inf")
    try:
        turned = np.abs(_numbers(source, "ImageOrientationPatient") - _numbers(derived, "ImageOrientationPatient"))
        distance = np.linalg.norm(_corners(source) - _corners(derived), axis=1)
    except (ValueError, TypeError):
        return float("inf")
    return float("inf") if turned.max() > ORIENTATION else float(distance.max())


def _corners(header: Dataset) -> npt.NDArray[np.float64]:
    """Return the four outer corners, (4, 3) patient coordinates [mm] (C.7.6.2.1.1)."""
    x, y = np.split(_numbers(header, "ImageOrientationPatient"), 2)
    row_mm, column_mm = _numbers(header, "PixelSpacing")
    origin = _numbers(header, "ImagePositionPatient")
    return np.array(
        [
            origin + x * column_mm * column + y * row_mm * row
            for row in (-0.5, header.Rows - 0.5)
            for column in (-0.5, header.Columns - 0.5)
        ]
    )


def _numbers(header: Dataset, keyword: str) -> npt.NDArray[np.float64]:
    return np.array([float(value) for value in header.get(keyword) or ()], dtype=np.float64)


def order(evidence: Evidence) -> Check:
    """Count slices that stand elsewhere in the order of positions, Instance Numbers or Content Times."""
    wrong = [what for stack in evidence.stacks for what in _misplaced(stack)]
    numbered = sorted(evidence.pairs, key=lambda pair: int(pair.derived.InstanceNumber))
    times = [text(pair.derived, "ContentDate") + text(pair.derived, "ContentTime") for pair in numbered]
    wrong += [
        f"{pair.place} ContentTime"
        for pair, before, after in zip(numbered[1:], times, times[1:], strict=False)
        if before >= after
    ]
    return counted("order", [*wrong, *_renumbered(evidence.pairs)])


def _misplaced(stack: Sequence[Pair]) -> Iterator[str]:
    places = [_along(pair.derived) for pair in stack]
    for pair, before, after in zip(stack[1:], places, places[1:], strict=False):
        if not before < after:
            yield f"{pair.place} ImagePositionPatient"


def _along(header: Dataset) -> float:
    orientation, position = _numbers(header, "ImageOrientationPatient"), _numbers(header, "ImagePositionPatient")
    if len(orientation) != 6 or len(position) != 3:
        return float("nan")
    return float(np.cross(orientation[:3], orientation[3:]) @ position)


def _renumbered(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield slices whose number is not the one they should have: the source's, where those are unique."""
    for pair, number in zip(pairs, instance_numbers([pair.source for pair in pairs]), strict=True):
        if number != pair.derived.InstanceNumber:
            yield f"{pair.place} InstanceNumber"
