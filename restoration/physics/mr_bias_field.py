"""Shading by the sensitivity of the receive coil. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from restoration.physics.degradation import require_range
from restoration.physics.kspace import smooth_fields

_STREAM = 3
"""Stream of chance, apart from those of phase and gain."""


@dataclass(frozen=True, kw_only=True)
class BiasField:
    """A smooth positive factor of mean one. Linear, differentiable; real stays real.

    Attributes
    ----------
    seed
        Chance; never negative.
    amplitude
        Logarithm of the largest factor over the typical one, 0 to 2.
    axes
        2 for slices, 3 for volumes.
    """

    seed: int
    amplitude: float
    axes: int = 2

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            An amplitude outside 0 to 2, a negative seed, or axes other than 2 or 3.
        """
        require_range("amplitude of the bias field", self.amplitude, 0.0, 2.0)
        require_range("axes of the bias field", self.axes, 2, 3)
        require_range("seed", self.seed, 0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Shade (..., rows, columns) float32 or complex64; same shape and kind, the same field for leading axes."""
        return truth * self.field(truth.shape[-self.axes :], truth.device)

    def field(self, shape: Sequence[int], device: torch.device | str = "cpu") -> torch.Tensor:
        """Return the factor (*shape) float32, larger than 0, mean 1."""
        factor = torch.exp(self.amplitude * smooth_fields(shape, [(self.seed, _STREAM)], device)[0])
        return factor / factor.mean()
