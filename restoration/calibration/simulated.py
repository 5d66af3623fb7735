"""Clean series to calibrate and to prove the guard on: anatomy without noise, noise of random level and kind. Pure.

Level, spectrum and local swing of the noise cover what the card accepts; a series that its domain check refuses is
drawn again, as such a series is never restored.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from restoration.calibration import noise
from restoration.calibration.anatomies import Anatomies
from restoration.card import Card
from restoration.errors import InputError
from restoration.guard.evidence import slice_evidence
from restoration.guard.judge import judge_domain
from restoration.kspace_grid import coarsened
from restoration.levels import reference_level
from restoration.volume import FloatArray, Volume

_TRIES = 60
_NOISES = 6
"""Noises that are tried on one anatomy before another is drawn."""

_STORED_STEPS = 1000.0
"""Stored values per unit of a share: magnitude pictures are whole numbers."""

_LEAST_STRENGTH = 25.0
_PET_ALONG = 0.8
"""Width of the correlation between neighbouring slices of emission pictures [slices]."""

_PET_DEVIATION = (0.03, 0.4)
"""Noise of a voxel in an organ as a share of its activity; clinical pictures have about 0.1 to 0.2. The noise map reads
far less of such coarse noise, so that a level that is drawn as the map reads it would drown the organs."""

_LEAST_OF_HIGHEST = 0.01
"""Cards that take sources without noise are calibrated from this share of their highest level up."""

_INSIDE = 1.15
"""Levels are drawn this much inside the card's range: the noise map reads a few per cent off."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A source whose noise is known.

    Attributes
    ----------
    name
        Seed or file.
    source
        The volume as it would be restored.
    strength
        Strength at which it is restored [percent].
    power
        (rows, columns) spectrum of its noise, mean 1 (`restoration.calibration.noise`).
    sigma
        (slices, rows, columns) float32: standard deviation of its noise [unit of the source].
    """

    name: str
    source: Volume
    strength: float
    power: FloatArray
    sigma: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class _Noisy:
    array: FloatArray
    power: FloatArray
    sigma: FloatArray


Noise = Callable[[FloatArray, Card, np.random.Generator], _Noisy]


def drawn_series(card: Card, anatomies: Anatomies, seed: tuple[int, ...]) -> Series:
    """Draw a series that the card accepts.

    Parameters
    ----------
    card
        The pipeline's card.
    anatomies
        Where truth comes from.
    seed
        The same numbers give the same series.

    Raises
    ------
    InputError
        The card accepts none of many: its domain does not fit its unit.
    """
    rng = np.random.default_rng(seed)
    name = "-".join(str(part) for part in seed)
    for attempt in range(_TRIES):
        # It is nearly always the noise that is refused, and anatomy is dear.
        if attempt % _NOISES == 0:
            truth = anatomies(card, rng)
        series = _noisy(truth, card, rng, name)
        if judge_domain(series.source, card).passed:
            return series
    raise InputError(
        happened="its domain check accepts no simulated series",
        subject=card.name,
        remedy="Look at the card's bounds of noise, spectrum, values and fill.",
    )


def _noisy(truth: Volume, card: Card, rng: np.random.Generator, name: str) -> Series:
    noisy = _NOISE[card.unit](coarsened(truth.array, card.factors), card, rng)
    slices, rows, columns = card.factors
    source = replace(
        truth,
        array=noisy.array,
        pixel_mm=(truth.pixel_mm[0] * rows, truth.pixel_mm[1] * columns),
        positions_mm=truth.positions_mm[::slices],
    )
    strength = float(rng.uniform(_LEAST_STRENGTH, 100.0))
    return Series(name=name, source=source, strength=strength, power=noisy.power, sigma=noisy.sigma)


def _level(card: Card, rng: np.random.Generator) -> float:
    """Draw a level, as the guard's noise map reads it, evenly over the orders of magnitude that the card takes."""
    high = card.bounds.noise[1]
    low = max(card.bounds.noise[0], _LEAST_OF_HIGHEST * high)
    return float(np.exp(rng.uniform(np.log(low * _INSIDE), np.log(high / _INSIDE))))


