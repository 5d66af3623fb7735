"""CT truth with inserted noise, simulated once and kept on disk. Touches: the cache folder (reads and writes)."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from restoration.metrics.arrays import StoredSlice
from restoration.physics.ct_dose import Kernel, Scanner, dose_for, inserted_noise
from restoration.physics.phantoms import ct_anatomy
from training.recipe import CtNoise, Recipe

FloatArray = npt.NDArray[np.float32]

SOFT_TISSUE = (-150.0, 200.0)
PHANTOM_SIZE = 512
_PILOT_VIEWS = 120


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A slice taken as truth and noise to be added to it.

    Attributes
    ----------
    clean
        (rows, columns) float32 [HU].
    noise
        (realisations, rows, columns) float32 [HU].
    real
        Whether the slice is of a patient.
    least
        (realisations,) Least factor for the noise: below it a real slice's own noise counts too much.
    """

    clean: FloatArray
    noise: FloatArray
    real: bool
    least: tuple[float, ...]


def ct_pairs(
    recipe: Recipe, noise: CtNoise, slices: list[StoredSlice], cache: Path, progress: Callable[[int, int], None]
) -> list[Pair]:
    """Simulate noise for all slices and phantoms of a recipe, or read it where it was simulated before.

    Parameters
    ----------
    recipe, noise
        The recipe and its noise.
    slices
        Real slices; may be empty.
    cache
        Folder for the simulated arrays.
    progress
        Called with (done, all) after each slice.

    Returns
    -------
    list[Pair]
        The real slices, then the phantoms.
    """
    cache.mkdir(parents=True, exist_ok=True)
    pairs = []
    for index in range(len(slices) + recipe.phantoms):
        rng = np.random.default_rng((recipe.seed, index))
        path = cache / f"{_key(recipe, index, slices)}.npz"
        if not path.exists():
            item = slices[index] if index < len(slices) else _phantom(rng)
            _write(path, item, noise, rng)
        with np.load(path) as arrays:
            clean, added = arrays["clean"].astype(np.float32), arrays["noise"].astype(np.float32)
        own = slices[index].own_sigma if index < len(slices) else 0.0
        pairs.append(Pair(clean=clean, noise=added, real=index < len(slices), least=_least(clean, added, own, noise)))
        progress(index + 1, len(slices) + recipe.phantoms)
    return pairs


def _key(recipe: Recipe, index: int, slices: list[StoredSlice]) -> str:
    content = slices[index].array.tobytes() if index < len(slices) else b"phantom"
    facts = f"{recipe.seed} {index} {recipe.noise.model_dump(exclude={'jitter', 'least_ratio'})}".encode()
    return hashlib.sha256(facts + content).hexdigest()[:24]


def _least(clean: FloatArray, added: FloatArray, own_sigma: float, noise: CtNoise) -> tuple[float, ...]:
    soft = _soft(clean)
    return tuple(noise.least_ratio * own_sigma / float(one[soft].std()) for one in added)


def _soft(clean: FloatArray) -> npt.NDArray[np.bool_]:
    return (clean > SOFT_TISSUE[0]) & (clean < SOFT_TISSUE[1])


def _phantom(rng: np.random.Generator) -> StoredSlice:
    return StoredSlice(
        array=ct_anatomy(PHANTOM_SIZE, rng), pixel_mm=float(rng.uniform(0.45, 0.9)), source="phantom", own_sigma=0.0
    )


def _write(path: Path, item: StoredSlice, noise: CtNoise, rng: np.random.Generator) -> None:
    clean = item.array
    hu = torch.from_numpy(clean)
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    scanner = Scanner(size=clean.shape[0], pixel_mm=item.pixel_mm)
    kernels = tuple(
        Kernel(cutoff=float(rng.uniform(*noise.cutoff)), boost=float(rng.choice(noise.boost)))
        for _ in range(noise.realisations)
    )
    soft = torch.from_numpy(_soft(clean))
    pilot_scanner = scanner.with_views(_PILOT_VIEWS)
    pilot = (
        inserted_noise(hu, pilot_scanner, doses=(0.5,) * len(kernels), kernels=kernels, generator=generator)
        * (pilot_scanner.views / scanner.views) ** 0.5
    )
    lowest, highest = noise.sigma
    wanted = np.exp(rng.uniform(math.log(lowest), math.log(highest), size=len(kernels)))
    doses = tuple(dose_for(float(want), float(one[soft].std())) for want, one in zip(wanted, pilot, strict=True))
    added = inserted_noise(hu, scanner, doses=doses, kernels=kernels, generator=generator)
    np.savez(path, clean=clean.astype(np.float16), noise=added.numpy().astype(np.float16))
