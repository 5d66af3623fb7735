"""Lines of k-space left out to save time, the rest filled with zeros. Pure."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch

from restoration.physics.degradation import require_range
from restoration.physics.kspace import along


class Pattern(StrEnum):
    """Lines outside the centre: evenly spaced (aliasing folds) or by chance (aliasing is noise-like)."""

    REGULAR = "regular"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Undersampling:
    """A measurement of part of the lines (Zbontar et al., fastMRI, arXiv 1811.08839). Linear, a projection.

    Attributes
    ----------
    seed
        Chance of the random lines, or of where the regular ones begin; never negative.
    acceleration
        All lines over measured lines, at least 1; one in ``acceleration`` lines is measured, those of the centre too.
    centre
        Share of the lines, around frequency zero, that is measured in any case.
    pattern
        How the other lines are chosen.
    phase_axis
        Axis along which lines follow each other: 0 (rows) or 1.
    """

    seed: int
    acceleration: float
    centre: float = 0.08
    pattern: Pattern = Pattern.RANDOM
    phase_axis: int = 0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            An acceleration below 1, a centre outside 0 to 1, another phase axis than 0 or 1, a negative seed.
        """
        require_range("acceleration", self.acceleration, 1.0)
        require_range("centre of k-space", self.centre, 0.0, 1.0)
        require_range("phase axis", self.phase_axis, 0, 1)
        require_range("seed", self.seed, 0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Measure (..., rows, columns) float32 or complex64; same shape, complex64, unmeasured lines zero."""
        axis = self.phase_axis - 2
        mask = torch.from_numpy(np.fft.ifftshift(self.lines(truth.shape[axis]))).to(truth.device)
        picture: torch.Tensor = torch.fft.ifft(torch.fft.fft(truth, dim=axis) * along(mask, axis), dim=axis)
        return picture

    def lines(self, count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Return which of the lines are measured (count,) bool, frequency zero at index ``count // 2``."""
        rng = np.random.default_rng(self.seed)
        mask = np.zeros(count, bool)
        middle = max(1, round(count * self.centre))
        first = count // 2 - middle // 2
        mask[first : first + middle] = True
        others = np.flatnonzero(~mask)
        wanted = min(max(round(count / self.acceleration) - middle, 0), len(others))
        if self.pattern is Pattern.RANDOM:
            mask[rng.choice(others, wanted, replace=False)] = True
        elif wanted:
            step = len(others) / wanted
            mask[others[(rng.uniform(0, step) + step * np.arange(wanted)).astype(int)]] = True
        return mask
