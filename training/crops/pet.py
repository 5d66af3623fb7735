"""Batches of PET crops with few counts, from procedural bodies. Pure."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from restoration.anatomy.pet import pet_anatomy_volume
from restoration.levels import reference_level
from restoration.physics.pet_counts import PetCounts
from restoration.volume import Volume
from training.batch import SEEDS, Batch, balls, turned
from training.recipe import PetCounting, Recipe

FloatArray = npt.NDArray[np.float32]
Triple = tuple[float, float, float]

_SIZE = 144
_SLICES = 16
_ACTIVE = 0.2
_ACTIVE_SHARE = 0.25
_TRIES = 20
_MARGIN = 4
"""Pixels simulated around a crop and cut off, so that the noise's correlation meets no border."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Body:
    """A noise-free volume in shares of its reference level, and its grid [mm]."""

    array: FloatArray
    spacing_mm: Triple
    level: float


def drawn_body(how: PetCounting, rng: np.random.Generator) -> Body:
    """Draw a body on a grid of the recipe's range."""
    pixel_mm, slice_mm = float(rng.uniform(*how.pixel_mm)), float(rng.uniform(*how.slice_mm))
    spacing_mm = (slice_mm, pixel_mm, pixel_mm)
    activity = pet_anatomy_volume(_SLICES, _SIZE, rng, spacing_mm=spacing_mm)
    level = reference_level(
        Volume(
            array=activity,
            pixel_mm=(pixel_mm, pixel_mm),
            positions_mm=tuple(slice_mm * index for index in range(_SLICES)),
            thickness_mm=slice_mm,
            unit="Bq/mL",
        )
    )
    return Body(array=activity / np.float32(level), spacing_mm=spacing_mm, level=level)


@dataclass(frozen=True, kw_only=True, eq=False)
class PetCrops:
    """Draws slabs, plants hot and cold balls, and counts both under the same noise.

    Attributes
    ----------
    recipe, how
        The recipe and its counting.
    bodies
        Truth to cut from.
    """

    recipe: Recipe
    how: PetCounting
    bodies: list[Body]

    def batch(self, step: int) -> Batch:
        """Return the batch of one step."""
        rng = np.random.default_rng((self.recipe.seed, 1, step))
        count = self.recipe.schedule.batch
        twice = round(self.recipe.planted.share * count)
        pairs = [self._counted(rng) for _ in range(count)]
        noisy, clean, more_noisy, more_clean = (
            torch.stack([pair[with_balls][kind] for pair in pairs]) / self.recipe.scale
            for with_balls in (0, 1)
            for kind in (0, 1)
        )
        middle = slice(self.recipe.network.slices // 2, self.recipe.network.slices // 2 + 1)
        return Batch(
            noisy=noisy,
            clean=clean[:, middle],
            planted_noisy=more_noisy[:twice],
            planted_clean=more_clean[:twice, middle],
        )

    def _counted(self, rng: np.random.Generator) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Return (noisy, truth) slabs of an object, and of the same object with balls under the same noise."""
        body, slab = self._slab(rng)
        base = self._with_balls(slab, body, rng) if rng.integers(2) else slab
        how = self._counting(body, rng)
        inner = slice(_MARGIN, -_MARGIN)
        truths = (torch.from_numpy(item) for item in (base, self._with_balls(base, body, rng)))
        return [(how(truth)[:, inner, inner], truth[:, inner, inner]) for truth in truths]

    def _with_balls(self, slab: FloatArray, body: Body, rng: np.random.Generator) -> FloatArray:
        slices, rows, columns = slab.shape
        slice_pixels = body.spacing_mm[0] / body.spacing_mm[1]
        planted = balls((slices, rows, columns), self.recipe.planted, rng, slice_pixels=slice_pixels)
        return np.asarray(np.clip(slab + planted, 0, None), np.float32)

    def _counting(self, body: Body, rng: np.random.Generator) -> PetCounts:
        lowest, highest = self.how.counts
        return PetCounts(
            share=1.0,
            counts_per_unit=math.exp(rng.uniform(math.log(lowest), math.log(highest))),
            resolution_mm=float(rng.uniform(*self.how.resolution_mm)),
            voxel_mm=body.spacing_mm,
            truth="ideal",
            seed=int(rng.integers(SEEDS)),
        )

    def _slab(self, rng: np.random.Generator) -> tuple[Body, FloatArray]:
        wanted = (self.recipe.network.slices, *(self.recipe.schedule.crop + 2 * _MARGIN,) * 2)
        for _ in range(_TRIES):
            body = self.bodies[rng.integers(len(self.bodies))]
            first = [int(rng.integers(had - part + 1)) for had, part in zip(body.array.shape, wanted, strict=True)]
            slab = body.array[tuple(slice(low, low + part) for low, part in zip(first, wanted, strict=True))]
            if (slab > _ACTIVE).mean() > _ACTIVE_SHARE:
                break
        return body, turned((slab,), rng)[0]
