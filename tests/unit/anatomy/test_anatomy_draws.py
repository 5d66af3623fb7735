"""Anatomy to train on: shapes, units, ranges, repeatability, and draws that must not change."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from restoration.anatomy.ct import ct_anatomy, ct_anatomy_volume, ct_head
from restoration.anatomy.mr import mr_anatomy, mr_anatomy_volume
from restoration.anatomy.pet import pet_anatomy_volume
from restoration.anatomy.shapes.leaves import texture
from restoration.anatomy.xray import xray_anatomy

FloatArray = npt.NDArray[np.float32]
Draw = Callable[[np.random.Generator], FloatArray]

CT_ROW = (-1000.0, -1000.0, 47.5105, -74.7536, -890.0620, 13.7453, 8.5806, -1000.0)
MR_ROW = (0.0, 0.27134, 0.46281, 0.02239, 0.01726, 0.67131, 0.48908, 0.08248)

DRAWS = [
    pytest.param(lambda rng: ct_anatomy(96, rng), (96, 96), id="ct"),
    pytest.param(lambda rng: mr_anatomy(96, rng), (96, 96), id="mr"),
    pytest.param(lambda rng: xray_anatomy(96, rng), (96, 96), id="xray"),
    pytest.param(lambda rng: ct_anatomy_volume(4, 64, rng, spacing_mm=(2.0, 4.0, 4.0)), (4, 64, 64), id="ct volume"),
    pytest.param(lambda rng: ct_head(160, rng, pixel_mm=1.5), (160, 160), id="ct head"),
    pytest.param(lambda rng: mr_anatomy_volume(6, 96, rng, spacing_mm=(3.0, 2.0, 2.0)), (6, 96, 96), id="mr volume"),
    pytest.param(lambda rng: pet_anatomy_volume(9, 80, rng, spacing_mm=(4.0, 5.0, 5.0)), (9, 80, 80), id="pet volume"),
]


@pytest.mark.parametrize(("draw", "shape"), DRAWS)
def test_the_seed_decides(draw: Draw, shape: tuple[int, ...]) -> None:
    first, again, other = (draw(np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.shape == shape
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize(("draw", "row"), [(ct_anatomy, CT_ROW), (mr_anatomy, MR_ROW)], ids=["ct", "mr"])
def test_slices_are_drawn_as_they_always_were(draw: Callable[..., FloatArray], row: tuple[float, ...]) -> None:
    assert draw(96, np.random.default_rng(1))[48, ::12] == pytest.approx(row, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("seed", range(3))
def test_a_ct_slice_is_a_body_in_air(seed: int) -> None:
    picture = ct_anatomy(128, np.random.default_rng(seed))
    assert picture[0, 0] == pytest.approx(-1000, abs=1)
    assert 0.2 < (picture > -900).mean() < 0.9


@pytest.mark.parametrize("seed", [1, 2, 4])
def test_a_ct_head_is_brain_in_bone_in_scalp_in_air(seed: int) -> None:
    picture = ct_head(160, np.random.default_rng(seed), pixel_mm=1.5)
    assert picture[0, 0] == pytest.approx(-1000, abs=1)
    bone = np.argwhere(picture > 500)
    assert len(bone) > 200
    around = picture[bone[:, 0].min() - 6 : bone[:, 0].min(), bone[:, 1].min() : bone[:, 1].max()]
    assert ((around > -200) & (around < 100)).any()


@pytest.mark.parametrize("seed", range(3))
def test_a_ct_volume_is_a_body_in_air_with_organs_within_the_ct_range(seed: int) -> None:
    volume = ct_anatomy_volume(3, 96, np.random.default_rng(seed), spacing_mm=(2.7, 2.7, 2.7))
    assert volume[:, 0, 0] == pytest.approx(-1000, abs=1)
    assert volume.min() >= -1000.1
    assert volume.max() < 3000
    assert 0.2 < (volume > -900).mean() < 0.9
    tissue = volume[(volume > -150) & (volume < 200)]
    assert tissue.size > 0.1 * volume.size
    assert tissue.std() > 20


@pytest.mark.parametrize("seed", range(4))
def test_mr_is_never_negative_and_dark_outside(seed: int) -> None:
    volume = mr_anatomy_volume(4, 128, np.random.default_rng(seed), spacing_mm=(5.0, 1.7, 1.7))
    assert volume.min() >= 0
    assert 0.5 < volume.max() < 1.7
    assert volume[:, 0, 0].max() < 0.05


def test_mr_slices_are_never_negative() -> None:
    picture = mr_anatomy(128, np.random.default_rng(0))
    assert picture.min() >= 0
    assert 0.5 < picture.max() < 1.5


@pytest.mark.parametrize("seed", range(3))
def test_pet_has_a_warm_body_and_hotter_places(seed: int) -> None:
    volume = pet_anatomy_volume(24, 96, np.random.default_rng(seed), spacing_mm=(4.0, 5.0, 5.0))
    body = volume[volume > 500]
    assert volume.min() >= 0
    assert volume[:, 0, 0].max() < 1
    assert 1000 < np.median(body) < 40_000
    assert volume.max() > 3 * np.median(body)


@pytest.mark.parametrize("seed", range(4))
def test_xray_is_positive_and_spans_the_range_of_a_detector(seed: int) -> None:
    picture = xray_anatomy(192, np.random.default_rng(seed))
    low, high = np.percentile(picture, (2, 98))
    assert picture.min() > 0
    assert picture.max() < 1.6
    assert low < 0.35
    assert high / low > 2.5


def test_texture_has_unit_spread_and_no_mean() -> None:
    picture = texture(64, 1.5, np.random.default_rng(0))
    assert picture.std() == pytest.approx(1, abs=1e-3)
    assert abs(float(picture.mean())) < 1e-5
