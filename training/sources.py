"""Builds the batches of a recipe from a data folder. Touches: the data folder (reads), the cache folder (writes)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from restoration.metrics.arrays import StoredSlice
from restoration.physics.phantoms import mr_anatomy
from training.batch import BatchSource
from training.crops_ct import CtCrops
from training.crops_mr import MrCrops
from training.data import load_slices
from training.recipe import CtNoise, Recipe
from training.simulate import ct_pairs

_MR_PHANTOM_SIZE = 256


def batch_source(recipe: Recipe, data: Path | None, cache: Path, progress: Callable[[int, int], None]) -> BatchSource:
    """Prepare a recipe's batches.

    Parameters
    ----------
    recipe
        What to train.
    data
        Folder of real volumes; None trains on phantoms only.
    cache
        Folder for what is simulated once.
    progress
        Called with (done, all) while simulating.

    Returns
    -------
    BatchSource
        Same recipe and data, same batches.

    Raises
    ------
    DataError
        The folder holds nothing of the recipe's modality.
    """
    noise = recipe.noise
    real = [] if data is None else load_slices(data, "CT" if isinstance(noise, CtNoise) else "MR")
    if isinstance(noise, CtNoise):
        return CtCrops(recipe=recipe, noise=noise, pairs=ct_pairs(recipe, noise, real, cache, progress))
    drawn: list[StoredSlice] = []
    for index in range(recipe.phantoms):
        picture = mr_anatomy(_MR_PHANTOM_SIZE, np.random.default_rng((recipe.seed, index)))
        drawn.append(StoredSlice(array=picture, pixel_mm=1.0, source="phantom", own_sigma=0.0))
        progress(index + 1, recipe.phantoms)
    return MrCrops(recipe=recipe, noise=noise, real=_balanced(real), drawn=drawn)


def _balanced(slices: list[StoredSlice]) -> list[StoredSlice]:
    """Take at most as many slices of a volume as the second largest has, so that no volume rules the training."""
    counts: dict[str, int] = {}
    for item in slices:
        counts[item.source] = counts.get(item.source, 0) + 1
    limit = sorted(counts.values())[-2] if len(counts) > 1 else max(counts.values(), default=0)
    kept: list[StoredSlice] = []
    for source, count in counts.items():
        mine = [item for item in slices if item.source == source]
        kept += mine[:: max(1, -(-count // max(limit, 1)))]
    return kept
