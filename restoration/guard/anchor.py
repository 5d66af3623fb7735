"""Gate «anchor»: what lies below the card's spatial frequency is what the source had there. Pure.

The low-pass is three times as wide as the pipeline's: a Gaussian is no projection, so that G(x − y) at the pipeline's
own width is several HU in a right pipeline, while at three times the width nothing is left but a wiring error.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from restoration.card import Card
from restoration.guard.evidence import UNIT_WORDS, SliceEvidence
from restoration.guard.verdict import Figure, Place
from restoration.lowpass import lowpass, lowpass_volume
from restoration.volume import FloatArray, Volume

GATE = "anchor"
WIDENING = 3.0


def figures(evidence: SliceEvidence, card: Card) -> tuple[Figure, ...]:
    """Return the largest change below the anchor frequency; nothing for pipelines that are not anchored in a slice."""
    if card.anchor_mm <= 0 or card.scope != "slice":
        return ()
    # Padding counts as unchanged, which it is; leaving it out would let a few pixels beside it speak for a window.
    change, lift = (
        lowpass(one, sigma_mm=WIDENING * card.anchor_mm, pixel_mm=evidence.pixel_mm)
        for one in (evidence.change, evidence.lift)
    )
    return (_figure(evidence.unexplained(change, lift), evidence.index, evidence.unit_words, card),)


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
    # Padding counts as unchanged here, too.
    low = lowpass_volume(replace(source, padding=None), change, sigma_mm=WIDENING * card.anchor_mm)
    for index, plane in enumerate(low):
        yield _figure(plane, index, UNIT_WORDS[source.unit], card)


def _figure(low: FloatArray, index: int, unit: str, card: Card) -> Figure:
    row, column = np.unravel_index(int(np.abs(low).argmax()), low.shape)
    return Figure(
        gate=GATE,
        name=f"the change of structures coarser than {WIDENING * card.anchor_mm:.1f} mm",
        value=float(low[row, column]),
        low=-card.bounds.anchor,
        high=card.bounds.anchor,
        unit=unit,
        place=Place(slice_index=index, row=int(row), column=int(column)),
    )
