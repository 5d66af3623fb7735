"""CT truths of one slice or of thin contiguous ones, and projection noise for them. Pure.

The simulated scanner has another beam, grid, view count and kernel than any that training draws from: a fan of rays
under a Butterworth roll-off, where training projects in parallel under a cosine.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from restoration.anatomy.ct import ct_anatomy, ct_anatomy_volume
from restoration.anatomy.ct_test import ct_test_anatomy_volume
from restoration.evaluation.bench import SEED, VALIDATION_SEED
from restoration.evaluation.cases import Case, Noisy, Power, middle
from restoration.metrics.arrays import StoredSlice, StoredVolume, own_sigma
from restoration.metrics.nps import noise_power
from restoration.physics.ct_dose import Kernel, LowDose
from restoration.volume import BoolArray, FloatArray

SIGMA = 25.0
"""Noise in tissue [HU]."""
WINDOW = (-160.0, 240.0)
TISSUE = (-150.0, 250.0)
PIXEL_MM, SLICE_MM = 0.7, 1.25
SLICES = 11
"""Slices of a slab's case, of which the middle one is measured."""
CROP, QUICK_CROP = 256, 192
SIZE, SLAB_SIZE = 512, 384
OUTSIDE = -1000.0

_KERNEL = Kernel(cutoff=0.3, form="butterworth")
_VIEWS, _CELL_MM = 600, 0.5
_DOSE = 0.2
_SHARED = 0.1
"""Weight of either neighbour in a thin slice's noise: spiral interpolation makes a fifth of it common."""
_LEAST_RATIO = 2.5
"""Least added noise on a real slice against its own."""
_REAL_SLICES = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Stack:
    """A truth under noise of standard deviation 1, from which cases of any noise are made.

    Attributes
    ----------
    source
        Series or seed.
    truth, noise
        (slices, rows, columns) float32 [HU], and noise of standard deviation 1 in tissue.
    spacing_mm
        Distance between slices, rows and columns [mm].
    own_sigma
        Noise that the truth has itself [HU].
    """

    source: str
    truth: FloatArray
    noise: FloatArray
    spacing_mm: tuple[float, float, float]
    own_sigma: float = 0.0

    @property
    def measured(self) -> slice:
        """The middle slice."""
        return slice(len(self.truth) // 2, len(self.truth) // 2 + 1)

    @property
    def where(self) -> BoolArray:
        """(1, rows, columns) bool: tissue of the middle slice."""
        return tissue_of(self.truth[self.measured])

    def cut(self, side: int) -> "Stack":
        """Return the central square."""
        place = (slice(None), *middle(self.truth.shape, side))
        return Stack(
            source=self.source,
            truth=self.truth[place],
            noise=self.noise[place],
            spacing_mm=self.spacing_mm,
            own_sigma=self.own_sigma,
        )

    def at(self, sigma: float) -> Case:
        """Return the case with noise of a standard deviation in tissue [HU]."""
        noise = self.noise * np.float32(sigma)
        inside = noise[self.measured][self.where]
        noisy = Noisy(
            volume=np.ascontiguousarray(self.truth + noise, dtype=np.float32),
            spacing_mm=self.spacing_mm,
            measured=self.measured,
            sigma=float(inside.std(dtype=np.float64)) if inside.size else sigma,
            power=power_of(noise[self.measured][0], self.where[0]),
        )
        return Case(
            name=f"{self.source}, {sigma:g} HU",
            source=self.source,
            noisy=noisy,
            truth=self.truth[self.measured],
            where=self.where,
            own_sigma=self.own_sigma,
        )

    @property
    def still(self) -> Noisy:
        """The truth as it is, without noise."""
        return Noisy(volume=self.truth, spacing_mm=self.spacing_mm, measured=self.measured, sigma=0.0)

    @property
    def least_sigma(self) -> float:
        """The protocol's noise, or more where the truth has much of its own [HU]."""
        return max(SIGMA, _LEAST_RATIO * self.own_sigma)


def anatomies(count: int, *, slices: int, crop: int, validation: bool = False) -> list[Stack]:
    """Draw bodies of many tissues, of seeds that no training uses."""
    first = VALIDATION_SEED if validation else SEED
    return [_anatomy(first + index, slices, crop) for index in range(count)]


def abdomens(count: int, *, slices: int, crop: int) -> list[Stack]:
    """Draw abdomens of ellipses, of a kind that no training sees."""
    return [_abdomen(SEED + 80 + index, slices, crop) for index in range(count)]


def real_slices(items: Sequence[StoredSlice], *, crop: int) -> list[Stack]:
    """Return the first slice of every series."""
    first = {item.source: item for item in reversed(items)}
    return [
        _noised(item.source, item.array[None], (1.0, item.pixel_mm, item.pixel_mm), index).cut(crop)
        for index, item in enumerate(first.values())
    ]


def real_volumes(items: Sequence[StoredVolume], *, crop: int) -> list[Stack]:
    """Return the middle slices of every series that has as many as a slab sees."""
    found = []
    for index, item in enumerate(items):
        if len(item.array) >= _REAL_SLICES:
            first = len(item.array) // 2 - _REAL_SLICES // 2
            truth = np.clip(item.array[first : first + _REAL_SLICES], -1000, 3000)
            found.append(_noised(item.source, truth, item.spacing_mm, index).cut(crop))
    return found


def noise_for(truth: FloatArray, sigma: float, pixel_mm: float, rng: np.random.Generator) -> FloatArray:
    """Simulate noise of slices at a lower dose and bring it to the wanted standard deviation in tissue.

    Parameters
    ----------
    truth
        (slices, rows, columns) float32 [HU]; neighbours have some of their noise in common.
    sigma
        Wanted standard deviation [HU].
    pixel_mm
        Pixel spacing [mm].
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        Same shape, float32 [HU].
    """
    scanner = LowDose(
        dose=_DOSE,
        pixel_mm=pixel_mm,
        views=_VIEWS,
        cell_mm=_CELL_MM,
        kernel=_KERNEL,
        beam="fan",
        truth="ideal",
        seed=int(rng.integers(2**31)),
    )
    hu = torch.from_numpy(np.array(truth, dtype=np.float32))
    noise = (scanner(hu) - hu).numpy()
    if len(noise) > 1:
        beside = np.pad(noise, ((1, 1), (0, 0), (0, 0)), mode="reflect")
        noise = noise + _SHARED * (beside[:-2] + beside[2:])
    where = tissue_of(truth)
    reference = noise[where] if where.any() else noise
    return np.asarray(noise * (sigma / reference.std()), np.float32)


def tissue_of(truth: FloatArray) -> BoolArray:
    """Return where fat, water and soft tissue lie."""
    return np.asarray((truth > TISSUE[0]) & (truth < TISSUE[1]))


def power_of(noise: FloatArray, where: BoolArray) -> Power | None:
    """Return the noise's power; tissue is seldom as large as a region: then the whole picture serves."""
    found = noise_power(noise, where)
    return found if found is not None else noise_power(noise, np.ones(noise.shape, bool))


# Several steps ask for the same truths; their noise is dear.


@cache
def _anatomy(seed: int, slices: int, crop: int) -> Stack:
    rng = np.random.default_rng(seed)
    if slices == 1:
        truth, spacing_mm = ct_anatomy(SIZE, rng)[None], (1.0, PIXEL_MM, PIXEL_MM)
    else:
        size = SLAB_SIZE if crop > QUICK_CROP else QUICK_CROP
        spacing_mm = (SLICE_MM, PIXEL_MM, PIXEL_MM)
        truth = ct_anatomy_volume(slices, size, rng, spacing_mm=spacing_mm)
    return _noised(f"anatomy {seed}", truth, spacing_mm, seed).cut(crop)


@cache
def _abdomen(seed: int, slices: int, crop: int) -> Stack:
    spacing_mm = (SLICE_MM, PIXEL_MM, PIXEL_MM)
    drawn = ct_test_anatomy_volume(slices, SIZE, np.random.default_rng(seed), spacing_mm=spacing_mm)
    return _noised(f"abdomen {seed}", drawn.picture, spacing_mm, seed).cut(crop)


def _noised(source: str, truth: FloatArray, spacing_mm: tuple[float, float, float], seed: int) -> Stack:
    noise = noise_for(truth, 1.0, spacing_mm[1], np.random.default_rng([SEED, seed]))
    at = len(truth) // 2
    own = 0.0 if source.startswith(("anatomy", "abdomen")) else own_sigma(truth[at], "CT")
    return Stack(source=source, truth=truth, noise=noise, spacing_mm=spacing_mm, own_sigma=own)
