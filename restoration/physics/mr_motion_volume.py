"""Rigid motion of a volume between the shots of a three-dimensional scan. Pure.

Two axes are phase-encoded. A shot measures every line along the fast one for one place on the slow one, and sees one
pose: three shifts as phase ramps, three turns as shears (see `mr_motion`). Content that leaves the volume comes in at
the opposite face, so a slab needs a margin of slices.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from restoration.physics.degradation import require_range
from restoration.physics.kspace import last_axes
from restoration.physics.mr_motion import sheared
from restoration.physics.mr_trajectory import (
    TURNED,
    Movement,
    PhaseEncoding,
    Trajectory,
    drawn_trajectory,
    severity_mm,
)

_ONE_PASS = PhaseEncoding()


@dataclass(frozen=True, kw_only=True)
class VolumeMotion:
    """Shot-wise rigid motion in space. Linear, differentiable; no movement is the identity.

    Attributes
    ----------
    trajectory
        Poses of six numbers over the time of the scan.
    voxel_mm
        Distance between slices, rows and columns [mm].
    slow_axis
        Axis along which shots follow each other: 0 (slices), 1 or 2. The fast phase axis is one of the others; as a
        shot sees one pose, it does not matter which.
    encoding
        When each shot is measured.
    """

    trajectory: Trajectory
    voxel_mm: tuple[float, float, float]
    slow_axis: int = 1
    encoding: PhaseEncoding = _ONE_PASS

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            A slow axis beyond 0 to 2, or poses that are not those of a volume.
        """
        require_range("slow phase axis", self.slow_axis, 0, 2)
        require_range("numbers of a pose in space", len(self.trajectory.poses[0]), 6, 6)

    @property
    def severity_mm(self) -> float:
        """Root mean square displacement of a head-sized ball over all shots [mm]."""
        return severity_mm(self.trajectory, self.encoding)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Measure moving objects.

        Parameters
        ----------
        truth
            (..., slices, rows, columns) float32 or complex64; all leading axes move alike.

        Returns
        -------
        torch.Tensor
            Same shape, complex64.
        """
        shots = truth.shape[self.slow_axis - 3]
        poses = np.fft.ifftshift(np.array(self.encoding.poses(self.trajectory, shots)), 0)
        different, which = np.unique(poses[:, 3:], axis=0, return_inverse=True)
        kspace = torch.zeros(truth.shape, dtype=torch.complex64, device=truth.device)
        for number, turns in enumerate(different):
            spectrum = torch.fft.fftn(self._turned(truth, turns.tolist()), dim=last_axes(3))
            own = torch.from_numpy(which.reshape(-1) == number).to(truth.device)
            kspace = torch.where(own.reshape(-1, *(1,) * (2 - self.slow_axis)), spectrum, kspace)
        answer: torch.Tensor = torch.fft.ifftn(kspace * self._shifts(truth, poses[:, :3]), dim=last_axes(3))
        return answer

    def _turned(self, volume: torch.Tensor, turns: list[float]) -> torch.Tensor:
        """Turn the volume in each pair of axes [degrees]."""
        for (first, second), turn in zip(TURNED[3], turns, strict=True):
            if turn:
                angle, aspect = math.radians(turn), self.voxel_mm[second] / self.voxel_mm[first]
                outer = torch.tensor(-math.tan(angle / 2) * aspect, device=volume.device)
                inner = torch.tensor(math.sin(angle) / aspect, device=volume.device)
                there, back = (first - 3, second - 3), (second - 3, first - 3)
                volume = sheared(sheared(sheared(volume, outer, there), inner, back), outer, there)
        return volume

    def _shifts(
        self, volume: torch.Tensor, shifts_mm: np.ndarray[tuple[int, int], np.dtype[np.float64]]
    ) -> torch.Tensor:
        """Phase ramp (slices, rows, columns) of each shot's shift."""
        voxels = torch.tensor(shifts_mm / np.array(self.voxel_mm), dtype=torch.float32, device=volume.device)
        by_shot = voxels.reshape(-1, *(1,) * (2 - self.slow_axis), 3)
        turns = torch.zeros((), device=volume.device)
        for axis in range(3):
            frequencies = torch.fft.fftfreq(volume.shape[axis - 3], device=volume.device)
            turns = turns + frequencies.reshape(-1, *(1,) * (2 - axis)) * by_shot[..., axis]
        turns = turns * (-2 * math.pi)
        return torch.polar(torch.ones_like(turns), turns)


def drawn_volume_motion(
    movement: Movement, rng: np.random.Generator, *, voxel_mm: tuple[float, float, float], slow_axis: int
) -> VolumeMotion:
    """Draw a motion of a wanted severity whose central shot saw no movement, so that the truth stays aligned."""
    return VolumeMotion(
        trajectory=drawn_trajectory(movement, rng, axes=3),
        voxel_mm=voxel_mm,
        slow_axis=slow_axis,
        encoding=movement.encoding,
    )
