"""Laws that hold for every parameter: linearity, energy, means, determinism, adjoints by the gradient."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.physics.degradation import Degradation
from restoration.physics.kspace import complex_noise, to_kspace, to_picture
from restoration.physics.mr_bias_field import BiasField
from restoration.physics.mr_ghosting import BreathingGhost, NyquistGhost
from restoration.physics.mr_motion import SliceMotion, drawn_motion
from restoration.physics.mr_motion_volume import VolumeMotion, drawn_volume_motion
from restoration.physics.mr_noise import Measurement, ThermalNoise
from restoration.physics.mr_trajectory import Course, Movement, Order, PhaseEncoding, Trajectory, severity_mm
from restoration.physics.mr_truncation import Truncation, enlarged, reduced
from restoration.physics.mr_undersampling import Pattern, Undersampling

LAW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 2**31)
SHARES = st.floats(0.2, 1.0)
AXES = st.integers(0, 1)
SHAPES = st.tuples(st.integers(1, 2), st.integers(8, 33), st.integers(8, 33))

MOVEMENTS = st.builds(
    Movement,
    severity_mm=st.floats(0.0, 10.0),
    course=st.sampled_from(Course),
    encoding=st.builds(
        PhaseEncoding, order=st.sampled_from(Order), interleaves=st.integers(1, 12), spared=st.floats(0.0, 0.8)
    ),
)
MOTIONS = st.builds(
    lambda movement, seed, axis: drawn_motion(
        movement, np.random.default_rng(seed), pixel_mm=(1.0, 0.8), phase_axis=axis
    ),
    MOVEMENTS,
    SEEDS,
    AXES,
)
LINEAR = st.one_of(
    st.builds(Truncation, fill=st.tuples(SHARES, SHARES), taper=st.floats(0.0, 1.0)),
    st.builds(
        Undersampling,
        seed=SEEDS,
        acceleration=st.floats(1.0, 8.0),
        pattern=st.sampled_from(Pattern),
        phase_axis=AXES,
    ),
    st.builds(NyquistGhost, phase=st.floats(-3.0, 3.0), delay=st.floats(-1.0, 1.0), phase_axis=AXES),
    st.builds(
        BreathingGhost,
        cycles=st.floats(0.5, 20.0),
        depth=st.floats(0.0, 1.0),
        shift=st.floats(-3.0, 3.0),
        phase_axis=AXES,
    ),
    st.builds(BiasField, seed=SEEDS, amplitude=st.floats(0.0, 2.0)),
    MOTIONS,
)


def close(first: torch.Tensor, second: torch.Tensor) -> bool:
    scale = max(first.abs().max().item(), second.abs().max().item(), 1.0)
    return bool((first - second).abs().max() <= 2e-5 * scale)


@LAW
@given(shape=SHAPES, axes=st.integers(2, 3), seed=SEEDS)
def test_transforms_are_unitary(shape: tuple[int, int, int], axes: int, seed: int) -> None:
    picture = complex_noise(seed, shape)
    assert close(to_picture(to_kspace(picture, axes), axes), picture)
    assert to_kspace(picture, axes).norm().item() == pytest.approx(picture.norm().item(), rel=1e-5)


@LAW
@given(operator=LINEAR, shape=SHAPES, seed=SEEDS)
def test_what_says_linear_is_linear_and_deterministic(
    operator: Degradation, shape: tuple[int, int, int], seed: int
) -> None:
    first, second = complex_noise(seed, shape), complex_noise(seed + 1, shape)
    assert close(operator(first + 2 * second), operator(first) + 2 * operator(second))
    assert torch.equal(operator(first), operator(first))


@LAW
@given(operator=LINEAR, shape=SHAPES, seed=SEEDS)
def test_the_gradient_is_the_adjoint(operator: Degradation, shape: tuple[int, int, int], seed: int) -> None:
    first, second = complex_noise(seed, shape).requires_grad_(), complex_noise(seed + 1, shape)
    product = torch.vdot(operator(first).flatten(), second.flatten())
    (adjoint,) = torch.autograd.grad(product.real, first)
    expected = torch.vdot(first.detach().flatten(), adjoint.flatten()).real
    assert abs(product.real.item() - expected.item()) <= 1e-4 * first.norm().item() * second.norm().item()


@LAW
@given(motion=MOTIONS, shape=SHAPES, seed=SEEDS)
def test_shifts_alone_keep_energy(motion: SliceMotion, shape: tuple[int, int, int], seed: int) -> None:
    poses = tuple((*pose[:2], 0.0) for pose in motion.trajectory.poses)
    shifted = SliceMotion(
        trajectory=Trajectory(starts=motion.trajectory.starts, poses=poses),
        pixel_mm=motion.pixel_mm,
        phase_axis=motion.phase_axis,
        encoding=motion.encoding,
    )
    picture = complex_noise(seed, shape)
    assert shifted(picture).norm().item() == pytest.approx(picture.norm().item(), rel=1e-4)


@LAW
@given(motion=MOTIONS, seed=SEEDS)
def test_the_mean_stays_because_the_central_line_is_at_rest(motion: SliceMotion, seed: int) -> None:
    picture = complex_noise(seed, (256, 9) if motion.phase_axis == 0 else (9, 256))
    assert abs(motion(picture).mean() - picture.mean()) < 1e-4


@LAW
@given(movement=MOVEMENTS, seed=SEEDS, axis=st.integers(0, 2))
def test_a_volume_s_motion_has_its_severity_and_vanishes_when_scaled_to_nothing(
    movement: Movement, seed: int, axis: int
) -> None:
    motion = drawn_volume_motion(movement, np.random.default_rng(seed), voxel_mm=(2.0, 1.0, 0.8), slow_axis=axis)
    assert severity_mm(motion.trajectory, motion.encoding) == pytest.approx(movement.severity_mm, rel=1e-3, abs=1e-6)
    still = VolumeMotion(
        trajectory=motion.trajectory.scaled(0.0), voxel_mm=(2.0, 1.0, 0.8), slow_axis=axis, encoding=motion.encoding
    )
    picture = complex_noise(seed, (6, 10, 11))
    assert close(still(picture), picture)


@LAW
@given(shape=SHAPES, factors=st.tuples(st.integers(1, 3), st.integers(1, 3)), seed=SEEDS)
def test_cutting_undoes_enlarging_and_means_stay(
    shape: tuple[int, int, int], factors: tuple[int, int], seed: int
) -> None:
    picture = complex_noise(seed, shape)
    fine = enlarged(picture, factors)
    assert close(reduced(fine, factors), picture)
    assert abs(fine.mean() - picture.mean()) < 1e-5


@LAW
@given(fill=st.tuples(SHARES, SHARES), taper=st.floats(0.0, 0.9), swing=st.floats(0.0, 1.0), seed=SEEDS)
def test_noise_has_its_sigma_whatever_its_colour_and_gain(
    fill: tuple[float, float], taper: float, swing: float, seed: int
) -> None:
    noise = ThermalNoise(seed=seed, sigma=0.1, measured=Truncation(fill=fill, taper=taper), swing=swing)
    added = noise(torch.zeros(8, 64, 64))
    assert added.abs().square().mean().sqrt().item() / 2**0.5 == pytest.approx(0.1, rel=0.1)


@LAW
@given(seed=SEEDS, level=st.floats(0.0, 10.0), sigma=st.floats(0.0, 1.0))
def test_a_magnitude_is_never_negative_and_the_same_twice(seed: int, level: float, sigma: float) -> None:
    how = Measurement(seed=seed, sigma=sigma, fill=(0.8, 0.9), swing=0.3, phase=2.0)
    shown = how(torch.full((2, 16, 17), level))
    assert shown.min() >= 0
    assert torch.equal(shown, how(torch.full((2, 16, 17), level)))
