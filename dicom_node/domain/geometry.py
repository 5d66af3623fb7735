"""Directions, positions and steps of slices in the patient's coordinate system (PS3.3 C.7.6.2). Pure."""

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median, median_low

Vector = tuple[float, float, float]

SAME_PLACE_MM = 0.01
"""Two slices closer than this along the normal lie at one position."""

UNIT_TOLERANCE = 1e-4

LONGEST_HOLE = 1000
"""A step of more usual steps than this is no hole in a stack."""

_OBLIQUE_BELOW = 0.8
_PLANES = ("sagittal", "coronal", "axial")


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the scalar product."""
    return sum(x * y for x, y in zip(a, b, strict=True))


def length(a: Sequence[float]) -> float:
    """Return the Euclidean length."""
    return math.sqrt(dot(a, a))


def normal_of(orientation: Sequence[float]) -> Vector | None:
    """Return the slice normal X × Y of an Image Orientation (Patient).

    Returns
    -------
    Vector | None
        None if the six numbers are not two orthogonal unit vectors within 1e-4.
    """
    if len(orientation) != 6:
        return None
    x, y = orientation[:3], orientation[3:]
    errors = (length(x) - 1, length(y) - 1, dot(x, y))
    if any(abs(error) > UNIT_TOLERANCE for error in errors):
        return None
    return (x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0])


def plane_of(normal: Vector) -> str:
    """Name the plane that a slice with this normal lies in: axial, coronal, sagittal or oblique."""
    sizes = [abs(component) for component in normal]
    largest = max(sizes)
    return "oblique" if largest < _OBLIQUE_BELOW else _PLANES[sizes.index(largest)]


def angle_deg(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the angle between two lines, direction ignored [degree, 0 to 90]; 0 if one has no length."""
    size = length(a) * length(b)
    return math.degrees(math.acos(min(1.0, abs(dot(a, b)) / size))) if size else 0.0


def distinct_positions(positions_mm: Sequence[float]) -> tuple[float, ...]:
    """Return the positions in increasing order, those within 0.01 mm of their predecessor left out [mm]."""
    result: list[float] = []
    for position in sorted(positions_mm):
        if not result or position - result[-1] >= SAME_PLACE_MM:
            result.append(position)
    return tuple(result)


def steps_of(positions_mm: Sequence[float]) -> tuple[float, ...]:
    """Return the distances between neighbours of increasing positions [mm]."""
    return tuple(b - a for a, b in pairwise(positions_mm))


def is_regular(positions_mm: Sequence[float]) -> bool:
    """Whether each step is within max(0.01 mm, 1 %) of the median step."""
    steps = steps_of(positions_mm)
    if not steps:
        return True
    middle = median(steps)
    return all(abs(step - middle) <= _tolerance(middle) for step in steps)


def missing_positions(positions_mm: Sequence[float]) -> tuple[float, ...]:
    """Return where slices are missing from an otherwise even stack.

    Parameters
    ----------
    positions_mm
        Increasing positions along the normal [mm].

    Returns
    -------
    tuple[float, ...]
        Positions at which a slice would stand [mm]; empty if no step is a multiple of the usual one, or if some step is
        neither the usual one nor a multiple of it.
    """
    steps = steps_of(positions_mm)
    if len(steps) < 2:
        return ()
    usual = median_low(steps)
    missing: list[float] = []
    for start, step in zip(positions_mm, steps, strict=False):
        count = round(step / usual)
        if not 1 <= count <= LONGEST_HOLE or abs(step - count * usual) > count * _tolerance(usual):
            return ()
        missing += [start + usual * index for index in range(1, count)]
    return tuple(missing)


def median_step(positions: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Return the median step vector from slice to slice [mm]; empty with fewer than two positions."""
    if len(positions) < 2:
        return ()
    steps = [[b - a for a, b in zip(p, q, strict=True)] for p, q in pairwise(positions)]
    return tuple(median(component) for component in zip(*steps, strict=True))


def _tolerance(step_mm: float) -> float:
    return max(SAME_PLACE_MM, 0.01 * abs(step_mm))