def _shape(truth: FloatArray) -> tuple[int, int]:
    return truth.shape[1], truth.shape[2]


def _ct(truth: FloatArray, card: Card, rng: np.random.Generator) -> _Noisy:
    power = noise.kernel_power(_shape(truth), rng.uniform(0.12, 0.5))
    deviation = _level(card, rng) / noise.map_gain(power, rng)
    sigma = _over_slices(deviation * noise.smooth_field(_shape(truth), rng.uniform(0, 0.3), rng), len(truth))
    array = np.rint(truth + sigma * noise.correlated(power, len(truth), rng))
    return _Noisy(array=array.astype(np.float32), power=power, sigma=sigma)


def _mr(truth: FloatArray, card: Card, rng: np.random.Generator) -> _Noisy:
    least = card.bounds.fill[0] if card.bounds.fill is not None else 0.7
    fill = (rng.uniform(max(least, 0.7), 1.0), 1.0)
    power = noise.filled_power(_shape(truth), fill if rng.uniform() < 0.5 else fill[::-1])
    scaled = truth * np.float32(_STORED_STEPS)
    deviation = _level(card, rng) * _bright(scaled) / noise.map_gain(power, rng)
    sigma = _over_slices(deviation * noise.smooth_field(_shape(truth), rng.uniform(0, 0.4), rng), len(truth))
    real, imaginary = (sigma * noise.correlated(power, len(truth), rng) for _ in range(2))
    return _Noisy(array=np.rint(np.hypot(scaled + real, imaginary)).astype(np.float32), power=power, sigma=sigma)


def _pet(truth: FloatArray, card: Card, rng: np.random.Generator) -> _Noisy:
    width = rng.uniform(0.6, 1.3)
    power = noise.gaussian_power(_shape(truth), (width, width))
    level = reference_level(_as_volume(truth, card))
    # Counts spread over the body in the reconstruction: the noise of a place is that of its surroundings, too.
    deviation = np.sqrt(np.maximum(truth, 0) / level + 0.1) * np.float32(level)
    sigma = np.float32(np.exp(rng.uniform(*np.log(_PET_DEVIATION)))) * deviation
    grain = noise.correlated(power, len(truth), rng, along=_PET_ALONG)
    return _Noisy(array=np.maximum(truth + sigma * grain, 0).astype(np.float32), power=power, sigma=sigma)


def _exposure(truth: FloatArray, card: Card, rng: np.random.Generator) -> _Noisy:
    scaled = truth * np.float32(_STORED_STEPS)
    width = rng.uniform(0.3, 0.8)
    power = noise.gaussian_power(_shape(truth), (width, width))
    deviation = np.sqrt(np.maximum(scaled, 1) * np.float32(np.median(scaled)))
    grain = noise.correlated(power, len(truth), rng)
    trial = _as_volume(scaled + deviation * grain, card)
    evidence = slice_evidence(trial, len(truth) // 2, level=reference_level(trial))
    read = float(np.median(evidence.sigma[evidence.tissue])) if evidence.tissue.any() else 1.0
    sigma = deviation * np.float32(_level(card, rng) / read)
    array = np.rint(np.maximum(scaled + sigma * grain, 0))
    return _Noisy(array=array.astype(np.float32), power=power, sigma=sigma)


def _as_volume(array: FloatArray, card: Card) -> Volume:
    return Volume(
        array=np.asarray(array, np.float32),
        pixel_mm=(1.0, 1.0),
        positions_mm=tuple(float(index) for index in range(len(array))),
        thickness_mm=None,
        unit=card.unit,
    )


def _bright(truth: FloatArray) -> float:
    return max(float(np.percentile(truth, 99.5)), 1e-6)


def _over_slices(field: FloatArray, slices: int) -> FloatArray:
    return np.repeat(np.asarray(field, np.float32)[None], slices, axis=0)


_NOISE: dict[str, Noise] = {"HU": _ct, "signal": _mr, "Bq/mL": _pet, "exposure": _exposure}
