"""What differs between two volumes on one grid, in figures. Pure.

Each figure is gathered over all stacks and slices. Bands are the guard's, so that what is seen here is what it judges.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from restoration.guard.bias import BANDS
from restoration.guard.evidence import SliceEvidence, slice_evidence
from restoration.guard.noise import noise_map
from restoration.levels import reference_level
from restoration.metrics.nps import radial_spectrum
from restoration.volume import FloatArray, Volume

CT_WINDOW_HU = (-160.0, 240.0)
"""In which the peak signal-to-noise ratio of CT is counted; elsewhere from 0 to the reference level."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """The change of one tissue: its name, where it lies, how many pixels of it there are [unit]."""

    name: str
    pixels: int
    mean: float


@dataclass(frozen=True, kw_only=True)
class Largest:
    """The largest single difference [unit] and where it is: index of the pair, row, column."""

    value: float
    pair: int
    row: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """All figures of a comparison, after against before.

    Attributes
    ----------
    unit
        Of all amounts.
    level
        What the bands of units without a fixed scale are shares of [unit].
    bands
        Mean difference of each band that there is.
    noise
        Median of the blind noise map in tissue, before and after [unit].
    spread
        Standard deviation of the difference in tissue [unit].
    mean_frequency
        Of the spectrum of the difference in the body, in the whole picture where no region of 64 pixels fits into
        that [1/mm]; None where none fits at all or nothing differs.
    largest
        See there.
    window
        In which the peak signal-to-noise ratio is counted [unit].
    psnr
        [dB] in the body; None where both are equal in that window.
    """

    unit: str
    level: float
    bands: tuple[Band, ...]
    noise: tuple[float, float]
    spread: float
    mean_frequency: float | None
    largest: Largest
    window: tuple[float, float]
    psnr: float | None

    @property
    def noise_left(self) -> float | None:
        """Return the share of the noise that is left; None where there was none."""
        return self.noise[1] / self.noise[0] if self.noise[0] > 0 else None


@dataclass(kw_only=True)
class _Gathered:
    """Sums over slices, in shares of the level."""

    sums: dict[str, list[float]] = field(default_factory=dict)
    noise: list[tuple[float, float]] = field(default_factory=list)
    squares: list[tuple[float, float, int]] = field(default_factory=list)
    frequencies: list[float] = field(default_factory=list)
    errors: list[tuple[float, int]] = field(default_factory=list)
    largest: Largest | None = None


def measure(pairs: Sequence[tuple[Volume, Volume]]) -> Figures:
    """Measure slices of two series that show the same places.

    Parameters
    ----------
    pairs
        (before, after): volumes of one slice each, on one grid; at least one pair. Padding of the first of both does
        not count.
    """
    unit, level = pairs[0][0].unit, _level([before for before, _ in pairs])
    window = CT_WINDOW_HU if unit == "HU" else (0.0, level)
    found = _Gathered()
    for index, (before, after) in enumerate(pairs):
        evidence = slice_evidence(before, 0, restored=after, level=level)
        _gather(found, evidence, index, (window[0] / level, window[1] / level))
    return _figures(found, unit, level, window)


def _level(volumes: Sequence[Volume]) -> float:
    """Return the reference level of all slices together."""
    values = [volume.array if volume.padding is None else volume.array[~volume.padding] for volume in volumes]
    together = np.concatenate([part.ravel() for part in values]).reshape(1, 1, -1)
    if not together.size:
        return 1.0
    return reference_level(replace(volumes[0], array=together, positions_mm=(0.0,), padding=None))


def _gather(found: _Gathered, evidence: SliceEvidence, index: int, window: tuple[float, float]) -> None:
    change, where = evidence.change, evidence.tissue
    for name, low, high in BANDS.get(evidence.unit, BANDS["signal"]):
        inside = (evidence.base >= low) & (evidence.base < high) & evidence.keep
        total = found.sums.setdefault(name, [0.0, 0.0])
        total[0] += float(inside.sum())
        total[1] += float(change[inside].sum(dtype=np.float64))
    after = evidence.source + change
    if where.any():
        found.noise.append((float(np.median(evidence.sigma[where])), float(np.median(noise_map(after)[where]))))
        inner = change[where].astype(np.float64)
        found.squares.append((float(inner.sum()), float((inner**2).sum()), inner.size))
    pixel_mm = math.sqrt(evidence.pixel_mm[0] * evidence.pixel_mm[1])
    spectrum = radial_spectrum(change, evidence.body, pixel_mm) or radial_spectrum(change, evidence.keep, pixel_mm)
    if spectrum is not None and spectrum.power.sum() > 0:
        found.frequencies.append(spectrum.mean_frequency)
    found.errors.append(_error(evidence.source, after, window, evidence))
    place = int(np.abs(change).argmax())
    if found.largest is None or abs(float(change.flat[place])) > abs(found.largest.value):
        row, column = divmod(place, change.shape[1])
        found.largest = Largest(value=float(change.flat[place]), pair=index, row=row, column=column)


def _error(
    before: FloatArray, after: FloatArray, window: tuple[float, float], evidence: SliceEvidence
) -> tuple[float, int]:
    error = (np.clip(after, *window) - np.clip(before, *window))[evidence.body].astype(np.float64)
    return float((error**2).sum()), error.size


def _figures(found: _Gathered, unit: str, level: float, window: tuple[float, float]) -> Figures:
    bands = tuple(
        Band(name=name, pixels=int(count), mean=total / count * level)
        for name, (count, total) in found.sums.items()
        if count
    )
    count = sum(size for *_, size in found.squares)
    mean = sum(total for total, *_ in found.squares) / count if count else 0.0
    variance = sum(square for _, square, _ in found.squares) / count - mean**2 if count else 0.0
    body, squared = sum(size for _, size in found.errors), sum(error for error, _ in found.errors)
    width = (window[1] - window[0]) / level
    largest = found.largest or Largest(value=0.0, pair=0, row=0, column=0)
    before, after = np.median(np.asarray(found.noise or [(0.0, 0.0)]), axis=0) * level
    return Figures(
        unit=unit,
        level=level,
        bands=bands,
        noise=(float(before), float(after)),
        spread=math.sqrt(max(variance, 0.0)) * level,
        mean_frequency=float(np.median(found.frequencies)) if found.frequencies else None,
        largest=replace(largest, value=largest.value * level),
        window=window,
        psnr=10 * math.log10(width**2 * body / squared) if squared > 0 and body else None,
    )
