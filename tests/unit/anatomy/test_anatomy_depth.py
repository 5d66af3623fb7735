"""Volumes hang together: neighbouring slices resemble each other, the less the farther apart they are [mm]."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from restoration.anatomy.ct import ct_anatomy_volume
from restoration.anatomy.mr import mr_anatomy_volume
from restoration.anatomy.pet import pet_anatomy_volume
from restoration.anatomy.shapes.grid import Grid, layers_for, thick
from restoration.anatomy.shapes.leaves import texture_volume

FloatArray = npt.NDArray[np.float32]


def resemblance(volume: FloatArray, apart: int) -> float:
    """Return the mean correlation of slices that far apart, within what is never empty."""
    body = (volume > volume.min() + 1).all(axis=0) if volume.min() < -500 else (volume > 0.01).all(axis=0)
    pairs = zip(volume[:-apart], volume[apart:], strict=True)
    return float(np.mean([np.corrcoef(first[body], second[body])[0, 1] for first, second in pairs]))


@pytest.mark.parametrize(
    ("draw", "spacing_mm"),
    [(ct_anatomy_volume, (1.5, 2.4, 2.4)), (mr_anatomy_volume, (1.0, 2.0, 2.0)), (pet_anatomy_volume, (3.0, 4.0, 4.0))],
    ids=["ct", "mr", "pet"],
)
def test_resemblance_falls_smoothly(draw: Callable[..., FloatArray], spacing_mm: tuple[float, float, float]) -> None:
    volume = draw(20, 96, np.random.default_rng(5), spacing_mm=spacing_mm)
    falling = [resemblance(volume, apart) for apart in (1, 2, 4, 8, 15)]
    assert falling[0] > 0.8
    assert falling == sorted(falling, reverse=True)
    assert falling[0] - falling[1] < 0.2
    assert falling[-1] < falling[0] - 0.05


def test_thin_slices_resemble_their_neighbours_more_than_thick_ones() -> None:
    thin, coarse = (
        ct_anatomy_volume(8, 96, np.random.default_rng(3), spacing_mm=(depth, 2.4, 2.4)) for depth in (1.0, 6.0)
    )
    assert resemblance(thin, 1) > resemblance(coarse, 1) + 0.05


def test_structure_changes_through_slices_as_it_does_within_them() -> None:
    volume = ct_anatomy_volume(24, 96, np.random.default_rng(2), spacing_mm=(2.5, 2.5, 2.5))
    middle = volume[:, 36:60, 36:60].astype(np.float64)
    steps = [np.abs(np.diff(middle, axis=axis)).mean() for axis in range(3)]
    assert 0.5 < steps[0] / np.mean(steps[1:]) < 1.6


def test_texture_is_equally_rough_along_millimetres() -> None:
    grid = Grid(shape=(32, 64, 64), spacing_mm=(4.0, 2.0, 2.0))
    volume = texture_volume(grid, 2.0, np.random.default_rng(0))
    through, within = np.diff(volume, axis=0).std(), (volume[:, 2:] - volume[:, :-2]).std()
    assert volume.std() == pytest.approx(1, abs=1e-3)
    assert through / within == pytest.approx(1, abs=0.15)


@pytest.mark.parametrize(
    ("spacing_mm", "layers"),
    [((0.7, 0.7, 0.7), 1), ((1.25, 0.7, 0.7), 2), ((5.0, 0.7, 0.7), 5), ((0.5, 2.0, 2.0), 1)],
    ids=["isotropic", "thin", "thick, bounded", "thinner than wide"],
)
def test_slices_are_cut_into_layers_as_thick_as_pixels(spacing_mm: tuple[float, float, float], layers: int) -> None:
    assert layers_for(spacing_mm) == layers


def test_layers_average_to_slices_in_the_same_place() -> None:
    grid = Grid(shape=(3, 2, 2), spacing_mm=(3.0, 1.0, 1.0))
    fine = grid.layered(3)
    heights = np.broadcast_to(fine.axis_mm(0)[:, None, None], fine.shape).astype(np.float32)
    assert fine.extent_mm == grid.extent_mm
    assert thick(heights, 3)[:, 0, 0] == pytest.approx(grid.axis_mm(0))
