"""Which slices of two series lie at the same place of the patient, by their planes alone (PS3.3 C.7.6.2). Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pydicom.dataset import Dataset

from dicom_node.domain.errors import NodeError
from dicom_node.domain.geometry import Vector, dot, length, normal_of
from dicom_node.restore.checks.check import text

SAME_PLANE_MM: Final = 0.05
SAME_DIRECTION: Final = 1e-4
SAME_SPACING: Final = 1e-3
SHIFT_PIXELS: Final = 0.1


class NoMatch(NodeError):
    """Two series that do not show the same places."""

    def __init__(self, happened: str) -> None:
        super().__init__(
            happened=happened, subject="the two series", remedy="Compare series of one acquisition, slice on slice."
        )


@dataclass(frozen=True, kw_only=True)
class Plane:
    """Where a slice lies, and the grid on it.

    Attributes
    ----------
    frame_of_reference
        Its UID; empty where absent.
    axes
        Directions of increasing column and of increasing row.
    corner
        Outer corner of the first pixel [mm].
    spacing
        Between rows and between columns [mm].
    shape
        Rows and columns.
    """

    frame_of_reference: str
    axes: tuple[Vector, Vector]
    corner: Vector
    spacing: tuple[float, float]
    shape: tuple[int, int]

    @property
    def normal(self) -> Vector:
        """Return the direction through the slices."""
        found = normal_of((*self.axes[0], *self.axes[1]))
        return found or (0.0, 0.0, 1.0)

    @property
    def position(self) -> float:
        """Return the place along the normal [mm]."""
        return dot(self.corner, self.normal)


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Indices of two slices at one place; the second grid is `factor` times as fine."""

    before: int
    after: int
    factor: int


def plane_of(header: Dataset) -> Plane:
    """Read the plane of a slice.

    Raises
    ------
    NoMatch
        Position, orientation or spacing is missing.
    """
    position = [float(value) for value in header.get("ImagePositionPatient") or ()]
    orientation = [float(value) for value in header.get("ImageOrientationPatient") or ()]
    spacing = [float(value) for value in header.get("PixelSpacing") or ()]
    if len(position) != 3 or len(spacing) != 2 or normal_of(orientation) is None:
        raise NoMatch("position, orientation or spacing is missing, so nothing tells which slices belong together")
    along_row, along_column = orientation[:3], orientation[3:]
    outer = [
        p - x * spacing[1] / 2 - y * spacing[0] / 2 for p, x, y in zip(position, along_row, along_column, strict=True)
    ]
    return Plane(
        frame_of_reference=text(header, "FrameOfReferenceUID"),
        axes=(_vector(along_row), _vector(along_column)),
        corner=_vector(outer),
        spacing=(spacing[0], spacing[1]),
        shape=(int(header.Rows), int(header.Columns)),
    )


def pairs(before: Sequence[Plane], after: Sequence[Plane]) -> tuple[Pair, ...]:
    """Find the slices that lie at one place; each slice is used once.

    Parameters
    ----------
    before, after
        Planes of the two series, in any order; neither is empty.

    Raises
    ------
    NoMatch
        Nothing lies at one place; the sentence names what differs.
    """
    free = dict(enumerate(after))
    found = []
    for index, plane in enumerate(before):
        match = next((other for other, candidate in free.items() if not difference(plane, candidate)), None)
        if match is not None:
            found.append(Pair(before=index, after=match, factor=_factor(plane, free.pop(match))))
    if not found:
        middle = before[len(before) // 2]
        nearest = min(after, key=lambda plane: abs(plane.position - middle.position))
        raise NoMatch(difference(middle, nearest))
    return tuple(found)


def difference(before: Plane, after: Plane) -> str:
    """Say in what two slices differ in place or grid; empty if in nothing."""
    if before.frame_of_reference != after.frame_of_reference:
        both = [plane.frame_of_reference or "none" for plane in (before, after)]
        return f"their Frames of Reference differ ({' and '.join(both)})"
    turned = (abs(a - b) for x, y in zip(before.axes, after.axes, strict=True) for a, b in zip(x, y, strict=True))
    if max(turned) > SAME_DIRECTION:
        return "their orientations differ"
    if not _factor(before, after):
        return f"their pixel grids differ ({_grid(before)} and {_grid(after)})"
    away = before.position - after.position
    if abs(away) > SAME_PLANE_MM:
        return f"no two of their slices lie within {SAME_PLANE_MM} mm, the nearest {abs(away):.2f} mm apart"
    shift = [a - b for a, b in zip(before.corner, after.corner, strict=True)]
    in_plane = length([part - away * n for part, n in zip(shift, before.normal, strict=True)])
    if in_plane > SHIFT_PIXELS * min(before.spacing):
        return f"their slices are shifted against each other by {in_plane:.2f} mm"
    return ""


def _factor(before: Plane, after: Plane) -> int:
    """Return how many times finer the second grid is; 0 where it is no such grid."""
    factor = round(before.spacing[0] / after.spacing[0])
    if factor < 1 or after.shape != (before.shape[0] * factor, before.shape[1] * factor):
        return 0
    same = all(abs(b * factor / a - 1) <= SAME_SPACING for a, b in zip(before.spacing, after.spacing, strict=True))
    return factor if same else 0


def _grid(plane: Plane) -> str:
    return f"{plane.shape[0]}×{plane.shape[1]} at {plane.spacing[0]:g} mm"


def _vector(values: Sequence[float]) -> Vector:
    return (values[0], values[1], values[2])
