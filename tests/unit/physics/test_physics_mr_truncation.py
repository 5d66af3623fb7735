"""Truncation and grids: energy, exact inverse, means, agreement with the grids of the pipelines."""

import numpy as np
import pytest
import torch
from scipy import signal

from restoration.kspace_grid import cropped, zero_filled
from restoration.physics.degradation import ParameterError
from restoration.physics.kspace import complex_noise
from restoration.physics.mr_truncation import Truncation, enlarged, reduced, regridded

SIZES = pytest.mark.parametrize("shape", [(30, 44), (31, 45), (2, 30, 45)], ids=["even", "odd", "batched"])


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@SIZES
def test_a_full_measurement_is_the_identity(shape: tuple[int, ...]) -> None:
    assert torch.allclose(Truncation()(picture(*shape)).real, picture(*shape), atol=1e-6)


@SIZES
def test_a_truncation_is_a_self_adjoint_projection_that_keeps_the_mean(shape: tuple[int, ...]) -> None:
    truncation, first, second = Truncation(fill=(0.6, 0.8)), complex_noise(1, shape), complex_noise(2, shape)
    once = truncation(first)
    assert torch.allclose(truncation(once), once, atol=1e-5)
    assert once.abs().square().sum() < first.abs().square().sum()
    left, right = (
        torch.vdot(once.flatten(), second.flatten()),
        torch.vdot(first.flatten(), truncation(second).flatten()),
    )
    assert torch.allclose(left, right, rtol=1e-4)
    assert torch.allclose(once.mean(), first.mean(), atol=1e-6)


@pytest.mark.parametrize(("length", "fill"), [(200, 0.7), (256, 0.75), (160, 0.9), (161, 0.5)])
def test_the_measured_lines_are_counted_exactly(length: int, fill: float) -> None:
    weight = Truncation(fill=(fill, 1.0)).weight((length, 4))[:, 0]
    frequency = np.abs(np.fft.fftfreq(length) * length)
    assert int(weight.sum()) == int((frequency <= fill * length / 2 + 1e-9).sum())


def test_a_taper_softens_and_ends_in_zero() -> None:
    point = torch.zeros(64, 64)
    point[32, 32] = 1
    heights = [Truncation(fill=(0.8, 0.8), taper=taper)(point).abs().max().item() for taper in (0.0, 0.5, 1.0)]
    assert heights == sorted(heights, reverse=True)
    assert Truncation(taper=1.0).weight((64, 64))[32, 0].item() == pytest.approx(0, abs=1e-5)


@SIZES
@pytest.mark.parametrize("factors", [(2, 2), (2, 1), (1, 3)], ids=str)
def test_cutting_undoes_enlarging(shape: tuple[int, ...], factors: tuple[int, int]) -> None:
    fine = enlarged(picture(*shape), factors)
    assert fine.shape[-2:] == (shape[-2] * factors[0], shape[-1] * factors[1])
    assert torch.allclose(reduced(fine, factors), picture(*shape), atol=1e-5)
    assert torch.allclose(fine[..., :: factors[0], :: factors[1]], picture(*shape), atol=1e-5)
    assert fine.mean().item() == pytest.approx(picture(*shape).mean().item(), rel=1e-5)


def test_through_plane() -> None:
    volume = picture(7, 12, 14)
    fine = enlarged(volume, (2, 1, 1))
    assert fine.shape == (14, 12, 14)
    assert torch.allclose(fine[::2], volume, atol=1e-5)


@SIZES
def test_the_grids_are_those_of_the_pipelines(shape: tuple[int, ...]) -> None:
    coarse, fine = picture(*shape), enlarged(picture(*shape), (2, 2))
    other = picture(*fine.shape)
    assert np.allclose(zero_filled(coarse.numpy(), (2, 2)), fine.numpy(), atol=1e-5)
    assert np.allclose(cropped(other.numpy(), (2, 2)), reduced(other, (2, 2)).numpy(), atol=1e-5)


@pytest.mark.parametrize(("before", "length"), [(30, 31), (30, 47), (31, 32), (31, 60)])
def test_any_finer_length_holds_the_coarser_picture(before: int, length: int) -> None:
    coarse = picture(2, before, 7)
    fine = regridded(coarse, -2, length)
    assert fine.shape == (2, length, 7)
    assert torch.allclose(regridded(fine, -2, before), coarse, atol=1e-5)
    assert np.allclose(signal.resample(coarse.numpy(), length, axis=1), fine.numpy(), atol=1e-5)


def test_an_axis_that_is_no_multiple_is_refused() -> None:
    with pytest.raises(ParameterError, match="multiple of 2"):
        reduced(picture(31, 30), (2, 2))


@pytest.mark.parametrize("wrong", [{"fill": (0.0, 1.0)}, {"fill": (1.0, 1.1)}, {"taper": 2.0}], ids=str)
def test_what_is_not_physical_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ParameterError):
        Truncation(**wrong)


def test_gradients_reach_the_truth() -> None:
    truth = picture(12, 14).requires_grad_()
    enlarged(reduced(truth, (2, 2)), (2, 2)).square().sum().backward()
    assert truth.grad is not None
    assert truth.grad.abs().sum() > 0
