"""Gate «bias»: means stay, per tissue band and per tile, in every slice. Pure.

The outermost bands are open, so that metal and air below −1000 HU count, and of the tiles the worst one counts, no
average of them. Bands are cut by a low-passed source: a cut by single noisy pixels would select noise of one sign.
"""

import math

import numpy as np
from scipy import ndimage

from restoration.card import Card
from restoration.guard.evidence import SliceEvidence
from restoration.guard.tiles import place_of, window_mean
from restoration.guard.verdict import Figure, Place

GATE = "bias"

BANDS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "HU": (
        ("air", -math.inf, -900.0),
        ("lung", -900.0, -500.0),
        ("fat", -150.0, -30.0),
        ("soft tissue", 0.0, 120.0),
        ("bone", 250.0, math.inf),
    ),
    "signal": (
        ("dark tissue", 0.1, 0.35),
        ("grey tissue", 0.35, 0.7),
        ("bright tissue", 0.7, math.inf),
    ),
}
"""Bands of the low-passed source: HU, or shares of the bright signal."""

_LEAST_PIXELS = 400
_NOISE_AREA = 16.0
"""Pixels over which CT noise is correlated: that many carry one independent value."""


def figures(evidence: SliceEvidence, card: Card) -> tuple[Figure, ...]:
    """Return the mean change of each band that the slice has, and that of its worst tile."""
    bands = (_band(evidence, card, *band) for band in BANDS[evidence.unit])
    return (*(figure for figure in bands if figure is not None), *_tile(evidence, card))


def _band(evidence: SliceEvidence, card: Card, tissue: str, low: float, high: float) -> Figure | None:
    inside = ndimage.binary_erosion((evidence.base >= low) & (evidence.base < high) & evidence.keep, iterations=2)
    count = int(inside.sum())
    if count < _LEAST_PIXELS:
        return None
    change = evidence.change[inside]
    # MR has no fixed scale: there a band's change counts against its own mean.
    scale = 1.0 if evidence.unit == "HU" else float(evidence.source[inside].mean())
    allowed = card.bounds.bias + 3 * float(change.std()) / scale * math.sqrt(_NOISE_AREA / count)
    return Figure(
        gate=GATE,
        name=f"the mean change of {tissue}",
        value=float(change.mean(dtype=np.float64)) / scale,
        low=-allowed,
        high=allowed,
        unit="HU" if evidence.unit == "HU" else "of its mean",
        place=Place(slice_index=evidence.index),
    )


def _tile(evidence: SliceEvidence, card: Card) -> tuple[Figure, ...]:
    # Padding counts as unchanged, which it is: no tile is judged by the few pixels that it has beside padding.
    tiles = window_mean(evidence.change, np.ones_like(evidence.keep), evidence.pixel_mm)
    worst = int(np.abs(tiles.values).argmax())
    return (
        Figure(
            gate=GATE,
            name="the mean change of the worst tile",
            value=float(tiles.values.flat[worst]),
            low=-card.bounds.bias,
            high=card.bounds.bias,
            unit=evidence.unit_words,
            place=place_of(evidence, worst, tiles.values.shape),
        ),
    )
