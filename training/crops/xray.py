"""Batches of X-ray crops at few quanta. Pure."""

import math
from dataclasses import dataclass

import numpy as np
import torch

from restoration.physics.xray_quantum import XrayQuantum
from training.batch import SEEDS, Batch, FloatArray, discs
from training.crops.pictures import Pictures
from training.recipe import Recipe, XrayDose

_MARGIN = 8
"""Pixels simulated around a crop and cut off, so that the detector's blur meets no border."""

_LEAST_EXPOSURE = 0.02
"""Planted discs leave at least this much [share of the median exposure]."""


@dataclass(frozen=True, kw_only=True, eq=False)
class XrayCrops:
    """Draws crops and exposes them without and with discs under the same noise.

    Attributes
    ----------
    recipe, how
        The recipe and its exposure.
    pictures
        Truth to cut from, in shares of the median exposure.
    """

    recipe: Recipe
    how: XrayDose
    pictures: Pictures

    def batch(self, step: int) -> Batch:
        """Return the batch of one step; the truth is blurred by the detector as the picture is."""
        rng = np.random.default_rng((self.recipe.seed, 1, step))
        pairs = [self._exposed(rng) for _ in range(self.recipe.schedule.batch)]
        noisy, clean = (torch.stack(column) / self.recipe.scale for column in zip(*pairs, strict=True))
        twice = round(self.recipe.planted.share * len(noisy))
        return Batch(
            noisy=noisy[:, :1],
            clean=clean[:, :1],
            planted_noisy=noisy[:twice, 1:],
            planted_clean=clean[:twice, 1:],
        )

    def _exposed(self, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Return a crop without and with discs, (2, rows, columns) each: as exposed, and without noise."""
        size = self.recipe.schedule.crop + 2 * _MARGIN
        base = self.pictures.crop(size, rng)[0]
        if rng.integers(2):
            base = self._with_discs(base, rng)
        how = self._exposure(rng)
        truths = [torch.from_numpy(item) for item in (base, self._with_discs(base, rng))]
        inner = slice(_MARGIN, -_MARGIN)
        noisy, clean = ([answer(truth)[inner, inner] for truth in truths] for answer in (how, how.without_noise))
        return torch.stack(noisy), torch.stack(clean)

    def _with_discs(self, picture: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Discs weaken or strengthen the exposure by a share of it."""
        planted = discs(picture.shape[0], self.recipe.planted, rng)
        return np.asarray(np.maximum(picture * (1 + planted), _LEAST_EXPOSURE), np.float32)

    def _exposure(self, rng: np.random.Generator) -> XrayQuantum:
        lowest, highest = self.how.quanta
        return XrayQuantum(
            dose=1.0,
            quanta_at_unit=math.exp(rng.uniform(math.log(lowest), math.log(highest))),
            electronic=float(rng.uniform(*self.how.electronic)),
            blur_pixels=float(rng.uniform(*self.how.blur)),
            spread="lorentzian" if rng.integers(2) else "gaussian",
            seed=int(rng.integers(SEEDS)),
        )
