"""PET count thinning: share law, mean, correlation in millimetres, dark places, what a measured picture lacks."""

import math
from dataclasses import replace

import pytest
import torch

from restoration.errors import InputError
from restoration.physics.degradation import ParameterError
from restoration.physics.pet_counts import PetCounts, resolved

FLAT = torch.full((32, 64, 64), 5000.0)
HOW = PetCounts(share=0.25, counts_per_unit=0.01, resolution_mm=6.0, voxel_mm=(3.0, 2.0, 4.0))


def deviation(volume: torch.Tensor) -> float:
    return float(volume.std())


@pytest.mark.parametrize("share", [0.5, 0.25, 0.1])
@pytest.mark.parametrize(("truth", "held"), [("ideal", 0.0), ("measured", 1.0)], ids=["ideal", "measured"])
def test_variance_follows_one_over_the_share(share: float, truth: str, held: float) -> None:
    full = deviation(replace(HOW, share=1.0, truth="ideal")(FLAT))
    noisy = replace(HOW, share=share, truth=truth)(FLAT)
    assert deviation(noisy) == pytest.approx(full * math.sqrt(1 / share - held), rel=0.05)
    assert float(noisy.mean()) == pytest.approx(5000, rel=0.005)


def test_a_measured_volume_with_all_counts_stays_as_it_is() -> None:
    volume = torch.rand(5, 8, 8)
    assert torch.equal(replace(HOW, share=1.0)(volume), volume)


def test_variance_is_in_proportion_to_activity() -> None:
    assert deviation(HOW(4 * FLAT)) == pytest.approx(2 * deviation(HOW(FLAT)), rel=0.05)


def test_the_stated_deviation_is_found() -> None:
    assert deviation(HOW(FLAT)) == pytest.approx(float(HOW.noise_deviation(FLAT).mean()), rel=0.05)


@pytest.mark.parametrize("axis", [0, 1, 2], ids=["slices", "rows", "columns"])
def test_noise_is_correlated_over_the_filter_in_every_direction(axis: int) -> None:
    noise = (HOW(FLAT) - 5000).movedim(axis, 0)
    found = float((noise[1:] * noise[:-1]).mean() / noise.var())
    # The autocorrelation of noise under a Gaussian is a Gaussian, sqrt(2) wider.
    sigma = 6.0 / math.sqrt(8 * math.log(2)) / HOW.voxel_mm[axis]
    assert found == pytest.approx(math.exp(-1 / (4 * sigma**2)), abs=0.06)


def test_without_a_post_filter_noise_is_white() -> None:
    noise = replace(HOW, resolution_mm=0.0)(FLAT) - 5000
    assert deviation(noise) == pytest.approx(math.sqrt(5000 / 0.01 * 3), rel=0.03)
    assert abs(float((noise[1:] * noise[:-1]).mean() / noise.var())) < 0.02


def test_dark_stays_dark_and_nothing_turns_negative() -> None:
    volume = torch.zeros(16, 48, 48)
    volume[:, :, 24:] = 20_000.0
    volume[:, :, :20] = 50.0
    noisy = replace(HOW, share=0.02)(volume)
    assert float(noisy.min()) >= 0
    assert float(noisy[:, :, 20:24].max()) == 0
    assert deviation(noisy[:, :, 16:20]) < 3 * 50


def test_the_mean_of_a_strongly_noisy_volume_stays() -> None:
    thin = replace(HOW, share=0.01, resolution_mm=2.0, truth="ideal")
    means = [float(replace(thin, seed=seed)(FLAT).mean()) for seed in range(4)]
    assert sum(means) / 4 == pytest.approx(5000, rel=0.01)


def test_voxels_below_zero_stay_as_they_are() -> None:
    volume = torch.full((4, 8, 8), -3.0)
    assert torch.equal(HOW(volume), volume)


def test_leading_axes_get_noise_of_their_own() -> None:
    pair = HOW(FLAT[:8].expand(2, -1, -1, -1)) - 5000
    assert pair.shape == (2, 8, 64, 64)
    assert abs(float((pair[0] * pair[1]).mean() / pair.var())) < 0.1


def test_the_gradient_passes_through_the_mean() -> None:
    volume = torch.full((3, 8, 8), 100.0, requires_grad=True)
    HOW(volume).sum().backward()
    assert volume.grad is not None
    assert torch.equal(volume.grad, torch.ones_like(volume))


def test_resolution_blurs_in_millimetres_and_keeps_activity() -> None:
    point = torch.zeros(31, 31, 31)
    point[15, 15, 15] = 1.0
    shown = resolved(point, 9.0, (3.0, 3.0, 3.0))
    half = torch.nonzero(shown[15, 15] > shown.max() / 2)
    assert float(shown.sum()) == pytest.approx(1, abs=1e-5)
    assert len(half) == 3


def test_a_single_slice_without_its_axis_is_refused() -> None:
    with pytest.raises(InputError, match="2 axes"):
        HOW(FLAT[0])


@pytest.mark.parametrize("change", [{"share": 0.0}, {"share": 2.0}, {"resolution_mm": -1.0}], ids=str)
def test_impossible_parameters_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        replace(HOW, **change)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_the_law_on_a_gpu_is_that_of_the_cpu() -> None:
    assert torch.allclose(HOW.noise_deviation(FLAT.cuda()).cpu(), HOW.noise_deviation(FLAT), rtol=1e-4)
    assert deviation(HOW(FLAT.cuda())) == pytest.approx(deviation(HOW(FLAT)), rel=0.05)
