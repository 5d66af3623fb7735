"""Model observers on signals and noise whose detectability is known."""

import numpy as np
import numpy.typing as npt
import pytest

from restoration.errors import InputError
from restoration.metrics.nps import RadialSpectrum
from restoration.metrics.observer import (
    DiscSignal,
    channelised_hotelling,
    detectability_change,
    laguerre_gauss,
    non_prewhitening,
    prewhitening,
)
from restoration.metrics.ttf import TaskTransfer

Stack = npt.NDArray[np.float32]

SIDE, PIXEL_MM, WIDTH_MM, SIGMA = 48, 0.7, 9.0, 25.0
AXIS = (np.arange(SIDE) - (SIDE - 1) / 2) * PIXEL_MM
RADIUS_SQUARED = AXIS[:, None] ** 2 + AXIS**2
GAUSSIAN = np.exp(-np.pi * RADIUS_SQUARED / WIDTH_MM**2).astype(np.float32)
"""A signal that the first channel holds altogether: its d′ in white noise has no loss."""


def noise(pairs: int, seed: int) -> Stack:
    return np.random.default_rng(seed).normal(0, SIGMA, (pairs, SIDE, SIDE)).astype(np.float32)


def measured(present: Stack, absent: Stack):
    return channelised_hotelling(present, absent, pixel_mm=PIXEL_MM, width_mm=WIDTH_MM)


def test_channels_are_orthonormal() -> None:
    flat = laguerre_gauss(96, pixel_mm=0.5, width_mm=8.0).reshape(6, -1)
    assert flat @ flat.T == pytest.approx(np.eye(6), abs=1e-3)


def test_a_matched_signal_in_white_noise_has_its_known_detectability() -> None:
    contrast = 2.5
    known = contrast * np.sqrt((GAUSSIAN**2).sum()) / SIGMA
    found = [measured(contrast * GAUSSIAN + noise(400, 2 * seed), noise(400, 2 * seed + 1)) for seed in range(4)]
    assert np.mean([one.d_prime for one in found]) == pytest.approx(known, rel=0.06)
    low, high = found[0].interval
    assert low < known < high and found[0].pairs == 400
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt((2 + known**2 / 4) / 400), rel=0.3)


@pytest.mark.parametrize("paired", [False, True], ids=["independent", "same-noise"])
def test_few_pictures_do_not_flatter(paired: bool) -> None:
    known = 4 * np.sqrt((GAUSSIAN**2).sum()) / SIGMA
    found = [
        measured(4 * GAUSSIAN + noise(60, 2 * seed), noise(60, 2 * seed if paired else 2 * seed + 1)).d_prime
        for seed in range(12)
    ]
    assert np.mean(found) == pytest.approx(known, rel=0.1)


def test_no_signal_is_not_detected() -> None:
    found = measured(noise(200, 0), noise(200, 1))
    assert found.d_prime < 0.35 and found.interval[0] <= 0.2


def test_a_scaled_answer_is_as_detectable_as_its_input() -> None:
    present, absent = 4 * GAUSSIAN + noise(100, 0), noise(100, 1)
    before, after = measured(present, absent), measured(present * np.float32(0.4), absent * np.float32(0.4))
    change = detectability_change(before, after)
    assert change.mean == pytest.approx(0, abs=1e-4) and change.n == 100
    assert change.interval == pytest.approx((0, 0), abs=1e-3)


def test_an_answer_that_erases_most_of_the_signal_loses_most_of_the_detectability() -> None:
    present, absent = 4 * GAUSSIAN + noise(100, 0), noise(100, 1)
    before, after = measured(present, absent), measured(present - np.float32(3) * GAUSSIAN, absent)
    change = detectability_change(before, after)
    assert change.mean == pytest.approx(-0.75 * before.d_prime, rel=0.15)
    assert change.interval is not None and change.interval[1] < -0.5


def test_unequal_or_few_stacks_are_refused() -> None:
    with pytest.raises(InputError):
        measured(noise(40, 0), noise(41, 1))
    with pytest.raises(InputError):
        measured(noise(20, 0), noise(20, 1))
    with pytest.raises(InputError):
        detectability_change(measured(noise(40, 0), noise(40, 1)), measured(noise(50, 0), noise(50, 1)))


FREQUENCY = np.arange(1, 129) / (128 * 2 * 0.35)
WHITE = RadialSpectrum(frequency=FREQUENCY, power=np.full(128, SIGMA**2 * PIXEL_MM**2))


def test_a_disc_in_white_noise_has_its_known_detectability() -> None:
    signal = DiscSignal(contrast=20.0, diameter_mm=8.0)
    known = 20 * np.sqrt(np.pi * 4**2 / (SIGMA * PIXEL_MM) ** 2)
    assert prewhitening(signal, WHITE) == pytest.approx(known, rel=0.03)
    assert non_prewhitening(signal, WHITE) == pytest.approx(known, rel=0.03)


def test_only_the_prewhitening_observer_profits_from_coloured_noise() -> None:
    signal = DiscSignal(contrast=20.0, diameter_mm=8.0)
    coloured = RadialSpectrum(frequency=FREQUENCY, power=WHITE.power * (0.05 + FREQUENCY))
    assert prewhitening(signal, coloured) > 1.02 * non_prewhitening(signal, coloured)


def test_a_blur_of_signal_and_noise_alike_changes_nothing_for_the_ideal_observer() -> None:
    signal = DiscSignal(contrast=20.0, diameter_mm=8.0)
    blur = np.exp(-2 * (np.pi * 0.6 * FREQUENCY) ** 2)
    blurred = RadialSpectrum(frequency=FREQUENCY, power=WHITE.power * blur**2)
    transfer = TaskTransfer(frequency=np.r_[0, FREQUENCY], transfer=np.r_[1, blur])
    assert prewhitening(signal, blurred, transfer) == pytest.approx(prewhitening(signal, WHITE), rel=1e-6)
