"""Batches of noisy MR crops, measured afresh in every step. Pure."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from restoration.physics.mr_noise import Measurement, measured
from training.batch import SEEDS, Batch, FloatArray, discs
from training.crops.pictures import Pictures
from training.recipe import MrNoise, Recipe

MARGIN = 8
"""Pixels simulated around a crop and cut off, so that k-space's wrap-around stays outside."""

_TISSUE = 0.05
"""Discs are planted where the signal is above this [share of the 99.5 % signal]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class MrCrops:
    """Draws crops and measures them without and with discs under the same noise.

    Attributes
    ----------
    recipe, noise
        The recipe and its noise.
    pictures
        Truth to cut from.
    """

    recipe: Recipe
    noise: MrNoise
    pictures: Pictures

    def batch(self, step: int) -> Batch:
        """Return the batch of one step."""
        rng = np.random.default_rng((self.recipe.seed, 1, step))
        pairs, how = zip(*(self._object(rng) for _ in range(self.recipe.schedule.batch)), strict=True)
        seen = measured(torch.from_numpy(np.stack(pairs)), how)
        inner = slice(MARGIN, -MARGIN)
        noisy, clean = (picture[..., inner, inner] / self.recipe.scale for picture in (seen.noisy, seen.clean))
        twice = round(self.recipe.planted.share * len(noisy))
        return Batch(
            noisy=noisy[:, :1],
            clean=clean[:, :1],
            planted_noisy=noisy[:twice, 1:],
            planted_clean=clean[:twice, 1:],
        )

    def _object(self, rng: np.random.Generator) -> tuple[FloatArray, Measurement]:
        """Draw an object without and with discs, (2, rows, columns), and how it is measured."""
        size = self.recipe.schedule.crop + 2 * MARGIN
        crop, own_sigma = self.pictures.crop(size, rng)
        brightness = np.float32(rng.uniform(0.5, 1.2))
        base = crop * brightness
        base = np.clip(base + discs(size, self.recipe.planted, rng) * rng.integers(2), 0, None)
        more = np.clip(base + discs(size, self.recipe.planted, rng) * (base > _TISSUE), 0, None)
        least = self.noise.least_ratio * own_sigma * float(brightness)
        return np.stack([base, more]).astype(np.float32), self._measurement(least, rng)

    def _measurement(self, least_sigma: float, rng: np.random.Generator) -> Measurement:
        noise = self.noise
        lowest, highest = noise.sigma
        return Measurement(
            seed=int(rng.integers(SEEDS)),
            sigma=max(math.exp(rng.uniform(math.log(lowest), math.log(highest))), least_sigma),
            fill=(float(rng.choice(noise.fill)), float(rng.choice(noise.fill))),
            taper=float(rng.uniform(*noise.taper)) * int(rng.integers(2)),
            phase=float(rng.uniform(0, 2.5)),
            swing=float(rng.uniform(*noise.gain)),
        )
