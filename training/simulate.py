"""CT truth with inserted noise, simulated once and kept on disk. Touches: the cache folder (reads and writes)."""

import hashlib
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from restoration.anatomy.ct import ct_anatomy, ct_anatomy_volume, ct_head
from restoration.metrics.arrays import StoredSlice
from restoration.physics.ct_dose import Kernel, Scanner, dose_for, inserted_noise
from training.recipe import CtNoise, CtSlab, Recipe

FloatArray = npt.NDArray[np.float32]

SOFT_TISSUE = (-150.0, 200.0)
PHANTOM_SIZE = 512
SLAB_SIZE = 384
SLAB_SLICES = 9
"""Slices of a phantom that is thin slices: four more than a network sees."""

BODY_MM, HEAD_MM = (0.45, 0.9), (0.42, 0.55)
"""Pixels of bodies and of heads [mm]."""

_PILOT_VIEWS = 120


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A slice, or thin neighbouring slices, taken as truth, and noise to be added.

    Attributes
    ----------
    clean
        (slices, rows, columns) float32 [HU]; one slice of patients.
    noise
        (scans, realisations, rows, columns) float32 [HU]: realisations of a scan share dose, kernel and anatomy.
    real
        Whether the slice is of a patient.
    pixel_mm, slice_mm
        Distance of pixels and of slices [mm].
    least
        (scans,) Least factor for the noise: below it a real slice's own noise counts too much.
    """

    clean: FloatArray
    noise: FloatArray
    real: bool
    pixel_mm: float
    slice_mm: float
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
        head = index >= len(slices) + recipe.phantoms - noise.heads
        path = cache / f"{_key(recipe, index, slices, head=head)}.npz"
        if not path.exists():
            _write(path, slices[index] if index < len(slices) else None, noise, rng, head=head)
        pairs.append(_read(path, slices[index] if index < len(slices) else None, noise))
        progress(index + 1, len(slices) + recipe.phantoms)
    return pairs


def _key(recipe: Recipe, index: int, slices: list[StoredSlice], *, head: bool) -> str:
    drawn = b"head" if head else b"phantom"
    content = slices[index].array.tobytes() if index < len(slices) else drawn
    noise = recipe.simulation.model_dump(exclude={"jitter", "least_ratio", "heads"})
    return hashlib.sha256(f"{recipe.seed} {index} {noise}".encode() + content).hexdigest()[:24]


def _read(path: Path, item: StoredSlice | None, noise: CtNoise) -> Pair:
    with np.load(path) as arrays:
        clean, added = arrays["clean"].astype(np.float32), arrays["noise"].astype(np.float32)
        pixel_mm, slice_mm = (float(value) for value in arrays["spacing"])
    soft = _soft(clean[len(clean) // 2])
    own = 0.0 if item is None else item.own_sigma
    least = tuple(noise.least_ratio * own / float(scan[:, soft].std()) for scan in added)
    return Pair(clean=clean, noise=added, real=item is not None, pixel_mm=pixel_mm, slice_mm=slice_mm, least=least)


def _soft(clean: FloatArray) -> npt.NDArray[np.bool_]:
    return (clean > SOFT_TISSUE[0]) & (clean < SOFT_TISSUE[1])


def _write(path: Path, item: StoredSlice | None, noise: CtNoise, rng: np.random.Generator, *, head: bool) -> None:
    pixel_mm = item.pixel_mm if item is not None else float(rng.uniform(*(HEAD_MM if head else BODY_MM)))
    slice_mm = float(rng.uniform(*noise.slice_mm)) if isinstance(noise, CtSlab) else 0.0
    clean = item.array[None] if item is not None else _phantom(noise, pixel_mm, slice_mm, rng, head=head)
    added = _noise(clean[len(clean) // 2], pixel_mm, noise, rng)
    half = np.float16
    np.savez(path, clean=clean.astype(half), noise=added.astype(half), spacing=np.array([pixel_mm, slice_mm]))


def _phantom(noise: CtNoise, pixel_mm: float, slice_mm: float, rng: np.random.Generator, *, head: bool) -> FloatArray:
    if head:
        return ct_head(PHANTOM_SIZE, rng, pixel_mm=pixel_mm)[None]
    if not isinstance(noise, CtSlab):
        return ct_anatomy(PHANTOM_SIZE, rng)[None]
    return ct_anatomy_volume(SLAB_SLICES, SLAB_SIZE, rng, spacing_mm=(slice_mm, pixel_mm, pixel_mm))


def _noise(clean: FloatArray, pixel_mm: float, noise: CtNoise, rng: np.random.Generator) -> FloatArray:
    """Noise of every scan: neighbouring slices have nearly the same paths, so one slice's statistics serve all."""
    hu = torch.from_numpy(np.ascontiguousarray(clean))
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    scanner = Scanner(size=clean.shape[0], pixel_mm=pixel_mm)
    kernels = tuple(
        Kernel(cutoff=float(rng.uniform(*noise.cutoff)), boost=float(rng.choice(noise.boost)))
        for _ in range(noise.scans)
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
    each = noise.realisations
    added = inserted_noise(
        hu,
        scanner,
        doses=tuple(dose for dose in doses for _ in range(each)),
        kernels=tuple(kernel for kernel in kernels for _ in range(each)),
        generator=generator,
    )
    return added.numpy().reshape(noise.scans, each, *clean.shape)
