"""Places that are spared: where a result took away or drew something round, the source is given back. Pure.

The gates «erased» and «created» find now and then, in a right result, a fold, a vessel or the end of an edge that was
smoothed like noise. Withholding a series of two hundred slices for one such place helps nobody: the reader gets the
source there, as it was measured. A slice that would need it in more than a small part of the body is left as it is, for
the guard to withhold.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from restoration.card import Card
from restoration.guard.blobs import blob_maps, size_mm
from restoration.guard.evidence import SliceEvidence, slice_evidence
from restoration.guard.judge import stored_step
from restoration.guard.verdict import Figure
from restoration.levels import reference_level
from restoration.volume import FloatArray, Volume

GATE = "spared"

_EARLY = 0.95
"""Share of the gates' bounds from which a place is spared: nothing passes them narrowly."""

_AROUND_MM = 1.5
_FADE_MM = 2.5
"""The source is given back in the disc that fits a place best and so far around it; then the change fades in [mm]."""

_PEAK_MM = 6.0
"""Width of the window in which the strongest answer counts [mm]."""

_ROUNDS = 12
"""A place that is no disc takes several; and as the strongest go, others stand out more."""

_MOST = 0.15
"""Share of the body that may be spared in a slice; beyond it the result is left as it is."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spared:
    """A result, and in how many places it is the source's.

    Attributes
    ----------
    volume
        The result.
    places
        Connected places, slice by slice.
    """

    volume: Volume
    places: int


def can_spare(card: Card) -> bool:
    """Whether a pipeline's results lie on the grid of the source, so that this has something to give back."""
    return card.factors == (1, 1, 1)


def figures(card: Card, places: int) -> tuple[Figure, ...]:
    """Return how many places were spared, for people; nothing for pipelines that this is not for."""
    if not _is_asked(card):
        return ()
    return (Figure(gate=GATE, name="the number of places where the source was given back", value=float(places)),)


def spared(source: Volume, restored: Volume, card: Card) -> Spared:
    """Give the source back where the change looks like a structure.

    Parameters
    ----------
    source
        The volume before restoration.
    restored
        Its result.
    card
        The pipeline's card. Without bounds of the gates «erased» and «created», and for results on another grid,
        nothing is spared.
    """
    if not _is_asked(card) or restored.array.shape != source.array.shape:
        return Spared(volume=restored, places=0)
    level = reference_level(source)
    step, places, array = stored_step(source) / level, 0, restored.array
    for index in range(len(source.array)):
        evidence = slice_evidence(source, index, restored=restored, level=level)
        share, count = _left_of_change(evidence, card, step)
        if count:
            array = restored.array.copy() if array is restored.array else array
            mixed = source.array[index] + share * (array[index] - source.array[index])
            array[index] = np.where(share < 1, mixed, array[index])
            places += count
    return Spared(volume=restored.with_array(array), places=places)


def _is_asked(card: Card) -> bool:
    return can_spare(card) and None not in (card.bounds.erased, card.bounds.created)


def _left_of_change(evidence: SliceEvidence, card: Card, step: float) -> tuple[FloatArray, int]:
    """Return the share of the change that stays per pixel, and the number of places where it does not."""
    share = np.ones_like(evidence.change)
    for _ in range(_ROUNDS):
        left = np.asarray(_stored(share * evidence.change, step), np.float32)
        places = _places(replace(evidence, change=left), card, step)
        if not places:
            break
        for row, column, diameter_mm in places:
            np.minimum(share, _outside(evidence, row, column, diameter_mm), out=share)
    else:
        return np.ones_like(share), 0
    if (share < 1).sum() > _MOST * evidence.patient.sum():
        return np.ones_like(share), 0
    return share, int(ndimage.label(share < 1)[1])


def _stored(change: FloatArray, step: float) -> FloatArray:
    """Return a change as it will be stored, which the gates look at."""
    return np.rint(change / np.float32(step)) * np.float32(step) if step > 0 else change


def _places(evidence: SliceEvidence, card: Card, step: float) -> list[tuple[float, float, float]]:
    """Return row, column and diameter [mm] of what one of the gates would find beyond its bound."""
    maps = blob_maps(evidence, step=step)
    if maps is None or card.bounds.erased is None or card.bounds.created is None:
        return []
    strain = np.maximum(maps.erased / card.bounds.erased, maps.created / card.bounds.created)
    width = [max(1, round(_PEAK_MM / mm)) for mm in maps.pixel_mm]
    peaks = np.argwhere((strain > _EARLY) & (strain == ndimage.maximum_filter(strain, width)))
    return [
        (
            (row + 0.5) * maps.reduced[0] - 0.5,
            (column + 0.5) * maps.reduced[1] - 0.5,
            size_mm(maps, int(row), int(column)),
        )
        for row, column in peaks
    ]


def _outside(evidence: SliceEvidence, row: float, column: float, diameter_mm: float) -> FloatArray:
    """Return 0 in a disc, 1 far from it."""
    rows, columns = np.ogrid[: evidence.change.shape[0], : evidence.change.shape[1]]
    away = np.hypot((rows - row) * evidence.pixel_mm[0], (columns - column) * evidence.pixel_mm[1])
    return np.asarray(np.clip((away - diameter_mm / 2 - _AROUND_MM) / _FADE_MM, 0, 1), np.float32)
