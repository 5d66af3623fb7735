"""Ghosts: copies of the object along the phase axis, where lines differ in a regular way. Pure.

Echo-planar lines read forwards and backwards differ in phase (ghost half a field of view away); breathing modulates
brightness and place from line to line (ghosts as many pixels away as there are breaths per scan, to both sides).
"""

import math
from dataclasses import dataclass

import torch

from restoration.physics.degradation import require_range
from restoration.physics.kspace import along


@dataclass(frozen=True, kw_only=True)
class NyquistGhost:
    """N/2 ghost of echo-planar scans. Unitary, differentiable.

    Attributes
    ----------
    phase
        Difference in phase between odd and even lines [rad]: the ghost is sin(phase / 2) of the object, which fades
        to cos(phase / 2).
    delay
        Shift of the odd lines' echoes against the even ones' [samples of the readout]; makes the phase grow along it.
    phase_axis
        Axis along which lines follow each other: 0 (rows) or 1.
    """

    phase: float
    delay: float = 0.0
    phase_axis: int = 0

    def __post_init__(self) -> None:
        """Check the range.

        Raises
        ------
        ParameterError
            Another phase axis than 0 or 1.
        """
        require_range("phase axis", self.phase_axis, 0, 1)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Measure (..., rows, columns) float32 or complex64; same shape, complex64."""
        axis, readout = self.phase_axis - 2, -1 - self.phase_axis
        length = truth.shape[readout]
        place = (torch.arange(length, device=truth.device) - length // 2) / length
        sign = 1 - 2 * (_line_numbers(truth, axis) % 2)
        half = along(self.phase / 2 + math.pi * self.delay * place, readout) * along(sign, axis)
        return _modulated(truth, torch.polar(torch.ones_like(half), half), axis)


@dataclass(frozen=True, kw_only=True)
class BreathingGhost:
    """Ghosts of a periodic change from line to line. Linear, differentiable.

    Attributes
    ----------
    cycles
        Breaths per scan; the distance of the first ghosts [pixels].
    depth
        Modulation of brightness, 0 to 1: each first ghost is half of it.
    shift
        Largest displacement along the phase axis [pixels].
    begin
        Where in a breath the scan begins [rad].
    phase_axis
        Axis along which lines follow each other: 0 (rows) or 1.
    """

    cycles: float
    depth: float = 0.0
    shift: float = 0.0
    begin: float = 0.0
    phase_axis: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            A depth outside 0 to 1, no positive number of cycles, or another phase axis than 0 or 1.
        """
        require_range("modulation of brightness", self.depth, 0.0, 1.0)
        require_range("breaths per scan", self.cycles, 0.0)
        require_range("phase axis", self.phase_axis, 0, 1)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Measure (..., rows, columns) float32 or complex64; same shape, complex64."""
        axis = self.phase_axis - 2
        lines = _line_numbers(truth, axis)
        breath = torch.cos(2 * math.pi * self.cycles * lines / len(lines) + self.begin)
        turns = -2 * math.pi * torch.fft.fftfreq(len(lines), device=truth.device) * self.shift * breath
        return _modulated(truth, along(torch.polar(1 + self.depth * breath, turns), axis), axis)


def _line_numbers(truth: torch.Tensor, axis: int) -> torch.Tensor:
    """When each line is measured (lines,) int64, frequency zero first."""
    order: torch.Tensor = torch.fft.ifftshift(torch.arange(truth.shape[axis], device=truth.device))
    return order


def _modulated(truth: torch.Tensor, factors: torch.Tensor, axis: int) -> torch.Tensor:
    """Multiply the lines along an axis."""
    picture: torch.Tensor = torch.fft.ifft(torch.fft.fft(truth, dim=axis) * factors, dim=axis)
    return picture
