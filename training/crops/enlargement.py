"""Batches for super-resolution: half the k-space is measured, the whole matrix is wanted. Pure."""

from dataclasses import dataclass

import numpy as np
import torch

from restoration.physics.mr_noise import Measurement, measured
from restoration.physics.mr_truncation import enlarged, reduced
from training.batch import SEEDS, Batch
from training.crops.pictures import Pictures
from training.recipe import MrEnlargement, Recipe


@dataclass(frozen=True, kw_only=True, eq=False)
class EnlargementCrops:
    """Draws crops, measures them on a matrix of half the size, and shows the magnitude on the full one.

    Attributes
    ----------
    recipe, how
        The recipe and its measurement.
    pictures
        Truth to cut from, whole in k-space.
    """

    recipe: Recipe
    how: MrEnlargement
    pictures: Pictures

    def batch(self, step: int) -> Batch:
        """Return the batch of one step; all its crops are halved along the same axes."""
        rng = np.random.default_rng((self.recipe.seed, 1, step))
        size, count = self.recipe.schedule.crop, self.recipe.schedule.batch
        crops = [self.pictures.crop(size, rng)[0] * np.float32(rng.uniform(0.5, 1.2)) for _ in range(count)]
        truth = torch.from_numpy(np.stack(crops))[:, None]
        factors = (2, 1) if rng.random() < self.how.one_axis else (2, 2)
        coarse = measured(reduced(truth, factors), [self._measurement(rng) for _ in range(count)])
        seen = enlarged(coarse.noisy, factors) / self.recipe.scale
        nothing = seen[:0]
        return Batch(
            noisy=seen,
            clean=truth / self.recipe.scale,
            planted_noisy=nothing,
            planted_clean=nothing,
            factors=factors,
        )

    def _measurement(self, rng: np.random.Generator) -> Measurement:
        return Measurement(
            seed=int(rng.integers(SEEDS)),
            sigma=float(rng.uniform(*self.how.sigma)),
            taper=float(rng.uniform(*self.how.taper)) * int(rng.integers(2)),
            phase=float(rng.uniform(0, 2.5)),
        )
