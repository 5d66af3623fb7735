"""A pool of pictures to learn from, whole or in crops: patients and phantoms by the recipe's share. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from restoration.metrics.arrays import StoredSlice
from restoration.physics.mr_truncation import regridded
from training.batch import turned

FloatArray = npt.NDArray[np.float32]

_SIGNAL = 0.1
_SIGNAL_SHARE = 0.2
_TRIES = 20

_FILLED = (0.8, 1.0)
"""Share of a field of view that a whole picture's longer side takes up."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Pictures:
    """Real slices (may be empty) and phantoms, in shares of the 99.5 % signal.

    Attributes
    ----------
    real, drawn
        The pool.
    real_share
        Share of crops taken from real slices, where there are any.
    """

    real: list[StoredSlice]
    drawn: list[StoredSlice]
    real_share: float

    def crop(self, size: int, rng: np.random.Generator) -> tuple[FloatArray, float]:
        """Draw a turned and mirrored (size, size) crop that holds enough signal, and its own noise."""
        real = [item for item in self.real if min(item.array.shape) >= size]
        for _ in range(_TRIES):
            pool = real if real and rng.random() < self.real_share else self.drawn
            item = pool[rng.integers(len(pool))]
            row, column = (int(rng.integers(side - size + 1)) for side in item.array.shape)
            crop = item.array[row : row + size, column : column + size]
            if (crop > _SIGNAL).mean() > _SIGNAL_SHARE:
                break
        return turned((crop,), rng)[0], item.own_sigma

    def whole(self, size: int, rng: np.random.Generator) -> FloatArray:
        """Draw a whole picture, turned and mirrored, on a coarser grid in the middle of an empty (size, size) one."""
        pool = self.real if self.real and rng.random() < self.real_share else self.drawn
        picture = torch.from_numpy(pool[rng.integers(len(pool))].array)
        share = min(1.0, rng.uniform(*_FILLED) * size / max(picture.shape))
        for axis in (-2, -1):
            picture = regridded(picture, axis, max(2, round(picture.shape[axis] * share / 2) * 2))
        rows, columns = picture.shape
        field = np.zeros((size, size), np.float32)
        first, left = (size - rows) // 2, (size - columns) // 2
        field[first : first + rows, left : left + columns] = picture.clamp_min(0).numpy()
        return turned((field,), rng)[0]
