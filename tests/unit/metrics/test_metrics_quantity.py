"""Quantities whose bias is known."""

import numpy as np
import pytest

from restoration.errors import InputError
from restoration.metrics.quantity import band_bias, contrast, contrast_change, floor_bias, uptake, uptake_bias

SPACING = (3.0, 2.0, 2.0)
PLANES, ROWS, COLUMNS = np.indices((24, 40, 40))
DISTANCE = np.sqrt(((PLANES - 12) * 3.0) ** 2 + ((ROWS - 20) * 2.0) ** 2 + ((COLUMNS - 20) * 2.0) ** 2)
SPHERE = DISTANCE < 10
HOT = np.where(SPHERE, 8, 1).astype(np.float32)


def test_a_uniform_sphere_has_one_uptake() -> None:
    found = uptake(HOT, SPHERE, spacing_mm=SPACING)
    assert (found.maximum, found.mean) == (8, 8) and found.peak == pytest.approx(8)


def test_noise_raises_the_maximum_and_hardly_the_peak_or_the_mean() -> None:
    noisy = HOT + np.random.default_rng(0).normal(0, 1, HOT.shape).astype(np.float32)
    bias = uptake_bias(noisy, HOT, SPHERE, spacing_mm=SPACING)
    assert bias.maximum > 0.2 and abs(bias.mean) < 0.03 and 0 < bias.peak < 0.1


@pytest.mark.parametrize("factor", [0.97, 1.05], ids=["lost", "gained"])
def test_a_scaled_volume_has_its_factor_as_bias(factor: float) -> None:
    bias = uptake_bias(HOT * np.float32(factor), HOT, SPHERE, spacing_mm=SPACING)
    assert (bias.maximum, bias.mean, bias.peak) == pytest.approx((factor - 1,) * 3, abs=1e-5)


def test_a_lesion_at_the_border_is_measured_too() -> None:
    edge = np.zeros_like(SPHERE)
    edge[0, 0, 0] = True
    assert uptake(HOT, edge, spacing_mm=SPACING).peak == pytest.approx(1)
    with pytest.raises(InputError):
        uptake(HOT, np.zeros_like(SPHERE), spacing_mm=SPACING)


def test_a_band_is_chosen_by_the_truth() -> None:
    truth = np.array([[-800, -100, 40, 60]], np.float32)
    answer = truth + np.array([[300, 0, 2, 4]], np.float32)
    bands = {"lung": (-950.0, -500.0), "soft": (0.0, 100.0), "bone": (200.0, 3000.0)}
    assert band_bias(answer, truth, bands) == {"lung": 300, "soft": 3}
    assert band_bias(answer, truth, bands, where=truth < 50) == {"lung": 300, "soft": 2}


def test_the_floor_of_a_magnitude_is_that_of_rayleigh() -> None:
    rng, sigma = np.random.default_rng(1), 12.0
    magnitude = np.hypot(*rng.normal(0, sigma, (2, 256, 256))).astype(np.float32)
    found = floor_bias(magnitude, np.zeros_like(magnitude), np.ones(magnitude.shape, bool), bright=400.0)
    assert found == pytest.approx(sigma * np.sqrt(np.pi / 2) / 400, rel=0.01)


def test_the_contrast_of_a_lesion_and_its_change() -> None:
    inside, ring = DISTANCE < 8, (DISTANCE > 12) & (DISTANCE < 20)
    assert contrast(HOT, inside, ring) == 7
    assert contrast_change(np.ones_like(HOT), HOT, inside, ring) == -1
    assert contrast_change(HOT, HOT, inside, ring) == 0
