"""Undersampling, ghosts, spikes, bias field, coils: closed forms, identities, records."""

import math

import numpy as np
import pytest
import torch
from scipy import special

from restoration.physics.degradation import Degradation, ParameterError, record
from restoration.physics.kspace import complex_noise, to_kspace
from restoration.physics.mr_bias_field import BiasField
from restoration.physics.mr_coils import CoilNoise, Combination
from restoration.physics.mr_ghosting import BreathingGhost, NyquistGhost
from restoration.physics.mr_spikes import Spikes
from restoration.physics.mr_undersampling import Pattern, Undersampling

AXIS = pytest.mark.parametrize("phase_axis", [0, 1])


def picture(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


def box(shape: tuple[int, int], rows: slice, columns: slice) -> torch.Tensor:
    answer = torch.zeros(shape)
    answer[rows, columns] = 1
    return answer


@AXIS
@pytest.mark.parametrize(
    "nothing",
    [
        lambda axis: Undersampling(seed=1, acceleration=1.0, phase_axis=axis),
        lambda axis: Undersampling(seed=1, acceleration=4.0, centre=1.0, phase_axis=axis),
        lambda axis: NyquistGhost(phase=0.0, phase_axis=axis),
        lambda axis: BreathingGhost(cycles=5.0, phase_axis=axis),
        lambda axis: Spikes(seed=axis, count=0),
        lambda axis: Spikes(seed=axis, strength=0.0),
        lambda axis: BiasField(seed=axis, amplitude=0.0),
        lambda axis: CoilNoise(seed=axis, sigma=0.0),
        lambda axis: CoilNoise(seed=axis, sigma=0.0, combination=Combination.MATCHED),
    ],
    ids=["all lines", "all centre", "no delay", "no breath", "no spike", "weak", "flat", "silent", "silent matched"],
)
def test_nothing_done_is_the_identity(nothing: object, phase_axis: int) -> None:
    shown = nothing(phase_axis)(picture(2, 30, 41))
    assert torch.allclose(shown.real, picture(2, 30, 41), atol=1e-5)


@pytest.mark.parametrize("pattern", list(Pattern))
@pytest.mark.parametrize("acceleration", [2.0, 4.0, 7.5])
@pytest.mark.parametrize("count", [160, 233])
def test_one_line_in_so_many_is_measured_and_the_centre_always(
    pattern: Pattern, acceleration: float, count: int
) -> None:
    lines = Undersampling(seed=3, acceleration=acceleration, pattern=pattern).lines(count)
    centre = round(0.08 * count)
    assert lines.sum() == max(round(count / acceleration), centre)
    assert lines[count // 2 - centre // 2 : count // 2 - centre // 2 + centre].all()


def test_regular_lines_are_evenly_spaced() -> None:
    lines = Undersampling(seed=3, acceleration=4.0, centre=0.0, pattern=Pattern.REGULAR).lines(160)
    gaps = np.diff(np.flatnonzero(np.delete(lines, 80)))
    assert set(gaps.tolist()) <= {4, 5}


@AXIS
def test_undersampling_is_a_self_adjoint_projection(phase_axis: int) -> None:
    operator = Undersampling(seed=3, acceleration=3.0, phase_axis=phase_axis)
    first, second = complex_noise(1, (30, 41)), complex_noise(2, (30, 41))
    once = operator(first)
    assert torch.allclose(operator(once), once, atol=1e-5)
    left, right = torch.vdot(once.flatten(), second.flatten()), torch.vdot(first.flatten(), operator(second).flatten())
    assert torch.allclose(left, right, rtol=1e-4)
    power = to_kspace(once).abs().sum(1 - phase_axis)
    assert np.array_equal(power.numpy() > 1e-3, operator.lines(power.numel()))


@AXIS
def test_the_nyquist_ghost_lies_half_a_field_of_view_away(phase_axis: int) -> None:
    object_, ghost_place = (slice(12, 20), slice(28, 36)), (slice(44, 52), slice(28, 36))
    truth = box((64, 64), *object_)
    truth = truth if phase_axis == 0 else truth.T
    shown = NyquistGhost(phase=0.4, phase_axis=phase_axis)(truth).abs()
    shown = shown if phase_axis == 0 else shown.T
    assert torch.allclose(shown[object_], torch.full((8, 8), math.cos(0.2)), atol=1e-5)
    assert torch.allclose(shown[ghost_place], torch.full((8, 8), math.sin(0.2)), atol=1e-5)
    assert shown.square().sum().item() == pytest.approx(64, rel=1e-5)


def test_a_delay_makes_the_ghost_grow_to_the_sides() -> None:
    truth = box((64, 64), slice(12, 20), slice(0, 64))
    ghost = NyquistGhost(phase=0.0, delay=0.5)(truth).abs()[44:52].mean(0)
    expected = torch.sin(math.pi * 0.5 * (torch.arange(64) - 32) / 64).abs()
    assert torch.allclose(ghost, expected, atol=1e-5)


@AXIS
def test_ghosts_of_breathing_lie_as_far_as_there_are_breaths(phase_axis: int) -> None:
    truth = box((64, 64), slice(28, 34), slice(28, 34))
    truth = truth if phase_axis == 0 else truth.T
    shown = BreathingGhost(cycles=10, depth=0.3, phase_axis=phase_axis)(truth).abs()
    shown = shown if phase_axis == 0 else shown.T
    assert torch.allclose(shown[28:34, 28:34], torch.ones(6, 6), atol=1e-5)
    for first in (18, 38):
        assert torch.allclose(shown[first : first + 6, 28:34], torch.full((6, 6), 0.15), atol=1e-5)


def test_breathing_that_only_shifts_keeps_energy_and_disturbs_more_when_deeper() -> None:
    truth = box((64, 64), slice(28, 34), slice(28, 34))
    errors = []
    for shift in (0.0, 0.5, 1.0, 2.0):
        shown = BreathingGhost(cycles=7, shift=shift)(truth)
        assert shown.abs().square().sum().item() == pytest.approx(36, rel=1e-5)
        errors.append((shown.abs() - truth).square().mean().item())
    assert errors == sorted(errors)


def test_spikes_are_stripes_of_the_stated_amplitude() -> None:
    truth = torch.full((2, 48, 60), 0.5)
    stripes = Spikes(seed=2, count=1, strength=0.3)(truth) - truth
    assert torch.allclose(stripes.abs(), torch.full((2, 48, 60), 0.15), atol=1e-5)
    many = to_kspace(Spikes(seed=2, count=5, strength=0.3)(truth) - truth).abs()
    assert ((many > 1).sum((1, 2)) == 5).all()
    assert many.square().sum((1, 2)).tolist() == pytest.approx([5 * 0.15**2 * 48 * 60] * 2, rel=1e-4)
    assert many[:, 24, 30].max() < 1e-3


@pytest.mark.parametrize(("axes", "shape"), [(2, (48, 60)), (3, (12, 48, 60))], ids=["slice", "volume"])
def test_a_bias_field_is_smooth_positive_and_of_mean_one(axes: int, shape: tuple[int, ...]) -> None:
    bias = BiasField(seed=4, amplitude=0.5, axes=axes)
    field = bias.field(shape)
    assert field.mean().item() == pytest.approx(1, rel=1e-5)
    assert field.min() > 0
    assert field.diff(dim=-1).abs().max() < 0.4
    assert torch.allclose(bias(picture(3, *shape)), picture(3, *shape) * field)


@pytest.mark.parametrize("coils", [1, 4, 8])
def test_the_floor_of_the_sum_of_squares_is_chi(coils: int) -> None:
    how = CoilNoise(seed=1, sigma=0.05, coils=coils, correlation=0.0)
    floor = 0.05 * math.sqrt(2) * math.exp(special.gammaln(coils + 0.5) - special.gammaln(coils))
    assert how(torch.zeros(160, 160)).mean().item() == pytest.approx(floor, rel=0.01)
    power = how(torch.full((160, 160), 0.3)).square().mean().item()
    assert power == pytest.approx(0.3**2 + 2 * coils * 0.05**2, rel=0.02)


def test_noise_of_a_matched_combination_follows_what_coils_share() -> None:
    how = CoilNoise(seed=1, sigma=0.1, correlation=0.5, combination=Combination.MATCHED)
    seen = how.sensitivities((24, 24))
    assert torch.allclose(seen.abs().square().sum(0), torch.ones(24, 24), atol=1e-5)
    expected = (0.1 * (0.5 + 0.5 * seen.sum(0).abs().square()).sqrt()).flatten()
    noise = how(torch.zeros(2000, 24, 24)).real.std(0).flatten()
    assert (noise / expected - 1).abs().mean() < 0.03


@pytest.mark.parametrize(
    "operator",
    [
        Undersampling(seed=1, acceleration=3.0),
        NyquistGhost(phase=0.3, delay=0.2),
        BreathingGhost(cycles=4.0, depth=0.2, shift=0.5),
        Spikes(seed=1),
        BiasField(seed=1, amplitude=0.3),
        CoilNoise(seed=1, sigma=0.05),
    ],
    ids=lambda operator: type(operator).__name__,
)
class TestEveryOperator:
    def test_its_record_makes_it_again(self, operator: Degradation) -> None:
        written = record(operator)
        again = type(operator)(**{name: value for name, value in written.items() if name != "degradation"})
        assert torch.equal(again(picture(2, 20, 22)), operator(picture(2, 20, 22)))

    def test_gradients_reach_the_truth(self, operator: Degradation) -> None:
        truth = picture(20, 22).requires_grad_()
        operator(truth).abs().sum().backward()
        assert truth.grad is not None
        assert torch.isfinite(truth.grad).all()
        assert truth.grad.abs().max() > 0

    @pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
    def test_it_runs_on_a_gpu(self, operator: Degradation) -> None:
        shown = operator(picture(2, 20, 22).cuda())
        assert shown.is_cuda
        assert torch.equal(shown, operator(picture(2, 20, 22).cuda()))


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Undersampling(seed=1, acceleration=0.5),
        lambda: Undersampling(seed=1, acceleration=2.0, phase_axis=2),
        lambda: NyquistGhost(phase=0.1, phase_axis=-1),
        lambda: BreathingGhost(cycles=3.0, depth=1.5),
        lambda: Spikes(seed=-1),
        lambda: BiasField(seed=1, amplitude=3.0),
        lambda: CoilNoise(seed=1, sigma=0.1, coils=0),
        lambda: CoilNoise(seed=1, sigma=0.1, correlation=1.0),
    ],
    ids=["slow", "axis", "ghost axis", "depth", "seed", "amplitude", "no coil", "one coil"],
)
def test_what_is_not_physical_is_refused(wrong: object) -> None:
    with pytest.raises(ParameterError):
        wrong()
