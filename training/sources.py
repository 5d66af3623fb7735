"""Builds the batches of a recipe from a data folder. Touches: the data folder (reads), the cache folder (writes)."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import assert_never

import numpy as np

from restoration.anatomy.mr import mr_anatomy, mr_anatomy_volume
from restoration.anatomy.xray import xray_anatomy
from restoration.metrics.arrays import StoredSlice
from restoration.volume import FloatArray
from training.batch import BatchSource
from training.crops.ct import CtCrops
from training.crops.enlargement import EnlargementCrops
from training.crops.motion import MotionCrops
from training.crops.mr import MrCrops
from training.crops.pet import Body, PetCrops, drawn_body
from training.crops.pictures import Pictures
from training.crops.xray import XrayCrops
from training.data import balanced, exposure_of, load_slices, whole_kspace
from training.recipe import CtNoise, MrEnlargement, MrMotion, MrNoise, PetCounting, Recipe, XrayDose
from training.simulate import ct_pairs

_MR_PHANTOM_SIZE = 256
_HEAD_MM = (4.0, 0.9, 0.9)
_XRAY_PHANTOM_SIZE = 512

Progress = Callable[[int, int], None]


def batch_source(recipe: Recipe, data: Path | None, cache: Path, progress: Progress) -> BatchSource:
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
    simulation = recipe.simulation
    if isinstance(simulation, CtNoise):
        slices = _real(data, "CT")
        return CtCrops(recipe=recipe, noise=simulation, pairs=ct_pairs(recipe, simulation, slices, cache, progress))
    if isinstance(simulation, MrNoise):
        drawn = list(_by_turns(recipe, progress))
        pictures = Pictures(real=balanced(_real(data, "MR")), drawn=drawn, real_share=recipe.real_share)
        return MrCrops(recipe=recipe, noise=simulation, pictures=pictures)
    if isinstance(simulation, MrEnlargement):
        whole = [whole_kspace(item) for item in balanced(_real(data, "MR"))]
        drawn = list(_mr_phantoms(recipe, progress))
        pictures = Pictures(real=whole, drawn=drawn, real_share=recipe.real_share)
        return EnlargementCrops(recipe=recipe, how=simulation, pictures=pictures)
    if isinstance(simulation, MrMotion):
        whole = [whole_kspace(item) for item in balanced(_real(data, "MR"))]
        heads = list(_heads(recipe, progress))
        pictures = Pictures(real=whole, drawn=heads, real_share=recipe.real_share)
        return MotionCrops(recipe=recipe, how=simulation, pictures=pictures)
    if isinstance(simulation, PetCounting):
        return PetCrops(recipe=recipe, how=simulation, bodies=list(_bodies(recipe, simulation, progress)))
    if isinstance(simulation, XrayDose):
        return XrayCrops(recipe=recipe, how=simulation, pictures=_xray(recipe, _real(data, "DX"), progress))
    assert_never(simulation)


def _real(data: Path | None, modality: str) -> list[StoredSlice]:
    return [] if data is None else load_slices(data, modality)


def _mr_phantoms(recipe: Recipe, progress: Progress) -> Iterator[StoredSlice]:
    for index in range(recipe.phantoms):
        yield _as_phantom(mr_anatomy(_MR_PHANTOM_SIZE, np.random.default_rng((recipe.seed, index))))
        progress(index + 1, recipe.phantoms)


def _heads(recipe: Recipe, progress: Progress) -> Iterator[StoredSlice]:
    for index in range(recipe.phantoms):
        yield _as_phantom(_head(np.random.default_rng((recipe.seed, index))))
        progress(index + 1, recipe.phantoms)


def _by_turns(recipe: Recipe, progress: Progress) -> Iterator[StoredSlice]:
    """Draw pictures crowded with tissues and smooth heads, one after the other."""
    for index in range(recipe.phantoms):
        rng = np.random.default_rng((recipe.seed, index))
        yield _as_phantom(_head(rng) if index % 2 else mr_anatomy(_MR_PHANTOM_SIZE, rng))
        progress(index + 1, recipe.phantoms)


def _head(rng: np.random.Generator) -> FloatArray:
    return np.asarray(mr_anatomy_volume(1, _MR_PHANTOM_SIZE, rng, spacing_mm=_HEAD_MM)[0])


def _as_phantom(picture: FloatArray) -> StoredSlice:
    return StoredSlice(array=picture, pixel_mm=_HEAD_MM[1], source="phantom", own_sigma=0.0)


def _xray(recipe: Recipe, real: list[StoredSlice], progress: Progress) -> Pictures:
    drawn = []
    for index in range(recipe.phantoms):
        picture = xray_anatomy(_XRAY_PHANTOM_SIZE, np.random.default_rng((recipe.seed, index)))
        drawn.append(StoredSlice(array=_in_medians(picture), pixel_mm=1.0, source="phantom", own_sigma=0.0))
        progress(index + 1, recipe.phantoms)
    chests = [replace(item, array=_in_medians(exposure_of(item.array))) for item in real]
    return Pictures(real=chests, drawn=drawn, real_share=recipe.real_share)


def _in_medians(picture: FloatArray) -> FloatArray:
    return np.asarray(picture / np.median(picture), np.float32)


def _bodies(recipe: Recipe, how: PetCounting, progress: Progress) -> Iterator[Body]:
    for index in range(recipe.phantoms):
        yield drawn_body(how, np.random.default_rng((recipe.seed, index)))
        progress(index + 1, recipe.phantoms)
