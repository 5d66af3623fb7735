"""Directions, positions and steps."""

import pytest

from dicom_node.domain.geometry import (
    angle_deg,
    distinct_positions,
    is_regular,
    median_step,
    missing_positions,
    normal_of,
    plane_of,
)


@pytest.mark.parametrize(
    ("orientation", "normal", "plane"),
    [
        ((1, 0, 0, 0, 1, 0), (0, 0, 1), "axial"),
        ((0, 1, 0, 0, 0, -1), (-1, 0, 0), "sagittal"),
        ((1, 0, 0, 0, 0, -1), (0, 1, 0), "coronal"),
        ((1, 0, 0, 0, 0.9483, -0.3173), (0, 0.3173, 0.9483), "axial"),
        ((1, 0, 0, 0, 0.70710678, -0.70710678), (0, 0.70710678, 0.70710678), "oblique"),
    ],
)
def test_normal_and_plane(orientation: tuple[float, ...], normal: tuple[float, ...], plane: str) -> None:
    found = normal_of(orientation)
    assert found is not None
    assert found == pytest.approx(normal)
    assert plane_of(found) == plane


@pytest.mark.parametrize("orientation", [(), (1, 0, 0), (1, 0, 0, 0, 2, 0), (1, 0, 0, 0.1, 1, 0), (0,) * 6])
def test_no_normal(orientation: tuple[float, ...]) -> None:
    assert normal_of(orientation) is None


def test_angles_ignore_direction() -> None:
    assert angle_deg((0, 0, 1), (0, 1, 1)) == pytest.approx(45)
    assert angle_deg((0, 0, 1), (0, 0, -2)) == pytest.approx(0)
    assert angle_deg((0, 0, 0), (0, 0, 1)) == 0


@pytest.mark.parametrize(
    ("positions", "regular", "missing"),
    [
        ((), True, ()),
        ((0,), True, ()),
        ((0, 5), True, ()),
        ((0, 2, 4.02), True, ()),
        ((0, 2, 4, 8), False, (6,)),
        ((0, 2, 4, 10, 12), False, (6, 8)),
        ((0, 4, 8, 9.08, 16.08), False, ()),
        ((0, 1, 2, 1e9), False, ()),
    ],
)
def test_steps(positions: tuple[float, ...], regular: bool, missing: tuple[float, ...]) -> None:
    assert is_regular(positions) is regular
    assert missing_positions(positions) == pytest.approx(missing)


def test_distinct_positions_and_median_step() -> None:
    assert distinct_positions([4, 0, 2.005, 2, 4.001]) == (0, 2, 4)
    assert median_step([(0, 0, 0), (0, 1, 2), (0, 2, 4), (0, 9, 9)]) == (0, 1, 2)
    assert median_step([(0, 0, 0)]) == ()
