"""Gate «amplitude»: the change is as large as the noise it claims to be, nowhere larger. Pure.

Counted against the blind local noise of the source and against the share of the full effect that was asked for.
"""

import math
from dataclasses import dataclass

import numpy as np

from restoration.card import Card
from restoration.guard.evidence import SliceEvidence
from restoration.guard.noise import noise_map
from restoration.guard.tiles import place_of, window_mean
from restoration.guard.verdict import Figure, Place
from restoration.volume import FloatArray

GATE = "amplitude"
UNIT_OF_CHANGE = "of the local noise"

_HIGH_PERCENTILE = 99.0
_LEAST_NOISE = 0.25
"""The local noise counts as at least this share of the slice's median, so that empty corners do not divide by zero."""

_NOISE_TOLERANCE = 0.02

_HIDDEN_BY_ROUNDING = 0.3
"""Changes whose deviation is below this share of a stored step hardly ever move a pixel to another step."""


@dataclass(frozen=True, kw_only=True)
class _Allowed:
    """The card's bounds for one slice, at the share asked for and with what rounding adds.

    Attributes
    ----------
    lowest, highest
        Deviation of the change, in units of the local noise.
    peak
        Largest single change, in the same unit.
    noise_left
        Noise after, as a share of the noise before.
    """

    lowest: float
    highest: float
    peak: float
    noise_left: float


def _allowed(card: Card, share: float, rounding: float) -> _Allowed:
    """Scale the bounds; `rounding` is a stored step in units of the noise."""
    lowest, highest = (bound * share for bound in card.bounds.amplitude)
    return _Allowed(
        lowest=lowest if lowest > _HIDDEN_BY_ROUNDING * rounding else 0.0,
        highest=highest + rounding,
        peak=card.bounds.peak * share + rounding,
        noise_left=(1 + _NOISE_TOLERANCE) * math.sqrt(1 + rounding**2 / 12),
    )


def figures(evidence: SliceEvidence, card: Card, *, share: float, step: float) -> tuple[Figure, ...]:
    """Compare the change with the noise, tile by tile and pixel by pixel.

    Parameters
    ----------
    evidence
        One slice.
    card
        The pipeline's card.
    share
        Share of the full effect that was asked for, 0 to 1.
    step
        Distance between neighbouring stored values, in the figures' unit: rounding hides smaller changes.
    """
    body = evidence.body
    median = float(np.median(evidence.sigma[body])) if body.any() else 0.0
    if median <= 0:
        return ()
    allowed = _allowed(card, share, step / median)
    sigma = np.maximum(evidence.sigma, np.float32(_LEAST_NOISE * median))
    against_noise = np.asarray(np.abs(evidence.change) / sigma, dtype=np.float32)
    found = (*_tiles(evidence, against_noise, allowed), _peak(evidence, against_noise, allowed))
    # Only who takes noise away promises that less of it is left: a sharper picture may show more.
    return (*found, _noise_left(evidence, median, allowed)) if card.operation == "denoise" else found


def _tiles(evidence: SliceEvidence, against_noise: FloatArray, allowed: _Allowed) -> tuple[Figure, ...]:
    power = window_mean(np.square(against_noise), evidence.body, evidence.pixel_mm)
    if not power.valid.any():
        return ()
    deviation = np.sqrt(power.values)
    large = float(np.percentile(deviation[power.valid], _HIGH_PERCENTILE, method="lower"))
    where = int(np.where(power.valid, np.abs(deviation - large), np.inf).argmin())
    typical = Figure(
        gate=GATE,
        name="the typical change",
        value=float(np.median(deviation[power.valid])),
        low=allowed.lowest,
        high=allowed.highest,
        unit=UNIT_OF_CHANGE,
        place=Place(slice_index=evidence.index),
    )
    largest = Figure(
        gate=GATE,
        name="the change in the worst tiles",
        value=large,
        high=allowed.highest,
        unit=UNIT_OF_CHANGE,
        place=place_of(evidence.index, evidence.source.shape, where, deviation.shape),
    )
    return typical, largest


def _peak(evidence: SliceEvidence, against_noise: FloatArray, allowed: _Allowed) -> Figure:
    inside = np.where(evidence.body, against_noise, np.float32(0))
    row, column = np.unravel_index(int(inside.argmax()), inside.shape)
    return Figure(
        gate=GATE,
        name="the largest change of a pixel",
        value=float(inside[row, column]),
        high=allowed.peak,
        unit="times the local noise",
        place=Place(slice_index=evidence.index, row=int(row), column=int(column)),
    )


def _noise_left(evidence: SliceEvidence, before: float, allowed: _Allowed) -> Figure:
    """Compare the noise after with the noise before: a change of the right size but the wrong sign adds some."""
    after = float(np.median(noise_map(evidence.source + evidence.change)[evidence.body]))
    return Figure(
        gate=GATE,
        name="the noise left",
        value=after / before,
        high=allowed.noise_left,
        unit="of the source's noise",
        place=Place(slice_index=evidence.index),
    )
