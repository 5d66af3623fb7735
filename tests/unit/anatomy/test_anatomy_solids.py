"""Solids have the volume, place and slope that they were given."""

import numpy as np
import pytest

from restoration.anatomy.shapes.beam import Detector, add_rod, ellipsoid
from restoration.anatomy.shapes.grid import Grid
from restoration.anatomy.shapes.solids import Ellipsoid, Tube, ball, random_axes, random_waves

GRID = Grid(shape=(30, 60, 60), spacing_mm=(2.0, 1.0, 1.0))


def volume_mm3(voxels: float) -> float:
    return voxels * float(np.prod(GRID.spacing_mm))


@pytest.mark.parametrize("seed", range(3))
def test_a_turned_ellipsoid_has_its_volume_inside_its_box(seed: int) -> None:
    solid = Ellipsoid(
        centre_mm=(3.0, -4.0, 2.0), radii_mm=(9.0, 12.0, 16.0), axes=random_axes(np.random.default_rng(seed))
    )
    _, mask = solid.inside(GRID)
    assert volume_mm3(mask.sum()) == pytest.approx(4 / 3 * np.pi * 9 * 12 * 16, rel=0.03)
    whole = solid.level(GRID, (slice(None), slice(None), slice(None))) < 0
    assert whole.sum() == mask.sum()


def test_waves_move_the_surface_and_stay_inside_the_box() -> None:
    rng = np.random.default_rng(4)
    solid = Ellipsoid(centre_mm=(0.0, 0.0, 0.0), radii_mm=(10.0, 10.0, 10.0), waves=random_waves(rng, 0.2))
    smooth = Ellipsoid(centre_mm=(0.0, 0.0, 0.0), radii_mm=(10.0, 10.0, 10.0))
    whole = solid.level(GRID, (slice(None), slice(None), slice(None))) < 0
    even = smooth.level(GRID, (slice(None), slice(None), slice(None))) < 0
    assert whole.sum() == solid.inside(GRID)[1].sum()
    assert 0.02 < (whole != even).sum() / even.sum() < 0.8


@pytest.mark.parametrize("diameter", [4.0, 6.0, 12.0, 20.0])
def test_a_ball_fills_voxels_by_their_share(diameter: float) -> None:
    _, share = ball(GRID, (0.4, -0.3, 0.2), diameter, samples=7)
    assert volume_mm3(share.sum(dtype=np.float64)) == pytest.approx(np.pi / 6 * diameter**3, rel=0.02)
    assert share[(share > 0) & (share < 1)].size > 0


def test_what_lies_outside_the_volume_gives_an_empty_box() -> None:
    where, mask = Ellipsoid(centre_mm=(500.0, 0.0, 0.0), radii_mm=(5.0, 5.0, 5.0)).inside(GRID)
    assert mask.size == 0
    assert np.zeros(GRID.shape)[where].size == 0


def test_a_leaning_tube_moves_by_its_slope_and_is_cut_as_an_ellipse() -> None:
    tube = Tube(centre_mm=(0.0, 0.0), slope=(0.5, 0.0), radius_mm=5.0, span_mm=(-20.0, 20.0))
    cuts = tube.crossings(GRID)
    assert len(cuts) == 20
    for (_, rows, columns), mask in cuts:
        assert mask.sum() == pytest.approx(np.pi * 25 * np.sqrt(1.25), rel=0.06)
        assert columns.stop - columns.start <= rows.stop - rows.start + 1
    first, last = (GRID.axis_mm(1)[where[1]].mean() for where, _ in (cuts[0], cuts[-1]))
    assert last - first == pytest.approx(0.5 * 38, abs=0.6)


def test_axes_are_orthonormal() -> None:
    axes = random_axes(np.random.default_rng(0))
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-5)


def test_a_beam_crosses_an_ellipsoid_along_its_depth() -> None:
    detector = Detector(size=101, pixel_mm=1.0)
    length = ellipsoid(detector, (0.0, 0.0), (20.0, 30.0), 40.0)
    assert length[50, 50] == pytest.approx(40)
    assert length.sum(dtype=np.float64) == pytest.approx(4 / 3 * np.pi * 20 * 30 * 20, rel=0.01)


def test_a_beam_crosses_a_rod_along_its_chord_and_rods_do_not_add_where_they_meet() -> None:
    detector, way = Detector(size=101, pixel_mm=1.0), np.zeros((101, 101), np.float32)
    add_rod(way, detector, ((0.0, -60.0), (0.0, 60.0)), (5.0, 5.0))
    once = way.copy()
    add_rod(way, detector, ((0.0, -60.0), (0.0, 60.0)), (5.0, 5.0))
    assert once[50] == pytest.approx(10)
    assert once[53, 50] == pytest.approx(8)
    assert once[56].max() == 0
    assert np.array_equal(way, once)
