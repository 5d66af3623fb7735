"""Noise made in the picture: strength, spectrum against the projected noise, map of strength."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from restoration.metrics.nps import radial_spectrum
from restoration.physics.ct_dose import LowDose
from restoration.physics.ct_image_noise import CorrelatedNoise, attenuation_map, spectrum_of
from restoration.physics.ct_reconstruction import Kernel
from restoration.physics.degradation import ParameterError

OFFSETS = (torch.arange(192) - 95.5) * 1.4
RADIUS = torch.hypot(OFFSETS[:, None], OFFSETS)
WATER = torch.where(RADIUS < 100, 0.0, -1000.0)
HOW = CorrelatedNoise(sigma=12.0, pixel_mm=1.4)


def added(how: CorrelatedNoise) -> torch.Tensor:
    return how(WATER) - WATER


def test_noise_has_its_strength_and_no_mean() -> None:
    assert float(added(HOW).std()) == pytest.approx(12, rel=0.03)
    assert abs(float(added(HOW).mean())) < 0.01


def test_no_strength_adds_nothing() -> None:
    assert torch.equal(replace(HOW, sigma=0.0)(WATER), WATER)


@pytest.mark.parametrize("shape", [(1, 1), (5, 1), (2, 3, 33, 64)], ids=str)
def test_any_shape_is_kept(shape: tuple[int, ...]) -> None:
    for place in ("even", "attenuation"):
        noisy = replace(HOW, place=place)(torch.zeros(shape))
        assert noisy.shape == shape
        assert noisy.isfinite().all()


def test_noise_power_lies_where_it_is_asked_for() -> None:
    how = CorrelatedNoise(sigma=1.0, pixel_mm=0.7, peak_per_mm=0.3, roll_off=3.0)
    noise = how(torch.zeros(512, 512)).numpy()
    spectrum = radial_spectrum(noise, np.ones((512, 512), bool), 0.7)
    assert spectrum is not None
    wanted = how.power(torch.from_numpy(spectrum.frequency)).numpy()
    shares = spectrum.power / spectrum.power.sum(), wanted / wanted.sum()
    assert np.minimum(*shares).sum() > 0.95
    assert spectrum.frequency[spectrum.power.argmax()] == pytest.approx(0.3, abs=0.05)


@pytest.mark.parametrize(
    "kernel",
    [
        Kernel(cutoff=0.5),
        Kernel(cutoff=0.8),
        Kernel(cutoff=1.0, boost=0.6),
        Kernel(cutoff=0.6, form="butterworth"),
    ],
    ids=["smooth", "soft", "sharp", "butterworth"],
)
def test_the_fitted_spectrum_is_that_of_projected_noise(kernel: Kernel) -> None:
    size, pixel_mm = 256, 0.7
    offsets = torch.arange(size) - (size - 1) / 2
    where = (torch.hypot(offsets[:, None], offsets) < 100).numpy()
    water = torch.zeros(size, size)
    projected = LowDose(dose=0.2, pixel_mm=pixel_mm, kernel=kernel, views=360)(water).numpy()
    peak, roll_off = spectrum_of(kernel, 0.6)
    made = CorrelatedNoise(sigma=1.0, pixel_mm=pixel_mm, peak_per_mm=peak, roll_off=roll_off)(water).numpy()
    first, second = (radial_spectrum(noise, where, pixel_mm) for noise in (projected, made))
    assert first is not None
    assert second is not None
    assert np.minimum(first.power / first.power.sum(), second.power / second.power.sum()).sum() > 0.9
    assert second.mean_frequency == pytest.approx(first.mean_frequency, rel=0.05)


def test_the_map_is_that_of_projected_noise() -> None:
    rounds = [LowDose(dose=0.2, pixel_mm=1.4, cell_mm=1.2, views=120, seed=seed)(WATER) - WATER for seed in range(6)]
    found, said = torch.stack(rounds).square().mean(0), attenuation_map(WATER, 1.4).square()
    body = RADIUS < 98
    for least, most in ((0, 30), (30, 60), (60, 85), (85, 98)):
        ring = (least <= RADIUS) & (most > RADIUS)
        assert float(said[ring].mean()) == pytest.approx(float(found[ring].mean() / found[body].mean()), rel=0.1)


def test_the_map_keeps_the_strength_over_the_body() -> None:
    noise = added(replace(HOW, place="attenuation"))
    assert float(noise[WATER > -500].square().mean().sqrt()) == pytest.approx(12, rel=0.05)
    assert float(attenuation_map(torch.full((40, 56), -1000.0), 1.0).std()) < 1e-3


def test_a_map_of_ones_own_is_followed() -> None:
    strength = torch.where(OFFSETS < 0, 1.0, 5.0)
    noise = HOW.with_map(WATER, strength) - WATER
    assert float(noise[:, :96].std()) == pytest.approx(1, rel=0.1)
    assert float(noise[:, 96:].std()) == pytest.approx(5, rel=0.1)


def test_equal_seeds_give_equal_noise_and_others_another() -> None:
    assert torch.equal(HOW(WATER), HOW(WATER))
    assert not torch.equal(HOW(WATER), replace(HOW, seed=1)(WATER))


@pytest.mark.parametrize("change", [{"sigma": -1.0}, {"pixel_mm": 0.0}, {"peak_per_mm": 0.0}], ids=str)
def test_impossible_parameters_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        replace(HOW, **change)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_follows_the_same_law() -> None:
    assert float((HOW(WATER.cuda()) - WATER.cuda()).std()) == pytest.approx(12, rel=0.03)
    assert torch.allclose(attenuation_map(WATER.cuda(), 1.4).cpu(), attenuation_map(WATER, 1.4), rtol=1e-2)
