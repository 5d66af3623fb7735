"""Motion in the plane and in space: against moved objects, identity, severity, alignment, records."""

import json
import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.metrics import structural_similarity

from restoration.physics.degradation import ParameterError, record
from restoration.physics.mr_motion import SliceMotion, drawn_motion
from restoration.physics.mr_motion_volume import VolumeMotion, drawn_volume_motion
from restoration.physics.mr_trajectory import (
    Course,
    Movement,
    Order,
    PhaseEncoding,
    Trajectory,
    drawn_trajectory,
    severity_mm,
    turned_points,
)

COURSES = pytest.mark.parametrize("course", list(Course))
AXIS = pytest.mark.parametrize("phase_axis", [0, 1])


def still(pose: tuple[float, ...]) -> Trajectory:
    return Trajectory(starts=(0.0,), poses=(pose,))


def blobs(shape: tuple[int, ...], *places: tuple[float, ...]) -> torch.Tensor:
    """Smooth unequal blobs at places given from the middle, so that splines can move them almost exactly."""
    grid = np.stack(np.indices(shape), -1) - (np.array(shape) - 1) / 2
    width = 4 + np.arange(len(shape))
    picture = sum(
        (1 - 0.3 * number) * np.exp(-(((grid - place) / width) ** 2).sum(-1)) for number, place in enumerate(places)
    )
    return torch.from_numpy(np.asarray(picture, np.float32))


def moved(picture: torch.Tensor, pose: tuple[float, ...], step_mm: tuple[float, ...]) -> np.ndarray:
    """Move an object by splines: what a scanner would have seen."""
    middle = (np.array(picture.shape) - 1) / 2
    places = (np.stack(np.indices(tuple(picture.shape)), -1) - middle) * step_mm
    sources = (places - np.array(pose[: picture.ndim])) @ turned_points(pose) / step_mm + middle
    return np.asarray(ndimage.map_coordinates(picture.numpy().astype(float), np.moveaxis(sources, -1, 0), order=5))


@AXIS
@pytest.mark.parametrize("pixel_mm", [(1.0, 1.0), (1.0, 0.7)], ids=["square", "oblong"])
@pytest.mark.parametrize("pose", [(3.0, -2.0, 0.0), (0.0, 0.0, 12.0), (3.0, -2.0, -9.0)], ids=["shift", "turn", "both"])
def test_one_pose_for_all_lines_is_the_moved_object(
    phase_axis: int, pixel_mm: tuple[float, float], pose: tuple[float, ...]
) -> None:
    truth = blobs((64, 80), (-8, 10), (9, -12))
    shown = SliceMotion(trajectory=still(pose), pixel_mm=pixel_mm, phase_axis=phase_axis)(truth)
    assert np.abs(shown.abs().numpy() - moved(truth, pose, pixel_mm)).max() < 1e-4


@AXIS
def test_each_line_is_that_of_the_object_in_its_pose(phase_axis: int) -> None:
    truth, poses = blobs((64, 80), (-8, 10), (9, -12)), ((2.0, 1.0, 6.0), (-3.0, 0.0, -4.0), (0.0, 2.5, 6.0))
    motion = SliceMotion(
        trajectory=Trajectory(starts=(0.0, 0.4, 0.7), poses=poses), pixel_mm=(1.0, 1.0), phase_axis=phase_axis
    )
    lines = motion.encoding.poses(motion.trajectory, truth.shape[phase_axis])
    spectra = {pose: np.fft.fftshift(np.fft.fft2(moved(truth, pose, (1.0, 1.0)))) for pose in poses}
    expected = np.stack([spectra[pose].take(line, phase_axis) for line, pose in enumerate(lines)], phase_axis)
    shown = motion(truth).numpy()
    assert np.abs(shown - np.fft.ifft2(np.fft.ifftshift(expected))).max() < 1e-3


@pytest.mark.parametrize("slow_axis", [0, 1, 2])
def test_one_pose_for_all_shots_is_the_moved_volume(slow_axis: int) -> None:
    truth, voxel_mm = blobs((36, 40, 44), (2, -3, 4), (-4, 5, -3)), (1.2, 1.0, 0.9)
    pose = (2.0, -1.0, 1.5, 8.0, -5.0, 10.0)
    shown = VolumeMotion(trajectory=still(pose), voxel_mm=voxel_mm, slow_axis=slow_axis)(truth)
    assert np.abs(shown.abs().numpy() - moved(truth, pose, voxel_mm)).max() < 1e-3


