"""MR noise: Rician mean, colour, gain, pairing."""

import math

import numpy as np
import pytest

from restoration.physics.mr_noise import Acquisition, acquired, smooth_field, white_noise

SHAPE = (160, 160)
RNG_SEED = 3


def measured(level: float, how: Acquisition) -> np.ndarray:
    noise = white_noise(SHAPE, np.random.default_rng(RNG_SEED))
    return acquired(np.full(SHAPE, level, np.float32), how, noise)


def test_without_noise_and_with_all_of_k_space_the_picture_comes_back() -> None:
    picture = np.random.default_rng(0).uniform(0, 1, SHAPE).astype(np.float32)
    assert np.allclose(acquired(picture, Acquisition(sigma=0.1), None), picture, atol=1e-6)


def test_zero_sigma_is_no_noise() -> None:
    assert np.allclose(measured(0.5, Acquisition(sigma=0.0)), 0.5, atol=1e-6)


@pytest.mark.parametrize("fill", [(1.0, 1.0), (0.6, 0.8)], ids=["full", "interpolated"])
def test_background_is_rayleigh(fill: tuple[float, float]) -> None:
    background = measured(0.0, Acquisition(sigma=0.05, fill=fill))
    assert background.mean() == pytest.approx(0.05 * math.sqrt(math.pi / 2), rel=0.02)
    assert background.std() == pytest.approx(0.05 * math.sqrt(2 - math.pi / 2), rel=0.05)


def test_bright_signal_is_lifted_by_half_the_variance() -> None:
    bright = measured(0.5, Acquisition(sigma=0.05))
    assert bright.mean() == pytest.approx(0.5 + 0.05**2 / (2 * 0.5), abs=0.001)
    assert bright.std() == pytest.approx(0.05, rel=0.03)


def test_unmeasured_k_space_stays_empty() -> None:
    picture = measured(0.5, Acquisition(sigma=0.01, fill=(0.5, 1.0)))
    power = np.abs(np.fft.fft2(picture - picture.mean())) ** 2
    frequency = np.abs(np.fft.fftfreq(SHAPE[0])) * 2
    assert power[frequency > 0.55].mean() < 0.02 * power[frequency < 0.45].mean()


def test_gain_amplifies_the_noise_where_it_is_large() -> None:
    gain = np.ones(SHAPE, np.float32)
    gain[:, 80:] = 3
    picture = measured(0.8, Acquisition(sigma=0.02, gain=gain))
    assert picture[:, 80:].std() == pytest.approx(3 * picture[:, :80].std(), rel=0.1)


def test_phase_does_not_change_a_noise_free_magnitude() -> None:
    phase = smooth_field(SHAPE, np.random.default_rng(1)) * np.float32(2)
    picture = np.full(SHAPE, 0.7, np.float32)
    assert np.allclose(acquired(picture, Acquisition(sigma=0, phase=phase), None), picture, atol=1e-5)


def test_a_taper_softens() -> None:
    picture = np.zeros(SHAPE, np.float32)
    picture[80, 80] = 1
    sharp, soft = (acquired(picture, Acquisition(sigma=0, taper=taper), None) for taper in (0.0, 1.0))
    assert soft.max() < sharp.max()


def test_the_same_noise_twice_makes_paired_measurements() -> None:
    noise = white_noise(SHAPE, np.random.default_rng(2))
    bare = np.full(SHAPE, 0.6, np.float32)
    full = bare.copy()
    full[60:100, 60:100] += 0.1
    moved = acquired(full, Acquisition(sigma=0.05), noise) - acquired(bare, Acquisition(sigma=0.05), noise)
    assert moved[70:90, 70:90].mean() == pytest.approx(0.1, abs=0.003)
    assert np.abs(moved[:40]).max() < 1e-6


def test_a_smooth_field_is_smooth_and_bounded() -> None:
    field = smooth_field(SHAPE, np.random.default_rng(4))
    assert np.abs(field).max() == pytest.approx(1, abs=1e-5)
    assert np.abs(np.diff(field, axis=0)).max() < 0.15
