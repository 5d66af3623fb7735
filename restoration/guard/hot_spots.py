"""Part of gate «bias» in emission pictures: what the hottest spots are worth stays. Pure.

Both values that people read from a hot spot are held to the card's promise: the mean over about a cubic centimetre
around the hottest place (SUVpeak) and the hottest single voxel (SUVmax). Beyond the promise each may change by its
noise, which a right pipeline takes away: that of the change, which grows with the square root of the counts.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from restoration.card import Card
from restoration.guard.bias import GATE
from restoration.guard.evidence import BACKGROUND_SHARES
from restoration.guard.verdict import Figure, Place
from restoration.lowpass import lowpass_volume
from restoration.volume import BoolArray, FloatArray, Volume

SPHERE_SIGMA_MM = 2.7
"""A Gaussian of this width has the variance of a sphere of 12 mm, the usual one of SUVpeak."""

HOT = 1.5
"""A slice has a hot spot where its peak is above this share of the reference level."""

_UNIT = "Bq/mL"
_DEVIATIONS = 3.0
_MEDIAN_TO_SIGMA = 0.6745
_LEAST_COUNTS = np.float32(0.05)
"""The noise of a place is that of its surroundings, too: it does not vanish where nothing was measured."""


def volume_figures(source: Volume, restored: Volume, card: Card, *, level: float) -> Iterator[Figure]:
    """Yield the change of peak and maximum of the hottest spot of each slice; nothing in other units.

    Parameters
    ----------
    source, restored
        The volume before and after, on one grid.
    card
        The pipeline's card.
    level
        `reference_level` of the source.
    """
    if source.unit != _UNIT:
        return
    keep = np.ones(source.array.shape, bool) if source.padding is None else ~source.padding
    whole = replace(source, padding=None)
    sharp = [np.where(keep, one.array / np.float32(level), np.float32(0)) for one in (source, restored)]
    coarse = [lowpass_volume(whole, one, sigma_mm=SPHERE_SIGMA_MM) for one in sharp]
    for index in range(len(source.array)):
        body = keep[index] & (coarse[0][index] > BACKGROUND_SHARES[_UNIT])
        if not (body & (coarse[0][index] > HOT)).any():
            continue
        peak = _Read(before=coarse[0][index], after=coarse[1][index], body=body)
        voxel = _Read(before=sharp[0][index], after=sharp[1][index], body=body)
        row, column = peak.hottest
        place = Place(slice_index=index, row=row, column=column)
        of_peak = float(peak.after[row, column] / peak.before[row, column]) - 1
        of_voxel = float(voxel.after[body].max() / voxel.before[voxel.hottest]) - 1
        yield _figure("the change of the hottest spot's peak", of_peak, peak.noise, card.bounds.bias, place)
        yield _figure("the change of the hottest voxel", of_voxel, voxel.noise, card.bounds.bias, place)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Read:
    """One way to read a slice: sharp, or under the low-pass."""

    before: FloatArray
    after: FloatArray
    body: BoolArray

    @property
    def hottest(self) -> tuple[int, int]:
        inside = np.where(self.body, self.before, -np.inf)
        row, column = np.unravel_index(int(inside.argmax()), inside.shape)
        return int(row), int(column)

    @property
    def noise(self) -> float:
        """Deviation of noise that was taken away at the hottest place, as a share of its height.

        Robust, so that a hot spot that fades does not excuse itself.
        """
        before = self.before[self.body]
        per_count = np.abs(self.after[self.body] - before) / np.sqrt(np.maximum(before, _LEAST_COUNTS))
        deviation = float(np.median(per_count)) / _MEDIAN_TO_SIGMA
        return deviation / math.sqrt(float(self.before[self.hottest]))


def _figure(name: str, value: float, noise: float, promised: float, place: Place) -> Figure:
    chance = _DEVIATIONS * noise
    return Figure(
        gate=GATE,
        name=name,
        value=value,
        low=-promised - chance,
        high=promised + chance,
        unit="of its value",
        place=place,
        needed=abs(value) - chance,
    )
