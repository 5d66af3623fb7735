"""Batches of CT crops from simulated pairs. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from training.batch import Batch, planted_discs, stacked
from training.recipe import CtNoise, Recipe
from training.simulate import Pair

FloatArray = npt.NDArray[np.float32]

_BODY_HU = -900.0
_BODY_SHARE = 0.3
_TRIES = 20


@dataclass(frozen=True, kw_only=True, eq=False)
class CtCrops:
    """Draws crops, turns and mirrors truth and noise together, and plants discs.

    Attributes
    ----------
    recipe, noise
        The recipe and its noise.
    pairs
        Slices with their noise.
    """

    recipe: Recipe
    noise: CtNoise
    pairs: list[Pair]

    def batch(self, step: int) -> Batch:
        """Return the batch of one step."""
        rng = np.random.default_rng((self.recipe.seed, 1, step))
        crops = [self._crop(rng) for _ in range(self.recipe.schedule.batch)]
        size, discs = self.recipe.schedule.crop, self.recipe.discs
        base = [clean + planted_discs(size, discs, rng) * rng.integers(2) for clean, _ in crops]
        more = [clean + planted_discs(size, discs, rng) for clean in base]
        pack = (self.recipe.scale, self.recipe.clamp)
        return Batch(
            noisy=stacked([clean + added for clean, (_, added) in zip(base, crops, strict=True)], *pack),
            clean=stacked(base, *pack),
            planted_noisy=stacked([clean + added for clean, (_, added) in zip(more, crops, strict=True)], *pack),
            planted_clean=stacked(more, *pack),
        )

    def _crop(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray]:
        """Draw one crop that holds enough body, and its noise."""
        size = self.recipe.schedule.crop
        for _ in range(_TRIES):
            pair = self._pair(rng)
            row, column = (int(rng.integers(side - size + 1)) for side in pair.clean.shape)
            where = (slice(row, row + size), slice(column, column + size))
            if (pair.clean[where] > _BODY_HU).mean() > _BODY_SHARE:
                break
        which = int(rng.integers(len(pair.noise)))
        added = pair.noise[which][where] * np.float32(max(rng.uniform(*self.noise.jitter), pair.least[which]))
        turn, mirror = int(rng.integers(4)), int(rng.integers(2))
        clean, added = (np.rot90(a, turn)[:, :: 1 - 2 * mirror] for a in (pair.clean[where], added))
        return np.ascontiguousarray(clean), np.ascontiguousarray(added)

    def _pair(self, rng: np.random.Generator) -> Pair:
        real = [pair for pair in self.pairs if pair.real]
        drawn = [pair for pair in self.pairs if not pair.real]
        pool = real if real and rng.random() < self.recipe.real_share else drawn
        return pool[rng.integers(len(pool))]
