"""Texture figures on noise and on patches."""

import math

import numpy as np
import pytest
from scipy import ndimage

from restoration.metrics.nps import RadialSpectrum, radial_spectrum
from restoration.metrics.texture import laplacian_kurtosis, mean_frequency_shift, peak_frequency, shape_distance

ALL = np.ones((256, 256), bool)
NOISE = np.random.default_rng(0).normal(0, 25, (256, 256)).astype(np.float32)
FREQUENCY = np.arange(1, 33) / 64


def spectrum(power: list[float] | np.ndarray) -> RadialSpectrum:
    return RadialSpectrum(frequency=FREQUENCY, power=np.asarray(power, float))


@pytest.mark.parametrize("blur", [0.0, 0.8], ids=["white", "coloured"])
def test_gaussian_noise_has_a_kurtosis_of_three(blur: float) -> None:
    assert laplacian_kurtosis(ndimage.gaussian_filter(NOISE, blur), ALL) == pytest.approx(3, abs=0.25)


def test_patches_raise_the_kurtosis_and_a_flat_picture_has_none() -> None:
    assert laplacian_kurtosis(np.where(ndimage.gaussian_filter(NOISE, 6.0) > 0, NOISE, 0), ALL) > 4.5
    assert math.isnan(laplacian_kurtosis(np.ones_like(NOISE), ALL))


def test_a_blur_makes_the_grain_coarser_and_a_scaling_does_not() -> None:
    before = radial_spectrum(NOISE, ALL, 0.7)
    scaled, blurred = (radial_spectrum(one, ALL, 0.7) for one in (NOISE / 2, ndimage.gaussian_filter(NOISE, 1.0)))
    assert before is not None and scaled is not None and blurred is not None
    assert mean_frequency_shift(before, scaled) == pytest.approx(0, abs=1e-6)
    assert mean_frequency_shift(before, blurred) < -0.3
    assert shape_distance(before, scaled) == pytest.approx(0, abs=1e-6) and 0.3 < shape_distance(before, blurred) < 1


def test_spectra_without_a_common_frequency_are_one_apart() -> None:
    low, high = np.zeros(32), np.zeros(32)
    low[3], high[20] = 1, 5
    assert shape_distance(spectrum(low), spectrum(high)) == 1
    assert peak_frequency(spectrum(high)) == FREQUENCY[20]
