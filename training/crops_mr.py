"""Batches of MR crops, measured afresh in every step. Pure."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.metrics.arrays import StoredSlice
from restoration.physics.mr_noise import Acquisition, acquired, smooth_field, white_noise
from training.batch import Batch, planted_discs, stacked
from training.recipe import MrNoise, Recipe

FloatArray = npt.NDArray[np.float32]

_SIGNAL = 0.1
_SIGNAL_SHARE = 0.2
_TRIES = 20
_MARGIN = 8
"""Pixels simulated around a crop and cut off, so that k-space's wrap-around stays outside."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MrCrops:
    """Draws crops and measures them without and with discs under the same noise.

    Attributes
    ----------
    recipe, noise
        The recipe and its noise.
    real, drawn
        Real slices (may be empty) and phantoms [share of the 99.5 % signal].
    """

    recipe: Recipe
    noise: MrNoise
    real: list[StoredSlice]
    drawn: list[StoredSlice]

    def batch(self, step: int) -> Batch:
        """Return the batch of one step."""
        rng = np.random.default_rng((self.recipe.seed, 1, step))
        columns = zip(*(self._measured(rng) for _ in range(self.recipe.schedule.batch)), strict=True)
        noisy, clean, planted_noisy, planted_clean = (
            stacked(list(column), self.recipe.scale, self.recipe.clamp) for column in columns
        )
        return Batch(noisy=noisy, clean=clean, planted_noisy=planted_noisy, planted_clean=planted_clean)

    def _measured(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        size = self.recipe.schedule.crop + 2 * _MARGIN
        base, own_sigma = self._crop(size, rng)
        brightness = np.float32(rng.uniform(0.5, 1.2))
        base = base * brightness
        base = np.clip(base + planted_discs(size, self.recipe.discs, rng) * rng.integers(2), 0, None)
        more = np.clip(base + planted_discs(size, self.recipe.discs, rng) * (base > _SIGNAL / 2), 0, None)
        how = self._acquisition((size, size), self.noise.least_ratio * own_sigma * float(brightness), rng)
        noise = white_noise((size, size), rng)
        inner = (slice(_MARGIN, -_MARGIN), slice(_MARGIN, -_MARGIN))
        return (
            acquired(base, how, noise)[inner],
            acquired(base, how, None)[inner],
            acquired(more, how, noise)[inner],
            acquired(more, how, None)[inner],
        )

    def _acquisition(self, shape: tuple[int, int], least_sigma: float, rng: np.random.Generator) -> Acquisition:
        noise = self.noise
        swing = rng.uniform(*noise.gain)
        lowest, highest = noise.sigma
        return Acquisition(
            sigma=max(math.exp(rng.uniform(math.log(lowest), math.log(highest))), least_sigma),
            fill=(float(rng.choice(noise.fill)), float(rng.choice(noise.fill))),
            taper=float(rng.uniform(*noise.taper)) * int(rng.integers(2)),
            phase=smooth_field(shape, rng) * np.float32(rng.uniform(0, 2.5)),
            gain=np.exp(smooth_field(shape, rng) * np.float32(swing)),
        )

    def _crop(self, size: int, rng: np.random.Generator) -> tuple[FloatArray, float]:
        """Draw one turned and mirrored crop that holds enough signal, and its own noise."""
        for _ in range(_TRIES):
            pool = self.real if self.real and rng.random() < self.recipe.real_share else self.drawn
            item = pool[rng.integers(len(pool))]
            row, column = (int(rng.integers(side - size + 1)) for side in item.array.shape)
            crop = item.array[row : row + size, column : column + size]
            if (crop > _SIGNAL).mean() > _SIGNAL_SHARE:
                break
        turn, mirror = int(rng.integers(4)), int(rng.integers(2))
        return np.ascontiguousarray(np.rot90(crop, turn)[:, :: 1 - 2 * mirror]), item.own_sigma
