"""MR noise: Rician moments, colour, gain, pairing, records."""

import math

import pytest
import torch
from scipy import stats

from restoration.physics.degradation import ParameterError, record
from restoration.physics.mr_noise import Measurement, SmoothPhase, ThermalNoise, measured
from restoration.physics.mr_truncation import Truncation

SHAPE = (192, 192)


def flat(level: float, how: Measurement) -> torch.Tensor:
    return how(torch.full(SHAPE, level))


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def test_without_noise_and_with_all_of_k_space_the_picture_comes_back() -> None:
    truth = picture(3, 40, 51)
    assert torch.allclose(Measurement(seed=1, sigma=0.0)(truth), truth, atol=1e-6)


@pytest.mark.parametrize("fill", [(1.0, 1.0), (0.6, 0.8)], ids=["full", "interpolated"])
@pytest.mark.parametrize("ratio", [0.0, 1.0, 3.0, 10.0], ids="signal-to-noise {}".format)
def test_mean_and_variance_are_those_of_rice(ratio: float, fill: tuple[float, float]) -> None:
    sigma = 0.05
    shown = flat(ratio * sigma, Measurement(seed=3, sigma=sigma, fill=fill))
    rice = stats.rice(ratio, scale=sigma) if ratio else stats.rayleigh(scale=sigma)
    assert shown.mean().item() == pytest.approx(rice.mean(), rel=0.01)
    assert shown.std().item() == pytest.approx(rice.std(), rel=0.03)


def test_a_volume_is_measured_in_three_dimensions() -> None:
    how = Measurement(seed=2, sigma=0.05, fill=(0.5, 1.0, 1.0))
    shown = how(torch.full((32, 48, 48), 0.5))
    power = torch.fft.fft(shown - shown.mean(), dim=0).abs().square().mean((1, 2))
    assert power[10:22].mean() < 0.05 * power[1:7].mean()


def test_unmeasured_k_space_stays_empty() -> None:
    shown = flat(0.5, Measurement(seed=1, sigma=0.01, fill=(0.5, 1.0)))
    power = torch.fft.fft2(shown - shown.mean()).abs().square()
    frequency = torch.fft.fftfreq(SHAPE[0]).abs() * 2
    assert power[frequency > 0.55].mean() < 0.02 * power[frequency < 0.45].mean()


def test_gain_shapes_the_noise_and_has_a_root_mean_square_of_one() -> None:
    noise = ThermalNoise(seed=5, sigma=0.02, swing=0.8)
    gain = noise.gain(SHAPE)
    assert gain.square().mean().item() == pytest.approx(1, rel=1e-5)
    added = noise(torch.zeros(400, 48, 48)).real.std(0)
    expected = 0.02 * noise.gain((48, 48))
    assert (added / expected - 1).abs().mean() < 0.05


def test_phase_does_not_change_a_noise_free_magnitude() -> None:
    truth = picture(*SHAPE)
    turned = SmoothPhase(seed=1, amplitude=2.0)(truth)
    assert torch.allclose(turned.abs(), truth, atol=1e-6)
    assert turned.imag.abs().max() > 0.5


def test_the_same_object_gives_two_pictures_the_same_noise() -> None:
    noise = ThermalNoise(seed=2, sigma=0.05, measured=Truncation(fill=(0.7, 0.9)), swing=0.3)
    bare, full = torch.full((2, 64, 64), 0.6), torch.full((2, 64, 64), 0.7)
    first = noise(bare) - bare
    assert torch.allclose(first, noise(full) - full, atol=1e-6)
    assert not torch.allclose(first[0], first[1], atol=0.05)


def test_a_batch_is_measured_item_by_item_under_shared_noise() -> None:
    how = [Measurement(seed=i, sigma=0.02 * i, fill=(0.7, 1.0), taper=0.5, swing=0.3, phase=1.0) for i in range(4)]
    truths = picture(4, 2, 40, 42)
    both = measured(truths, how)
    for item, one in enumerate(how):
        for place in range(2):
            assert torch.allclose(both.noisy[item, place], one(truths[item, place]), atol=1e-6)
    free = [Measurement(seed=i, sigma=0.0, fill=(0.7, 1.0), taper=0.5, phase=1.0) for i in range(4)]
    assert torch.allclose(both.clean, measured(truths, free).noisy, atol=1e-6)


def test_a_batch_of_volumes() -> None:
    how = [Measurement(seed=i, sigma=0.02, fill=(1.0, 0.7, 1.0), swing=0.3, phase=1.0) for i in range(2)]
    truths = picture(2, 1, 8, 20, 22)
    assert torch.allclose(measured(truths, how).noisy[1, 0], how[1](truths[1, 0]), atol=1e-6)


def test_gradients_reach_the_truth() -> None:
    truth = picture(20, 20).requires_grad_()
    Measurement(seed=1, sigma=0.02, fill=(0.7, 1.0), swing=0.2, phase=1.0)(truth).sum().backward()
    assert truth.grad is not None
    assert truth.grad.abs().min() > 0


def test_the_record_names_every_parameter() -> None:
    written = record(ThermalNoise(seed=7, sigma=0.1, measured=Truncation(fill=(0.5, 1.0))))
    assert written == {
        "degradation": "ThermalNoise",
        "seed": 7,
        "sigma": 0.1,
        "measured": {"fill": [0.5, 1.0], "taper": 0.0},
        "swing": 0.0,
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"sigma": -1.0},
        {"sigma": math.nan},
        {"sigma": 1.0, "swing": -0.1},
        {"sigma": 1.0, "seed": -1},
        {"sigma": 1.0, "fill": (0.0, 1.0)},
        {"sigma": 1.0, "taper": 1.1},
        {"sigma": 1.0, "fill": (1.0,)},
    ],
    ids=["negative", "nan", "swing", "seed", "fill", "taper", "one axis"],
)
def test_what_is_not_physical_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        Measurement(**{"seed": 1, **wrong})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_gives_noise_of_the_same_law() -> None:
    how = Measurement(seed=1, sigma=0.05, fill=(0.7, 1.0), swing=0.3, phase=1.0)
    truth = torch.full(SHAPE, 0.5)
    there = how(truth.cuda())
    assert torch.equal(there, how(truth.cuda()))
    assert there.cpu().std().item() == pytest.approx(how(truth).std().item(), rel=0.03)