@pytest.mark.parametrize("slow_axis", [0, 1, 2])
def test_each_shot_is_that_of_the_volume_in_its_pose(slow_axis: int) -> None:
    truth = blobs((20, 24, 22), (1, -2, 2))
    poses = ((0.0, 0.0, 0.0, 0.0, 0.0, 0.0), (0.5, -1.0, 0.7, 4.0, -3.0, 2.0))
    motion = VolumeMotion(
        trajectory=Trajectory(starts=(0.0, 0.5), poses=poses), voxel_mm=(1.0, 1.0, 1.0), slow_axis=slow_axis
    )
    shots = motion.encoding.poses(motion.trajectory, truth.shape[slow_axis])
    spectra = {
        pose: np.fft.fftshift(
            torch.fft.fftn(VolumeMotion(trajectory=still(pose), voxel_mm=(1.0, 1.0, 1.0))(truth)).numpy()
        )
        for pose in poses
    }
    expected = np.stack([spectra[pose].take(shot, slow_axis) for shot, pose in enumerate(shots)], slow_axis)
    assert np.abs(motion(truth).numpy() - np.fft.ifftn(np.fft.ifftshift(expected))).max() < 1e-5


def test_no_movement_is_the_identity() -> None:
    picture = torch.rand((2, 3, 41, 50), generator=torch.Generator().manual_seed(0))
    for shown in (
        SliceMotion(trajectory=still((0.0,) * 3), pixel_mm=(1.0, 1.0), phase_axis=1)(picture),
        VolumeMotion(trajectory=still((0.0,) * 6), voxel_mm=(1.0, 1.0, 1.0))(picture),
    ):
        assert torch.allclose(shown.real, picture, atol=1e-6)
        assert shown.imag.abs().max() < 1e-6


@COURSES
@pytest.mark.parametrize("spared", [0.0, 0.8], ids="spared {}".format)
@pytest.mark.parametrize("axes", [2, 3], ids=["slice", "volume"])
def test_a_drawn_trajectory_has_the_wanted_severity_few_turns_and_a_still_centre(
    course: Course, spared: float, axes: int
) -> None:
    for seed in range(10):
        encoding = PhaseEncoding(spared=spared, order=list(Order)[seed % 2], interleaves=1 + seed % 3)
        movement = Movement(severity_mm=0.3 + seed, course=course, encoding=encoding)
        trajectory = drawn_trajectory(movement, np.random.default_rng(seed), axes)
        assert severity_mm(trajectory, encoding) == pytest.approx(movement.severity_mm, rel=1e-3)
        assert len({pose[axes:] for pose in trajectory.poses}) <= 8
        assert len(trajectory.poses) <= 32
        assert encoding.poses(trajectory, 256)[128] == (0.0,) * len(trajectory.poses[0])


def test_severity_is_the_displacement_of_the_points_of_a_head() -> None:
    rng = np.random.default_rng(0)
    for pose in ((1.0, -2.0, 3.0), (1.0, -2.0, 0.5, 3.0, -4.0, 5.0)):
        turns = turned_points(pose)
        points = rng.uniform(-80, 80, (400_000, len(turns)))
        points = points[np.linalg.norm(points, axis=1) < 80]
        displaced = points @ turns.T + np.array(pose[: len(turns)]) - points
        expected = math.sqrt((displaced**2).sum(1).mean())
        assert severity_mm(still(pose), PhaseEncoding()) == pytest.approx(expected, rel=0.01)


@COURSES
@AXIS
def test_a_severer_movement_is_a_worse_picture(course: Course, phase_axis: int) -> None:
    truth = blobs((64, 64), (-8, 10), (9, -12), (0, 0)) + (blobs((64, 64), (0, 0)) > 0.5)
    base = drawn_trajectory(Movement(severity_mm=1.0, course=course), np.random.default_rng(3))
    errors, likeness = [], []
    for factor in (0.0, 0.25, 0.5, 1.0, 2.0):
        motion = SliceMotion(trajectory=base.scaled(factor), pixel_mm=(1.0, 1.0), phase_axis=phase_axis)
        shown = motion(truth).abs()
        errors.append((shown - truth).square().mean().item())
        likeness.append(structural_similarity(truth.numpy(), shown.numpy(), data_range=2.0))
    assert errors == sorted(errors)
    assert likeness == sorted(likeness, reverse=True)


