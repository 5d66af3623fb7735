"""Gate «stability»: a mirrored or turned volume is restored to the mirrored or turned result. Pure.

The only gate that needs the pipeline itself, handed in as a callable; it runs it eight times on at most four slices.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from restoration.card import Card
from restoration.guard.evidence import slice_evidence
from restoration.guard.verdict import Figure, Place, Verdict, worst
from restoration.kspace_grid import enlarged
from restoration.levels import reference_level
from restoration.volume import FloatArray, Volume

GATE = "stability"
SLICES = 4

Restore = Callable[[Volume], Volume]

Kind = TypeVar("Kind", bound=np.generic)

_TURNS = 8


def judge_stability(source: Volume, restore: Restore, card: Card) -> Verdict:
    """Measure the spread of the results over flips and quarter turns.

    Parameters
    ----------
    source
        The volume as it would be restored.
    restore
        The pipeline at the strength that is asked about.
    card
        The pipeline's card.

    Returns
    -------
    Verdict
        One figure: the root mean square spread in the body of the worst slice, in units of the local noise.
    """
    part = _middle(source)
    level = reference_level(source)
    results = np.stack([_there_and_back(part, restore, turn, card.factors[1]) for turn in range(_TURNS)])
    spread = results.std(axis=0) / np.float32(level)
    grid = enlarged(part, card.factors)
    found = [_figure(grid, spread[index], index, level, card) for index in range(len(grid.array))]
    offset = _first(source) * card.factors[0]
    return Verdict(figures=worst(_at(figure, offset) for figure in found if figure is not None))


def _first(source: Volume) -> int:
    return max(0, (len(source.array) - SLICES) // 2)


def _at(figure: Figure, offset: int) -> Figure:
    """Say the place in the volume, not in the part that was looked at."""
    if figure.place is None:
        return figure
    return replace(figure, place=replace(figure.place, slice_index=figure.place.slice_index + offset))


def _middle(source: Volume) -> Volume:
    """Return neighbouring slices around the middle: what a slab looks at stays side by side."""
    first = _first(source)
    wanted = slice(first, first + SLICES)
    return replace(
        source,
        array=source.array[wanted],
        positions_mm=source.positions_mm[wanted],
        padding=None if source.padding is None else source.padding[wanted],
    )


def _there_and_back(part: Volume, restore: Restore, turn: int, factor: int) -> FloatArray:
    """Restore the volume turned by `turn` quarter turns, from 4 on mirrored before, and turn the result back."""
    spacing = part.pixel_mm if turn % 2 == 0 else part.pixel_mm[::-1]
    padding = None if part.padding is None else _turned(part.padding, turn)
    moved = replace(part, array=_turned(part.array, turn), pixel_mm=spacing, padding=padding)
    result = np.rot90(restore(moved).array, -(turn % 4), axes=(1, 2))
    back = result[:, :, ::-1] if turn >= _TURNS // 2 else result
    # A fine grid begins on the first coarse pixel and ends beyond the last one: mirrored, it lies that much off.
    shift = [-(factor - 1) * backwards for backwards in _backwards(turn)]
    return np.asarray(np.roll(back, shift, axis=(1, 2)) if any(shift) else back, dtype=np.float32)


def _backwards(turn: int) -> tuple[bool, bool]:
    """Whether rows and columns of a volume run backwards after a turn."""
    probe = _turned(np.arange(4).reshape(1, 2, 2), turn)[0]
    first, next_column, next_row = (int(np.argwhere(probe == value).sum()) for value in (0, 1, 2))
    return next_row < first, next_column < first


def _turned(array: npt.NDArray[Kind], turn: int) -> npt.NDArray[Kind]:
    mirrored = array[:, :, ::-1] if turn >= _TURNS // 2 else array
    return np.ascontiguousarray(np.rot90(mirrored, turn % 4, axes=(1, 2)))


def _figure(grid: Volume, spread: FloatArray, index: int, level: float, card: Card) -> Figure | None:
    evidence = slice_evidence(grid, index, level=level)
    body = evidence.body
    noise = float(np.median(evidence.sigma[body])) if body.any() else 0.0
    if noise <= 0:
        return None
    inside = np.where(body, spread, np.float32(0))
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    return Figure(
        gate=GATE,
        name="the spread over flips and quarter turns",
        value=float(np.sqrt(np.mean(np.square(spread[body], dtype=np.float64)))) / noise,
        high=card.bounds.stability,
        unit="of the local noise",
        place=Place(slice_index=index, row=int(row), column=int(column)),
    )
