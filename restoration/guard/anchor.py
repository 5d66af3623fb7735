"""Gate «anchor»: what lies below the card's spatial frequency is what the source had there. Pure.

The low-pass is three times as wide as the pipeline's: a Gaussian is no projection, so that G(x − y) at the pipeline's
own width is several HU in a right pipeline, while at three times the width nothing is left but a wiring error.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from restoration.card import Card
from restoration.guard.evidence import UNIT_WORDS, SliceEvidence
from restoration.guard.verdict import Figure, Place
from restoration.lowpass import lowpass, lowpass_volume
from restoration.volume import FloatArray, Volume

GATE = "anchor"
WIDENING = 3.0

_REACH = 4.0
"""Standard deviations after which the low-pass has ended."""


def figures(evidence: SliceEvidence, card: Card) -> tuple[Figure, ...]:
    """Return the largest change below the anchor frequency; nothing for pipelines that are not anchored in a slice."""
    coarse = coarse_change(evidence, card)
    if coarse is None:
        return ()
    return (_figure(coarse, evidence.index, evidence.unit_words, card),)


def coarse_change(evidence: SliceEvidence, card: Card) -> FloatArray | None:
    """Return the change below the anchor frequency per pixel; None for pipelines that are not anchored in a slice.

    Padding and what lies beyond the picture count as unchanged, which they are: left out, or mirrored, they would let a
    few pixels beside them speak for a whole window.
    """
    if card.anchor_mm <= 0 or card.scope != "slice":
        return None
    sigma_mm = WIDENING * card.anchor_mm
    beyond = _beyond(sigma_mm, evidence.pixel_mm)
    change, lift = (
        _inner(lowpass(np.pad(one, beyond), sigma_mm=sigma_mm, pixel_mm=evidence.pixel_mm), beyond)
        for one in (evidence.change, evidence.lift)
    )
    return evidence.unexplained(change, lift)


def _beyond(sigma_mm: float, pixel_mm: tuple[float, float]) -> list[tuple[int, int]]:
    """Pixels that the low-pass sees past the rows and columns of a picture."""
    return [(reach, reach) for reach in (math.ceil(_REACH * sigma_mm / mm) for mm in pixel_mm)]


def _inner(image: FloatArray, beyond: Sequence[tuple[int, int]]) -> FloatArray:
    (rows, _), (columns, _) = beyond
    return image[..., rows : image.shape[-2] - rows, columns : image.shape[-1] - columns]


def volume_figures(source: Volume, restored: Volume, card: Card, *, level: float) -> Iterator[Figure]:
    """Yield the same per slice for pipelines that are anchored along the normal, too.

    Parameters
    ----------
    source, restored
        The volume before and after, on one grid.
    card
        The pipeline's card.
    level
        `reference_level` of the source.
    """
    if card.anchor_mm <= 0 or card.scope == "slice":
        return
    change = (restored.array - source.array) / np.float32(level)
    if source.padding is not None:
        change[source.padding] = 0
    sigma_mm = WIDENING * card.anchor_mm
    beyond = _beyond(sigma_mm, source.pixel_mm)
    around = np.pad(change, [(0, 0), *beyond])
    coarse = _inner(lowpass_volume(replace(source, padding=None), around, sigma_mm=sigma_mm), beyond)
    for index, plane in enumerate(coarse):
        yield _figure(plane, index, UNIT_WORDS[source.unit], card)


def _figure(coarse: FloatArray, index: int, unit: str, card: Card) -> Figure:
    row, column = np.unravel_index(int(np.abs(coarse).argmax()), coarse.shape)
    value = float(coarse[row, column])
    return Figure(
        gate=GATE,
        name=f"the change of structures coarser than {WIDENING * card.anchor_mm:.1f} mm",
        value=value,
        low=-card.bounds.anchor,
        high=card.bounds.anchor,
        unit=unit,
        place=Place(slice_index=index, row=int(row), column=int(column)),
        needed=abs(value),
    )
