"""Gate «domain»: whether a source is of the kind the card was measured on; asked before restoration. Pure."""

import numpy as np

from restoration.card import Card
from restoration.guard.evidence import SliceEvidence
from restoration.guard.fill import kspace_fill
from restoration.guard.noise import mean_frequency
from restoration.guard.verdict import Figure
from restoration.volume import FloatArray, Volume

GATE = "domain"
SLICES = 7
"""Slices that are looked at, evenly spread over the volume."""

_OUTER_PERCENTILES = (0.5, 99.5)
_LEAST_SIDE = 32


def unit_figure(source: Volume, card: Card) -> Figure:
    """Say whether the volume is in the card's unit: 1 or 0."""
    return Figure(
        gate=GATE, name=f"the share of the volume given in {card.unit}", value=float(source.unit == card.unit), low=1.0
    )


def numbers_figure(source: Volume) -> Figure:
    """Count pixels that are no numbers."""
    wrong = int(np.count_nonzero(~np.isfinite(source.array)))
    return Figure(gate=GATE, name="the count of pixels that are no numbers", value=float(wrong), high=0.0)


def looked_at(source: Volume) -> tuple[int, ...]:
    """Return indices of the slices that stand for the volume."""
    slices = len(source.array)
    return tuple(sorted({round(i) for i in np.linspace(0, slices - 1, min(SLICES, slices))}))


def figures(evidence: list[SliceEvidence], card: Card) -> tuple[Figure, ...]:
    """Measure values, noise, its spectrum and, in MR, the fill of k-space.

    Parameters
    ----------
    evidence
        The slices of `looked_at`; at least one.
    card
        The pipeline's card.
    """
    found = [_noise(evidence, card), *_values(evidence, card), _spectrum(evidence, card), _fill(evidence, card)]
    return tuple(figure for figure in found if figure is not None)


def _noise(evidence: list[SliceEvidence], card: Card) -> Figure:
    levels = [float(np.median(e.sigma[e.tissue])) for e in evidence if e.tissue.any()]
    low, high = card.bounds.noise
    return Figure(
        gate=GATE,
        name="the noise of the source",
        value=float(np.median(levels)) if levels else 0.0,
        low=low,
        high=high,
        unit=evidence[0].unit_words,
    )


def _values(evidence: list[SliceEvidence], card: Card) -> tuple[Figure, ...]:
    if card.bounds.values is None:
        return ()
    seen = np.concatenate([e.source[e.keep] for e in evidence])
    if seen.size == 0:
        return ()
    darkest, brightest = np.percentile(seen, _OUTER_PERCENTILES)
    low, high = card.bounds.values
    unit = evidence[0].unit_words
    return (
        Figure(gate=GATE, name="the darkest value", value=float(darkest), low=low, unit=unit),
        Figure(gate=GATE, name="the brightest value", value=float(brightest), high=high, unit=unit),
    )


def _spectrum(evidence: list[SliceEvidence], card: Card) -> Figure | None:
    found = [mean_frequency(e.source, e.tissue) for e in evidence]
    measured = [value for value in found if value is not None]
    if not measured:
        return None
    low, high = card.bounds.spectrum
    return Figure(
        gate=GATE,
        name="the mean frequency of the source's noise",
        value=float(np.median(measured)),
        low=low,
        high=high,
        unit="of Nyquist",
    )


def _fill(evidence: list[SliceEvidence], card: Card) -> Figure | None:
    pictures: list[FloatArray] = [e.source for e in evidence if min(e.source.shape) >= _LEAST_SIDE]
    if card.bounds.fill is None or not pictures:
        return None
    low, high = card.bounds.fill
    value = float(np.median([kspace_fill(picture) for picture in pictures]))
    return Figure(gate=GATE, name="the filled share of k-space", value=value, low=low, high=high)
