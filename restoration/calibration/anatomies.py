"""Where the truth of simulated series comes from: procedural anatomy, and real slices as further shapes. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from restoration.anatomy.ct import ct_anatomy, ct_anatomy_volume
from restoration.anatomy.ct_test import ct_test_anatomy_volume
from restoration.anatomy.mr import mr_anatomy, mr_anatomy_volume
from restoration.anatomy.mr_test import mr_test_anatomy_volume
from restoration.anatomy.pet import pet_anatomy_volume
from restoration.anatomy.xray import xray_anatomy
from restoration.card import Card
from restoration.volume import FloatArray, Volume

SLICES = 3
_SIZE = {"HU": 192, "signal": 192, "Bq/mL": 128, "exposure": 320}
"""Rows and columns of a source [pixels]; fine pixels need more of them for the largest lesions to find room."""

_BODY_SIZE = 448
_HEAD_SIZE = 288
"""Bodies and heads are drawn whole and cut: shrunk into a small picture they have no room for their lesions."""

_PET_RESOLVED_VOXELS = 0.6
"""Sigma of what a reconstruction blurs at least: no emission picture resolves a single voxel."""

_REAL_SHARE = 0.25
"""Share of series whose shapes come from a real slice, where there are any."""

Picture = Callable[[int, np.random.Generator], FloatArray]
Spacing = tuple[float, float, float]
Stack = Callable[[int, int, np.random.Generator, Spacing], FloatArray]

Anatomies = Callable[[Card, np.random.Generator], Volume]
"""Draws a volume without noise, on the grid of the result."""


@dataclass(frozen=True, kw_only=True, eq=False)
class RealShape:
    """A real slice: its own noise stays in it and counts as texture.

    Attributes
    ----------
    array
        (rows, columns) float32 [HU, or share of the reference level].
    pixel_mm
        Pixel spacing [mm].
    """

    array: FloatArray
    pixel_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Drawn:
    """Anatomies of one unit.

    Attributes
    ----------
    stacks
        Draw neighbouring slices, one as often as the other.
    size
        Rows and columns of the result's grid.
    pixel_mm, gap_mm
        Smallest and largest pixel spacing of the result's grid, and distance of slices [mm].
    real
        Real slices that serve as shapes; empty for none.
    """

    stacks: Sequence[Stack]
    size: int
    pixel_mm: tuple[float, float]
    gap_mm: tuple[float, float]
    real: Sequence[RealShape] = ()

    def __call__(self, card: Card, rng: np.random.Generator) -> Volume:
        """Draw a volume for a pipeline: a few slices, or as many as its slab needs and two more."""
        slices = card.factors[0] * (slices_for(card) - 1) + 1
        if card.scope == "slice" and self.real and rng.uniform() < _REAL_SHARE:
            return self._from_real(card, rng)
        pixel = float(rng.uniform(*self.pixel_mm))
        gap = pixel * float(rng.uniform(*card.step_ratio)) if card.step_ratio else float(rng.uniform(*self.gap_mm))
        stack = self.stacks[int(rng.integers(len(self.stacks)))]
        array = stack(slices, self.size, rng, (gap, pixel, pixel))
        return _volume(_turned(array, rng), pixel, gap, card.unit)

    def _from_real(self, card: Card, rng: np.random.Generator) -> Volume:
        shape = self.real[int(rng.integers(len(self.real)))]
        cut = _cut(shape.array[None], self.size, rng)
        return _volume(_turned(cut, rng), shape.pixel_mm, _GAP_MM[card.unit][1], card.unit)


def slices_for(card: Card) -> int:
    """Return how many slices a source has: what the pipeline looks at, or what its domain check wants."""
    if card.factors[0] > 1:
        return max(SLICES, card.eligibility.min_slices)
    return SLICES if card.slab == 1 else card.slab + 2


def _cut(pictures: FloatArray, size: int, rng: np.random.Generator) -> FloatArray:
    """Cut a square of that size with something in it, or pad with the pictures' own background."""
    missing = [max(0, size - length) for length in pictures.shape[1:]]
    around = [(0, 0), *((short // 2, short - short // 2) for short in missing)]
    whole = np.pad(pictures, around, constant_values=float(pictures.min()))
    # Around the middle, where the body is.
    row, column = (int((length - size) * rng.uniform(0.2, 0.8)) for length in whole.shape[1:])
    return whole[:, row : row + size, column : column + size]


def _turned(array: FloatArray, rng: np.random.Generator) -> FloatArray:
    turned = np.rot90(array, int(rng.integers(4)), axes=(1, 2))
    return np.ascontiguousarray(turned[:, :, ::-1] if rng.uniform() < 0.5 else turned)


def _volume(array: FloatArray, pixel_mm: float, gap_mm: float, unit: str) -> Volume:
    return Volume(
        array=array,
        pixel_mm=(pixel_mm, pixel_mm),
        positions_mm=tuple(gap_mm * index for index in range(len(array))),
        thickness_mm=gap_mm,
        unit=unit,
    )


def _views(picture: Picture) -> Stack:
    """Return a builder of single slices as a stack: one anatomy from several sides."""
    return _turned_sides(lambda slices, size, rng, spacing_mm: picture(size, rng)[None])


def _turned_sides(stack: Stack) -> Stack:
    """Show one slice from several sides: its noise is new each time, and drawing the anatomy costs most."""

    def sides(slices: int, size: int, rng: np.random.Generator, spacing_mm: Spacing) -> FloatArray:
        (first,) = stack(1, size, rng, spacing_mm)
        return np.stack([np.rot90(first, turn) for turn in range(slices)])

    return sides


def _ct_test(slices: int, size: int, rng: np.random.Generator, spacing_mm: Spacing) -> FloatArray:
    whole = ct_test_anatomy_volume(slices, _BODY_SIZE, rng, spacing_mm=spacing_mm).picture
    return _cut(whole, size, rng)


def _mr_test(slices: int, size: int, rng: np.random.Generator, spacing_mm: Spacing) -> FloatArray:
    whole = mr_test_anatomy_volume(slices, max(_HEAD_SIZE, size), rng, spacing_mm=spacing_mm).picture
    return _cut(whole, size, rng)


def _pet(slices: int, size: int, rng: np.random.Generator, spacing_mm: Spacing) -> FloatArray:
    activity = pet_anatomy_volume(slices, size, rng, spacing_mm=spacing_mm)
    resolved: FloatArray = ndimage.gaussian_filter(activity, _PET_RESOLVED_VOXELS, mode="nearest", output=np.float32)
    return resolved


_APART: dict[str, tuple[Stack, ...]] = {
    "HU": (_views(ct_anatomy), _turned_sides(_ct_test)),
    "signal": (_views(mr_anatomy), _turned_sides(_mr_test)),
    "exposure": (_views(xray_anatomy),),
}
"""Per unit: builders of single slices, drawn alike often."""

_TOGETHER: dict[str, tuple[Stack, ...]] = {
    "HU": (lambda *args: ct_anatomy_volume(*args[:3], spacing_mm=args[3]), _ct_test),
    "signal": (lambda *args: mr_anatomy_volume(*args[:3], spacing_mm=args[3]), _mr_test),
    "Bq/mL": (_pet,),
}
"""Per unit: builders of neighbouring slices, drawn alike often."""

_PIXEL_MM = {"HU": (0.5, 0.95), "signal": (0.6, 1.2), "Bq/mL": (2.7, 5.3), "exposure": (0.14, 0.4)}
_GAP_MM = {"HU": (0.6, 3.0), "signal": (0.8, 4.0), "Bq/mL": (2.0, 5.0), "exposure": (1.0, 1.0)}


def anatomies_for(card: Card, real: Sequence[RealShape]) -> Anatomies:
    """Return what draws anatomy for a pipeline: all builders of its unit.

    Parameters
    ----------
    card
        The pipeline's card.
    real
        Real slices that may serve as shapes.
    """
    low, high = (bound / card.factors[1] for bound in card.eligibility.pixel_mm)
    wanted = _PIXEL_MM[card.unit]
    alone = card.scope == "slice" and card.unit in _APART
    return Drawn(
        stacks=_APART[card.unit] if alone else _TOGETHER[card.unit],
        size=_SIZE[card.unit] * card.factors[1],
        pixel_mm=(max(wanted[0], low), max(wanted[0], min(wanted[1], high))),
        gap_mm=_GAP_MM[card.unit],
        real=real,
    )
