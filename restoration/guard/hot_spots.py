"""Part of gate «bias» in emission pictures: what the hottest spots are worth stays. Pure.

The mean over about a cubic centimetre around the hottest place (SUVpeak) is a promise; the hottest single voxel
(SUVmax) holds a share of noise that a right pipeline takes away, so that its change is shown and bounds nothing.
"""

import numpy as np

from restoration.card import Card
from restoration.guard.bias import GATE
from restoration.guard.evidence import SliceEvidence
from restoration.guard.verdict import Figure, Place
from restoration.lowpass import lowpass

SPHERE_SIGMA_MM = 2.7
"""A Gaussian of this width has the variance of a sphere of 12 mm, the usual one of SUVpeak."""

HOT = 1.5
"""A slice has a hot spot where its peak is above this share of the reference level."""

_UNIT = "Bq/mL"


def figures(evidence: SliceEvidence, card: Card) -> tuple[Figure, ...]:
    """Return the change of peak and maximum of the hottest spot of a slice; nothing in other units."""
    if evidence.unit != _UNIT:
        return ()
    before, change = (
        lowpass(image, sigma_mm=SPHERE_SIGMA_MM, pixel_mm=evidence.pixel_mm)
        for image in (evidence.source, evidence.change)
    )
    row, column = np.unravel_index(int(np.where(evidence.keep, before, 0).argmax()), before.shape)
    peak = float(before[row, column])
    if peak < HOT:
        return ()
    place = Place(slice_index=evidence.index, row=int(row), column=int(column))
    noise = float(change[evidence.body].std(dtype=np.float64)) / peak
    allowed = card.bounds.bias + 3 * noise
    highest = float(evidence.source.max())
    return (
        Figure(
            gate=GATE,
            name="the change of the hottest spot's peak",
            value=float(change[row, column]) / peak,
            low=-allowed,
            high=allowed,
            unit="of the peak",
            place=place,
        ),
        Figure(
            gate=GATE,
            name="the change of the hottest voxel",
            value=float((evidence.source + evidence.change).max()) / highest - 1,
            unit="of its value",
            place=place,
        ),
    )
