"""Figures of merit on pictures whose answer is known."""

import math

import numpy as np
import pytest

from restoration.anatomy.discs import disc_body
from restoration.metrics.contrast import noise_at, noise_left, recovery
from restoration.metrics.fidelity import bias, psnr, ssim
from restoration.metrics.nps import radial_spectrum

WINDOW = (-160.0, 240.0)
ALL = np.ones((64, 64), bool)
TRUTH = np.random.default_rng(0).uniform(-100, 200, (64, 64)).astype(np.float32)
PHANTOM = disc_body(np.random.default_rng(0), level=50, outside=-1000, contrast=20, pixel_mm=0.7)


@pytest.mark.parametrize(("offset", "decibel"), [(4.0, 40.0), (40.0, 20.0)], ids=["one-percent", "ten-percent"])
def test_psnr_counts_against_the_width_of_the_window(offset: float, decibel: float) -> None:
    flat = np.zeros((64, 64), np.float32)
    assert psnr(flat + np.float32(offset), flat, WINDOW, ALL) == pytest.approx(decibel, abs=1e-3)


def test_the_truth_itself_is_perfect() -> None:
    assert psnr(TRUTH, TRUTH, WINDOW, ALL) == math.inf
    assert ssim(TRUTH, TRUTH, WINDOW, ALL) == pytest.approx(1)
    assert bias(TRUTH, TRUTH, ALL) == 0


def test_what_lies_outside_the_window_or_the_mask_does_not_count() -> None:
    answer, truth = np.full((64, 64), 900, np.float32), np.full((64, 64), 300, np.float32)
    assert psnr(answer, truth, WINDOW, ALL) == math.inf
    inner = ALL.copy()
    inner[:, :32] = False
    wrong = TRUTH.copy()
    wrong[:, :32] += 50
    assert psnr(wrong, TRUTH, WINDOW, inner) == math.inf


def test_noise_lowers_ssim_and_leaves_bias() -> None:
    noisy = TRUTH + np.random.default_rng(1).normal(3, 40, TRUTH.shape).astype(np.float32)
    assert ssim(noisy, TRUTH, WINDOW, ALL) < 0.95
    assert bias(noisy, TRUTH, ALL) == pytest.approx(3, abs=3)


@pytest.mark.parametrize("share", [1.0, 0.5, 0.0], ids=["all", "half", "erased"])
def test_recovery_is_the_share_of_the_discs_that_comes_out(share: float) -> None:
    answer = PHANTOM.bare + np.float32(share) * (PHANTOM.full - PHANTOM.bare)
    found = recovery(answer, PHANTOM.bare, PHANTOM)
    assert list(found) == [4.0, 6.0, 8.0, 12.0]
    assert all(value == pytest.approx(share, abs=1e-3) for value in found.values())


def test_recovery_does_not_see_noise_that_both_pictures_share() -> None:
    noise = np.random.default_rng(2).normal(0, 40, PHANTOM.bare.shape).astype(np.float32)
    found = recovery(PHANTOM.full + noise, PHANTOM.bare + noise, PHANTOM)
    assert all(value == pytest.approx(1, abs=1e-3) for value in found.values())


def test_noise_left_is_the_error_without_discs() -> None:
    noise = np.random.default_rng(3).normal(0, 7, PHANTOM.bare.shape).astype(np.float32)
    assert noise_left(PHANTOM.bare + noise, PHANTOM) == pytest.approx(7, rel=0.02)


@pytest.mark.parametrize(
    ("target", "noise"), [(0.9, 15.0), (0.8, 10.0), (0.5, None), (1.01, None)], ids=["between", "at", "below", "above"]
)
def test_noise_at_a_recovery_is_interpolated_and_never_extrapolated(target: float, noise: float | None) -> None:
    assert noise_at(target, [1.0, 0.8, 0.6], [20.0, 10.0, 5.0]) == (None if noise is None else pytest.approx(noise))


def test_the_spectrum_of_white_noise_is_flat_and_holds_its_variance() -> None:
    noise = np.random.default_rng(4).normal(0, 10, (256, 256)).astype(np.float32)
    spectrum = radial_spectrum(noise, np.ones((256, 256), bool), 0.5)
    assert spectrum is not None
    assert spectrum.power.mean() / 0.5**2 == pytest.approx(100, rel=0.05)
    assert spectrum.power[3:].std() < 0.15 * spectrum.power.mean()


def test_smooth_noise_has_a_lower_mean_frequency() -> None:
    noise = np.random.default_rng(5).normal(0, 10, (256, 256)).astype(np.float32)
    smooth = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1) + np.roll(noise, (1, 1), (0, 1))) / 4
    where = np.ones((256, 256), bool)
    fine, coarse = radial_spectrum(noise, where, 0.5), radial_spectrum(smooth, where, 0.5)
    assert fine is not None
    assert coarse is not None
    assert coarse.mean_frequency < 0.7 * fine.mean_frequency


def test_no_region_no_spectrum() -> None:
    assert radial_spectrum(TRUTH, ~ALL, 0.5) is None
