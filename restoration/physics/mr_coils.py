"""Several receive coils whose noise is correlated, and how their pictures become one. Pure.

The sum of squares has a noncentral chi floor, higher with every coil; the matched combination stays Rician, with noise
that depends on the place where coils share noise (Roemer et al., doi:10.1002/mrm.1910160203; Constantinides et al.,
doi:10.1002/mrm.1910380524).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import torch

from restoration.physics.degradation import require_range
from restoration.physics.kspace import complex_noise


class Combination(StrEnum):
    """How coil pictures become one: root of the sum of squares (a magnitude), or matched to the sensitivities."""

    SUM_OF_SQUARES = "sum of squares"
    MATCHED = "matched"


@dataclass(frozen=True, kw_only=True)
class CoilNoise:
    """A measurement by coils around the object. Differentiable.

    Attributes
    ----------
    seed
        Chance of the noise; never negative.
    sigma
        Standard deviation of each part of each coil's noise [unit of the picture].
    coils
        Number of coils on a ring around the field of view.
    correlation
        Correlation between the noise of any two coils, 0 to 0.9.
    combination
        How one picture comes of them.
    """

    seed: int
    sigma: float
    coils: int = 8
    correlation: float = 0.1
    combination: Combination = Combination.SUM_OF_SQUARES

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            A negative standard deviation or seed, no coil or more than 64, a correlation outside 0 to 0.9.
        """
        require_range("standard deviation of the noise", self.sigma, 0.0)
        require_range("number of coils", self.coils, 1, 64)
        require_range("correlation between coils", self.correlation, 0.0, 0.9)
        require_range("seed", self.seed, 0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Measure pictures.

        Parameters
        ----------
        truth
            (..., rows, columns) float32 or complex64; leading axes get noise of their own.

        Returns
        -------
        torch.Tensor
            Same shape: magnitude float32 for the sum of squares, complex64 for the matched combination.
        """
        sensitivities = self.sensitivities(truth.shape[-2:], truth.device)
        white = complex_noise(self.seed, (*truth.shape[:-2], self.coils, *truth.shape[-2:]), truth.device)
        mixing = torch.linalg.cholesky(self._covariance(truth.device)).to(white.dtype)
        noise = (mixing @ white.flatten(-2)).reshape(white.shape) * self.sigma
        pictures = truth.unsqueeze(-3) * sensitivities + noise
        if self.combination is Combination.MATCHED:
            combined: torch.Tensor = (sensitivities.conj() * pictures).sum(-3)
        else:
            combined = pictures.abs().square().sum(-3).sqrt()
        return combined

    def sensitivities(self, shape: Sequence[int], device: torch.device | str = "cpu") -> torch.Tensor:
        """Return what each coil sees (coils, rows, columns) complex64; the sum of squares is 1 everywhere."""
        rows, columns = (torch.linspace(-1, 1, length, device=device) for length in shape)
        angles = torch.arange(self.coils, device=device) * (2 * math.pi / self.coils)
        down = rows[:, None] - 1.2 * torch.cos(angles)[:, None, None]
        right = columns - 1.2 * torch.sin(angles)[:, None, None]
        seen = torch.exp(-(down.square() + right.square()) / 2)
        seen = seen / seen.square().sum(0, keepdim=True).sqrt()
        return torch.polar(seen, angles[:, None, None] + (down + right) / 2)

    def _covariance(self, device: torch.device | str) -> torch.Tensor:
        """Covariance of the coils' noise (coils, coils), unit variance."""
        shared = torch.full((self.coils, self.coils), self.correlation, device=device)
        return shared + (1 - self.correlation) * torch.eye(self.coils, device=device)
