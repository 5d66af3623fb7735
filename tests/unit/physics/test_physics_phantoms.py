"""Phantoms: ranges, repeatability, discs."""

import numpy as np
import pytest

from restoration.physics.phantoms import DIAMETERS_MM, ct_anatomy, disc_body, mr_anatomy, texture


def test_ct_anatomy_is_a_body_in_air() -> None:
    picture = ct_anatomy(128, np.random.default_rng(0))
    assert picture.shape == (128, 128)
    assert picture.dtype == np.float32
    assert picture[0, 0] == pytest.approx(-1000, abs=1)
    assert 0.2 < (picture > -900).mean() < 0.9


def test_mr_anatomy_is_never_negative() -> None:
    picture = mr_anatomy(128, np.random.default_rng(0))
    assert picture.min() >= 0
    assert 0.5 < picture.max() < 1.5


@pytest.mark.parametrize("draw", [ct_anatomy, mr_anatomy], ids=["ct", "mr"])
def test_the_seed_decides(draw: object) -> None:
    assert callable(draw)
    first, again, other = (draw(96, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_texture_has_unit_spread_and_no_mean() -> None:
    picture = texture(64, 1.5, np.random.default_rng(0))
    assert picture.std() == pytest.approx(1, abs=1e-3)
    assert abs(float(picture.mean())) < 1e-5


def test_discs_are_the_only_difference_and_have_the_contrast() -> None:
    phantom = disc_body(np.random.default_rng(0), level=50, outside=-1000, contrast=20, pixel_mm=0.7)
    moved = phantom.full - phantom.bare
    assert {disc.diameter_mm for disc in phantom.discs} == set(DIAMETERS_MM)
    for index, disc in enumerate(phantom.discs):
        assert moved[disc.ring].mean() == pytest.approx(0, abs=0.05)
        if disc.diameter_mm >= 6:
            assert moved[disc.inside].mean() == pytest.approx(20 if index % 2 == 0 else -20, abs=1)


def test_a_cut_keeps_whole_discs_only() -> None:
    phantom = disc_body(np.random.default_rng(0), level=50, outside=-1000, contrast=20, pixel_mm=0.7)
    part = phantom.cut((slice(128, 384), slice(128, 384)))
    assert part.full.shape == (256, 256)
    assert 0 < len(part.discs) < len(phantom.discs)
    assert all(disc.inside.shape == (256, 256) and disc.inside.any() for disc in part.discs)
