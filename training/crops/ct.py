"""Batches of CT crops from simulated pairs: single slices, or thin neighbours. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from training.batch import Batch, balls, sheets, stacked, turned
from training.recipe import CtNoise, CtSlab, Recipe
from training.simulate import Pair

FloatArray = npt.NDArray[np.float32]

_BODY_HU = -900.0
_BODY_SHARE = 0.3
_TRIES = 20
_BEND_NODES = 4
"""Nodes along each side of the grid that bends a patient's slice into its neighbours."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CtCrops:
    """Draws crops, turns and mirrors truth and noise together, and plants discs or balls.

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
        measured_twice = crops[: round(self.recipe.planted.share * len(crops))]
        more = [clean + self._planted(added, slice_pixels, rng) for clean, added, slice_pixels in measured_twice]
        pack = (self.recipe.scale, self.recipe.clamp)
        middle = self.recipe.network.slices // 2
        return Batch(
            noisy=stacked([clean + added for clean, added, _ in crops], *pack),
            clean=stacked([clean[middle] for clean, _, _ in crops], *pack),
            planted_noisy=stacked([full + crop[1] for full, crop in zip(more, crops, strict=False)], *pack),
            planted_clean=stacked([full[middle] for full in more], *pack),
        )

    def _planted(self, added: FloatArray, slice_pixels: float, rng: np.random.Generator) -> FloatArray:
        slices, rows, columns = added.shape
        how = self.recipe.planted
        drawn = balls((slices, rows, columns), how, rng, slice_pixels=slice_pixels)
        if how.sheets is None:
            return drawn
        noise = float(added.std())
        return drawn + sheets((slices, rows, columns), how.sheets, rng, noise=noise, slice_pixels=slice_pixels)

    def _crop(self, rng: np.random.Generator) -> tuple[FloatArray, FloatArray, float]:
        """Draw truth that holds enough body, its noise, and the distance of slices [pixels]."""
        size = self.recipe.schedule.crop
        for _ in range(_TRIES):
            pair = self._pair(rng)
            row, column = (int(rng.integers(side - size + 1)) for side in pair.clean.shape[1:])
            where = (slice(None), slice(row, row + size), slice(column, column + size))
            if (pair.clean[where] > _BODY_HU).mean() > _BODY_SHARE:
                break
        scan = int(rng.integers(len(pair.noise)))
        factor = np.float32(max(rng.uniform(*self.noise.jitter), pair.least[scan]))
        clean, slice_mm = self._neighbours(pair, pair.clean[where], rng)
        added = self._realised(pair.noise[scan][where], rng) * factor
        clean, added = turned((clean, added), rng)
        slice_pixels = slice_mm / pair.pixel_mm if slice_mm else np.inf
        return clean + self._planted(added, slice_pixels, rng) * rng.integers(2), added, slice_pixels

    def _neighbours(self, pair: Pair, clean: FloatArray, rng: np.random.Generator) -> tuple[FloatArray, float]:
        """Return as many neighbouring slices as the network sees, and their distance [mm]."""
        count = self.recipe.network.slices
        if len(clean) >= count:
            first = int(rng.integers(len(clean) - count + 1))
            return clean[first : first + count], pair.slice_mm
        if not isinstance(self.noise, CtSlab):
            return clean, 0.0
        return _bent(clean[0], count, float(rng.uniform(*self.noise.bend)), rng), float(
            rng.uniform(*self.noise.slice_mm)
        )

    def _realised(self, scan: FloatArray, rng: np.random.Generator) -> FloatArray:
        """Return one realisation per slice, which neighbours share some of, or a fresh mixture for a single slice."""
        count = self.recipe.network.slices
        if not isinstance(self.noise, CtSlab):
            mixture = rng.normal(size=len(scan)).astype(np.float32)
            return np.tensordot(mixture / np.linalg.norm(mixture), scan, 1)[None]
        chosen = scan[rng.permutation(len(scan))[: count + 2]]
        shared = np.float32(rng.uniform(*self.noise.correlation))
        mixed = chosen[1:-1] + shared * (chosen[:-2] + chosen[2:])
        return np.asarray(mixed / np.sqrt(1 + 2 * shared**2), np.float32)

    def _pair(self, rng: np.random.Generator) -> Pair:
        real = [pair for pair in self.pairs if pair.real]
        drawn = [pair for pair in self.pairs if not pair.real]
        pool = real if real and rng.random() < self.recipe.real_share else drawn
        return pool[rng.integers(len(pool))]


def _bent(picture: FloatArray, count: int, pixels: float, rng: np.random.Generator) -> FloatArray:
    """Bend one slice step by step into neighbours, as anatomy wanders from slice to slice."""
    size = picture.shape[0]
    field = rng.normal(size=(2, _BEND_NODES, _BEND_NODES))
    field = pixels * ndimage.zoom(
        field, (1, size / _BEND_NODES, size / _BEND_NODES), order=1, grid_mode=True, mode="nearest"
    )
    places = np.mgrid[:size, :size].astype(np.float32)
    slices = [
        picture if step == 0 else ndimage.map_coordinates(picture, places + step * field, order=1, mode="nearest")
        for step in range(-(count // 2), count // 2 + 1)
    ]
    return np.asarray(np.stack(slices), np.float32)
