"""Rigid motion of a slice between the lines of its k-space. Pure.

Every line is taken from the k-space of the object as it lay when the line was measured: a shift is a phase ramp, a turn
three shears by phase ramps (Unser et al., doi:10.1109/83.465102), so nothing is blurred by interpolation. Movement out
of the slice is not modelled. Content that leaves the field of view comes in at the opposite edge.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch

from restoration.physics.degradation import require_range
from restoration.physics.mr_trajectory import Movement, PhaseEncoding, Trajectory, drawn_trajectory, severity_mm

_ONE_PASS = PhaseEncoding()


@dataclass(frozen=True, kw_only=True)
class SliceMotion:
    """Line-wise rigid motion in the plane. Linear, differentiable; no movement is the identity.

    Attributes
    ----------
    trajectory
        Poses ``(row, column [mm], turn [degrees])`` over the time of the scan.
    pixel_mm
        Distance between rows and between columns [mm].
    phase_axis
        Axis along which lines follow each other: 0 (each row of k-space is a line) or 1.
    encoding
        When each line is measured.
    """

    trajectory: Trajectory
    pixel_mm: tuple[float, float]
    phase_axis: int = 0
    encoding: PhaseEncoding = _ONE_PASS

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            A phase axis that is neither 0 nor 1, or poses that are not those of a slice.
        """
        require_range("phase axis", self.phase_axis, 0, 1)
        require_range("numbers of a pose in the plane", len(self.trajectory.poses[0]), 3, 3)

    @property
    def severity_mm(self) -> float:
        """Root mean square displacement of a head-sized disc over all lines [mm]."""
        return severity_mm(self.trajectory, self.encoding)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Measure moving objects.

        Parameters
        ----------
        truth
            (..., rows, columns) float32 or complex64; all leading axes move alike.

        Returns
        -------
        torch.Tensor
            Same shape, complex64.
        """
        picture = truth.reshape(-1, *truth.shape[-2:])
        step_mm = (self.pixel_mm[0], self.pixel_mm[1])
        if self.phase_axis == 1:
            picture, step_mm = picture.mT, (step_mm[1], step_mm[0])
        lines = self._lines(picture.shape[-2])
        kspace = _turned_lines(picture, lines[:, 2], step_mm) * _shifts(lines[:, :2], picture, step_mm)
        answer: torch.Tensor = torch.fft.ifft2(kspace)
        return (answer.mT if self.phase_axis == 1 else answer).reshape(truth.shape)

    def _lines(self, count: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Shift along and across the lines' axis [mm] and turn [rad] of each line, frequency zero first."""
        poses = np.fft.ifftshift(np.array(self.encoding.poses(self.trajectory, count)), 0)
        poses[:, 2] = np.radians(poses[:, 2])
        return poses if self.phase_axis == 0 else np.stack([poses[:, 1], poses[:, 0], -poses[:, 2]], 1)


def drawn_motion(
    movement: Movement, rng: np.random.Generator, *, pixel_mm: tuple[float, float], phase_axis: int
) -> SliceMotion:
    """Draw a motion of a wanted severity whose central line saw no movement, so that the truth stays aligned."""
    return SliceMotion(
        trajectory=drawn_trajectory(movement, rng),
        pixel_mm=pixel_mm,
        phase_axis=phase_axis,
        encoding=movement.encoding,
    )


def sheared(picture: torch.Tensor, slopes: torch.Tensor, axes: tuple[int, int]) -> torch.Tensor:
    """Shift the content along one axis in proportion to the place on another. Unitary.

    Parameters
    ----------
    picture
        (..., rows, columns), real or complex.
    slopes
        Pixels of shift per pixel of distance from the middle; its shape is that of the picture's first axes.
    axes
        The axis that is shifted along and the axis that the shift depends on, as negative numbers.

    Returns
    -------
    torch.Tensor
        Complex, same shape, or with the slopes' axes where the picture's are 1.
    """
    spectrum = torch.fft.fft(picture, dim=axes[0]) * shear_ramp(picture, slopes, axes)
    answer: torch.Tensor = torch.fft.ifft(spectrum, dim=axes[0])
    return answer


def shear_ramp(picture: torch.Tensor, slopes: torch.Tensor, axes: tuple[int, int]) -> torch.Tensor:
    """Return the factors of a shear in the spectrum along its first axis; shape as for `sheared`."""
    along, across = picture.shape[axes[0]], picture.shape[axes[1]]
    places = torch.arange(across, device=picture.device) - (across - 1) / 2
    frequencies = torch.fft.fftfreq(along, device=picture.device) * (-2 * math.pi)
    first = frequencies.reshape(-1, *(1,) * (-axes[0] - 1))
    second = places.reshape(-1, *(1,) * (-axes[1] - 1))
    turns = slopes.reshape(slopes.shape + (1,) * (picture.ndim - slopes.ndim)) * (first * second)
    return torch.polar(torch.ones_like(turns), turns)


def _turned_lines(
    picture: torch.Tensor, angles: np.ndarray[tuple[int], np.dtype[np.float64]], step_mm: tuple[float, float]
) -> torch.Tensor:
    """k-space (pictures, lines, columns) whose every line is that of the picture turned by its angle [rad]."""
    different, which = np.unique(angles, return_inverse=True)
    if not different.any():
        plain: torch.Tensor = torch.fft.fft2(picture)
        return plain
    aspect = step_mm[1] / step_mm[0]
    outer = torch.tensor(-np.tan(different / 2) * aspect, dtype=torch.float32, device=picture.device)
    inner = torch.tensor(np.sin(different) / aspect, dtype=torch.float32, device=picture.device)
    turned = sheared(sheared(picture.unsqueeze(0), outer, (-2, -1)), inner, (-1, -2))
    # The last shear and the transform along the lines' axis share one FFT; then only each line's own angle stays.
    spectrum = torch.fft.fft(turned, dim=-2).movedim(-2, 1)
    index = torch.from_numpy(which).to(picture.device)
    lines = spectrum[index, torch.arange(len(which), device=picture.device)]
    places = torch.arange(picture.shape[-1], device=picture.device) - (picture.shape[-1] - 1) / 2
    steps = torch.fft.fftfreq(len(which), device=picture.device) * (-2 * math.pi) * outer[index]
    turns = (steps[:, None] * places)[:, None]
    answer: torch.Tensor = torch.fft.fft(lines * torch.polar(torch.ones_like(turns), turns), dim=-1)
    return answer.movedim(0, 1)


def _shifts(
    shifts_mm: np.ndarray[tuple[int, int], np.dtype[np.float64]], picture: torch.Tensor, step_mm: tuple[float, float]
) -> torch.Tensor:
    """Phase ramp (lines, columns) of each line's shift."""
    pixels = torch.tensor(shifts_mm / np.array(step_mm), dtype=torch.float32, device=picture.device)
    along = torch.fft.fftfreq(picture.shape[-2], device=picture.device) * pixels[:, 0]
    across = torch.fft.fftfreq(picture.shape[-1], device=picture.device) * pixels[:, 1, None]
    turns = -2 * math.pi * (along[:, None] + across)
    return torch.polar(torch.ones_like(turns), turns)