def test_leading_axes_move_alike() -> None:
    motion = drawn_motion(Movement(severity_mm=2.0), np.random.default_rng(1), pixel_mm=(1.0, 0.8), phase_axis=1)
    batch = torch.rand((2, 3, 32, 40), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(motion(batch)[1, 2], motion(batch[1, 2]), atol=1e-6)


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        (PhaseEncoding(), [0, 0, 0, 0, 1, 1, 1, 1]),
        (PhaseEncoding(order=Order.CENTRIC), [1, 1, 0, 0, 0, 0, 1, 1]),
        (PhaseEncoding(interleaves=2), [0, 1, 0, 1, 0, 1, 0, 1]),
        (PhaseEncoding(interleaves=2, spared=0.5), [0, 1, 0, 0, 0, 0, 0, 1]),
    ],
    ids=["linear", "centric", "two passes", "spared centre"],
)
def test_which_line_sees_which_pose(encoding: PhaseEncoding, expected: list[int]) -> None:
    trajectory = Trajectory(starts=(0.0, 0.5), poses=((0.0, 0.0, 0.0), (1.0, 0.0, 0.0)))
    assert [pose[0] for pose in encoding.poses(trajectory, 8)] == expected


def test_gradients_reach_the_truth() -> None:
    truth = torch.rand((24, 24), generator=torch.Generator().manual_seed(0)).requires_grad_()
    motion = drawn_motion(Movement(severity_mm=2.0), np.random.default_rng(1), pixel_mm=(1.0, 1.0), phase_axis=0)
    motion(truth).abs().sum().backward()
    assert truth.grad is not None
    assert torch.isfinite(truth.grad).all()
    assert truth.grad.abs().min() > 0


def test_the_record_is_ready_for_json() -> None:
    motion = drawn_volume_motion(
        Movement(severity_mm=1.0, course=Course.DRIFT), np.random.default_rng(0), voxel_mm=(1.0, 1.0, 1.0), slow_axis=0
    )
    written = json.loads(json.dumps(record(motion)))
    assert written["degradation"] == "VolumeMotion"
    assert written["encoding"] == {"order": "linear", "interleaves": 1, "spared": 0.0}
    assert tuple(map(tuple, written["trajectory"]["poses"])) == motion.trajectory.poses


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Trajectory(starts=(0.0, 0.5), poses=((0.0,) * 3,)),
        lambda: Trajectory(starts=(0.1,), poses=((0.0,) * 3,)),
        lambda: Trajectory(starts=(0.0, 0.5, 0.4), poses=((0.0,) * 3,) * 3),
        lambda: still((0.0, 0.0, 50.0)),
        lambda: SliceMotion(trajectory=still((0.0,) * 6), pixel_mm=(1.0, 1.0)),
        lambda: SliceMotion(trajectory=still((0.0,) * 3), pixel_mm=(1.0, 1.0), phase_axis=2),
        lambda: VolumeMotion(trajectory=still((0.0,) * 3), voxel_mm=(1.0, 1.0, 1.0)),
        lambda: Movement(severity_mm=-1.0),
        lambda: PhaseEncoding(spared=0.9),
        lambda: PhaseEncoding(interleaves=0),
    ],
    ids=["length", "late", "order", "turn", "volume pose", "axis", "slice pose", "severity", "spared", "interleaves"],
)
def test_what_is_not_physical_is_refused(wrong: object) -> None:
    with pytest.raises(ParameterError):
        wrong()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_gpu_moves_alike() -> None:
    motion = drawn_motion(Movement(severity_mm=2.0), np.random.default_rng(1), pixel_mm=(1.0, 0.8), phase_axis=1)
    picture = torch.rand((32, 40), generator=torch.Generator().manual_seed(0))
    assert torch.allclose(motion(picture.cuda()).cpu(), motion(picture), atol=1e-5)


@pytest.mark.parametrize("axes", [2, 3])
def test_however_severe_a_movement_no_turn_is_beyond_what_is_allowed(axes: int) -> None:
    rest = PhaseEncoding(interleaves=7, spared=0.8)
    for seed in range(60):
        course = list(Course)[seed % 3]
        drawn = drawn_trajectory(
            Movement(severity_mm=10.0, course=course, encoding=rest), np.random.default_rng(seed), axes
        )
        assert severity_mm(drawn, rest) == pytest.approx(10.0, rel=1e-2)
