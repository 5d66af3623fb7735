"""Spikes of electric discharges in k-space: stripes through the whole picture (herringbone). Pure."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from restoration.physics.degradation import require_range
from restoration.physics.kspace import last_axes, to_picture


@dataclass(frozen=True, kw_only=True)
class Spikes:
    """Single wrong samples of k-space, somewhere outside frequency zero. Differentiable.

    Attributes
    ----------
    seed
        Chance of places and phases; never negative.
    count
        Number of spikes.
    strength
        Amplitude of the stripes of each spike as a share of the picture's mean magnitude.
    """

    seed: int
    count: int = 1
    strength: float = 0.3

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            A negative count, strength or seed.
        """
        require_range("number of spikes", self.count, 0)
        require_range("strength of spikes", self.strength, 0.0)
        require_range("seed", self.seed, 0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Add the spikes to (..., rows, columns) float32 or complex64; same shape, complex64; one place for all."""
        rows, columns = truth.shape[-2:]
        level = truth.abs().mean(last_axes(2), keepdim=True) * self.strength
        return truth + level * to_picture(self._samples(rows, columns).to(truth.device))

    def _samples(self, rows: int, columns: int) -> torch.Tensor:
        """k-space of stripes of amplitude 1 (rows, columns) complex64."""
        rng = np.random.default_rng(self.seed)
        kspace = np.zeros(rows * columns, np.complex64)
        zero = rows // 2 * columns + columns // 2
        places = np.delete(np.arange(rows * columns), zero)
        chosen = rng.choice(places, self.count, replace=False)
        kspace[chosen] = math.sqrt(rows * columns) * np.exp(1j * rng.uniform(0, 2 * np.pi, self.count))
        return torch.from_numpy(kspace.reshape(rows, columns))
