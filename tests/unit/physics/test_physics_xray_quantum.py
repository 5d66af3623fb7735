"""X-ray quantum noise: dose law, mean, spectrum against the MTF, electronics, what a measured picture lacks."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from restoration.physics.degradation import ParameterError
from restoration.physics.xray_quantum import GAUSSIAN_FROM, XrayQuantum

FLAT = torch.ones(256, 256)
PLAIN = XrayQuantum(dose=1.0, quanta_at_unit=1000.0, electronic=0.0, blur_pixels=0.0)


def deviation(picture: torch.Tensor) -> float:
    return float(picture.std())


@pytest.mark.parametrize("quanta", [20.0, 1000.0], ids=["Poisson", "Gaussian"])
@pytest.mark.parametrize("dose", [1.0, 0.5, 0.1])
def test_noise_follows_one_over_square_root_of_dose(quanta: float, dose: float) -> None:
    assert (quanta < GAUSSIAN_FROM) == (quanta == 20.0)
    noisy = replace(PLAIN, dose=dose, quanta_at_unit=quanta)(FLAT)
    assert deviation(noisy) == pytest.approx(1 / math.sqrt(dose * quanta), rel=0.02)
    assert float(noisy.mean()) == pytest.approx(1, abs=4 * deviation(noisy) / 256)


def test_variance_is_in_proportion_to_exposure() -> None:
    bright = replace(PLAIN, seed=1)(4 * FLAT)
    assert deviation(bright) == pytest.approx(2 * deviation(PLAIN(FLAT)), rel=0.02)


@pytest.mark.parametrize("spread", ["gaussian", "lorentzian"])
def test_noise_power_is_counts_times_mtf_squared(spread: str) -> None:
    blurred = replace(PLAIN, blur_pixels=1.0, spread=spread)
    point = torch.zeros(256, 256)
    point[128, 128] = 1.0
    transfer = np.abs(np.fft.fft2(blurred.without_noise(point).numpy()))
    power = np.mean([np.abs(np.fft.fft2(replace(blurred, seed=seed)(FLAT).numpy() - 1)) ** 2 for seed in range(4)], 0)
    expected = transfer**2 * 256**2 / 1000
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(256), np.fft.fftfreq(256)))
    for low, high in ((0.01, 0.1), (0.1, 0.2), (0.2, 0.3)):
        band = (frequency > low) & (frequency < high)
        assert power[band].mean() == pytest.approx(expected[band].mean(), rel=0.05)


def test_both_spreads_have_the_same_half_value_frequency() -> None:
    half = math.sqrt(math.log(2) / 2) / math.pi
    wave = torch.cos(2 * math.pi * half * torch.arange(4096.0)).expand(8, -1)
    for spread in ("gaussian", "lorentzian"):
        shown = replace(PLAIN, blur_pixels=1.0, spread=spread).without_noise(wave)
        assert float(shown[4, 1000:3000].abs().max()) == pytest.approx(0.5, abs=0.01)


def test_electronic_noise_is_white_and_grows_as_one_over_dose() -> None:
    silent = replace(PLAIN, quanta_at_unit=1e6, electronic=5e4, blur_pixels=2.0)
    for dose in (1.0, 0.25):
        noise = replace(silent, dose=dose)(FLAT) - 1
        assert deviation(noise) == pytest.approx(0.05 / dose, rel=0.02)
        assert abs(float((noise[:, 1:] * noise[:, :-1]).mean() / noise.var())) < 0.02


def test_blur_keeps_the_mean() -> None:
    ramp = torch.linspace(0.5, 1.5, 256).expand(256, -1)
    shown = replace(PLAIN, blur_pixels=1.5).without_noise(ramp)
    assert torch.allclose(shown[:, 20:-20], ramp[:, 20:-20], atol=1e-5)
    assert float(shown.mean()) == pytest.approx(1, abs=1e-5)


def test_scatter_adds_noise_and_no_light() -> None:
    scattered = replace(PLAIN, scatter=1.0)(FLAT)
    assert deviation(scattered) == pytest.approx(math.sqrt(2) * deviation(PLAIN(FLAT)), rel=0.02)
    assert float(scattered.mean()) == pytest.approx(1, abs=1e-3)


def test_scatter_reaches_from_the_bright_into_the_dark() -> None:
    half = torch.where(torch.arange(256) < 128, 1.0, 0.01).expand(256, -1)
    near, far = (
        replace(PLAIN, scatter=1.0, scatter_pixels=20.0)(half)[:, part] for part in (slice(132, 140), slice(230, 256))
    )
    assert deviation(near) > 2 * deviation(far)


def test_a_measured_picture_at_full_dose_stays_as_it_is() -> None:
    picture = torch.rand(2, 32, 48) + 0.5
    full = replace(PLAIN, truth="measured", electronic=5.0, blur_pixels=1.0, scatter=0.5)
    assert torch.equal(full(picture), picture)


@pytest.mark.parametrize("dose", [0.5, 0.1])
def test_a_measured_picture_ends_with_the_noise_of_the_lower_dose(dose: float) -> None:
    how = replace(PLAIN, quanta_at_unit=400.0, electronic=10.0, blur_pixels=0.6)
    at_full = how(FLAT)
    lowered = replace(how, dose=dose, truth="measured", seed=5)(at_full)
    assert deviation(lowered) == pytest.approx(deviation(replace(how, dose=dose, seed=9)(FLAT)), rel=0.03)


def test_the_gradient_passes_through_the_mean() -> None:
    truth = torch.ones(8, 8, dtype=torch.float64, requires_grad=True)
    replace(PLAIN, dose=0.2, truth="measured")(truth).sum().backward()
    assert truth.grad is not None
    assert torch.equal(truth.grad, torch.ones_like(truth))


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (2, 1, 7, 1), (1, 3, 40, 41)], ids=str)
def test_any_shape_is_kept(shape: tuple[int, ...]) -> None:
    noisy = XrayQuantum(dose=0.5, quanta_at_unit=100.0, blur_pixels=1.0, scatter=0.3)(torch.ones(shape))
    assert noisy.shape == shape
    assert noisy.isfinite().all()


@pytest.mark.parametrize(
    "change", [{"dose": 0.0}, {"dose": 1.5}, {"quanta_at_unit": 0.0}, {"electronic": -1.0}, {"scatter": -0.1}], ids=str
)
def test_impossible_parameters_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        replace(PLAIN, **change)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_the_mean_on_a_gpu_is_that_of_the_cpu() -> None:
    picture = torch.rand(64, 64) + 0.5
    how = replace(PLAIN, blur_pixels=1.0)
    assert torch.allclose(how.without_noise(picture.cuda()).cpu(), how.without_noise(picture), atol=1e-5)
    assert deviation(how(FLAT.cuda())) == pytest.approx(deviation(how(FLAT)), rel=0.03)
