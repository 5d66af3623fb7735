"""What the gates look at: one slice before and after, in the figures' unit, with its noise and its tissue. Pure."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from restoration.guard.noise import noise_map
from restoration.guard.patient import patient
from restoration.lowpass import lowpass
from restoration.rician import lift
from restoration.volume import BoolArray, FloatArray, Volume

BASE_MM = {"HU": 2.0, "signal": 2.0, "Bq/mL": 12.0, "exposure": 2.0}
"""Sigma of the low-pass that says which tissue a pixel belongs to [mm]: single pixels are too noisy to tell.

In emission pictures the noise itself is as coarse as 7 mm: under a narrower low-pass a band of cold tissue holds the
places where noise has lifted what is colder still, and its mean falls when the noise goes."""

_FLOOR_MM = 0.8
AIR_HU = -950.0
BACKGROUND_SHARES = {"signal": 0.1, "Bq/mL": 0.05, "exposure": 0.02}
"""Shares of the reference level above which a place is body; in a projection nearly everything is."""

SOFT_HU = (-200.0, 300.0)
_LEAST_PIXELS = 64

UNIT_WORDS = {
    "HU": "HU",
    "signal": "of the bright signal",
    "Bq/mL": "of the organs' activity",
    "exposure": "of the median exposure",
}


@dataclass(frozen=True, kw_only=True, eq=False)
class SliceEvidence:
    """One slice of the source, and what was changed in it; HU, or shares of the volume's reference level.

    Attributes
    ----------
    index
        Index of the slice.
    unit
        Unit of the volume (`restoration.volume`).
    pixel_mm
        Distance between rows and between columns [mm].
    source
        (rows, columns) float32.
    change
        (rows, columns) float32: restored − source, 0 under padding; all 0 before restoration.
    keep
        (rows, columns) bool: False under padding.
    base
        (rows, columns) float32: source under a low-pass of `BASE_MM`.
    sigma
        (rows, columns) float32: blind local noise of the source.
    lift
        (rows, columns) float32: how far noise may have lifted a magnitude, which a result may take away; else 0.
    """

    index: int
    unit: str
    pixel_mm: tuple[float, float]
    source: FloatArray
    change: FloatArray
    keep: BoolArray
    base: FloatArray
    sigma: FloatArray
    lift: FloatArray

    def unexplained(self, change: FloatArray, lift: FloatArray) -> FloatArray:
        """Return that part of a mean change which taking away the floor of magnitudes does not explain."""
        return np.where(change < 0, np.minimum(change + lift, 0), change)

    @property
    def body(self) -> BoolArray:
        """(rows, columns) bool: outside padding and brighter than air or background."""
        return self.keep & (self.base > BACKGROUND_SHARES.get(self.unit, AIR_HU))

    @cached_property
    def patient(self) -> BoolArray:
        """(rows, columns) bool: the patient with lungs and gas in CT, without table and head rest; else the body."""
        return patient(self.base, self.keep, self.pixel_mm) if self.unit == "HU" else self.body

    @property
    def tissue(self) -> BoolArray:
        """(rows, columns) bool: soft tissue in CT, else the body; the body where a slice has hardly any."""
        body = self.body
        if self.unit != "HU":
            return body
        soft = body & (self.base > SOFT_HU[0]) & (self.base < SOFT_HU[1])
        return soft if soft.sum() >= _LEAST_PIXELS else body

    @property
    def unit_words(self) -> str:
        """Return the unit of the figures for people."""
        return UNIT_WORDS[self.unit]


def floor_mm(pixel_mm: tuple[float, float]) -> float:
    """Sigma of the low-pass under which the floor of magnitudes is read [mm].

    Bone between bright tissues is narrower than the low-pass that tells tissues apart.
    """
    return max(_FLOOR_MM, *pixel_mm)


def slice_evidence(source: Volume, index: int, *, restored: Volume | None = None, level: float) -> SliceEvidence:
    """Prepare one slice.

    Parameters
    ----------
    source
        The volume before restoration.
    index
        Index of the slice.
    restored
        The volume after it, on the same grid; None before restoration.
    level
        `reference_level` of the source.
    """
    before = source.array[index] / np.float32(level)
    keep = np.ones(before.shape, bool) if source.padding is None else ~source.padding[index]
    change = np.zeros_like(before)
    if restored is not None:
        change = np.where(keep, restored.array[index] / np.float32(level) - before, np.float32(0))
    hidden, sigma = None if keep.all() else keep, noise_map(before)
    lifted = np.zeros_like(before)
    if source.unit == "signal":
        lifted = lift(before, sigma, width_mm=floor_mm(source.pixel_mm), pixel_mm=source.pixel_mm, keep=hidden)
    return SliceEvidence(
        index=index,
        unit=source.unit,
        pixel_mm=source.pixel_mm,
        source=before,
        change=change,
        keep=keep,
        base=lowpass(before, sigma_mm=BASE_MM[source.unit], pixel_mm=source.pixel_mm, keep=hidden),
        sigma=sigma,
        lift=lifted,
    )
