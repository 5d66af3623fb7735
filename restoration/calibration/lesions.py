"""Lesions taken from or drawn into right results, and how strongly the blob gates answer at their places. Pure.

The yardstick is what an ideal observer sees of the lesion in the source: the matched-filter signal-to-noise ratio under
the source's own noise, prewhitened, with its local level.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from restoration.calibration.noise import matched_snr
from restoration.calibration.simulated import Series
from restoration.card import Card
from restoration.guard.blobs import BORDER_MM, CREATED, ERASED, BlobMaps, blob_maps
from restoration.guard.evidence import SliceEvidence, slice_evidence
from restoration.guard.judge import stored_step
from restoration.kspace_grid import cropped, enlarged
from restoration.levels import reference_level
from restoration.volume import BoolArray, FloatArray, Volume

DIAMETERS_MM = (3.0, 20.0)
SNRS = (2.0, 16.0)
PER_SLICE = 4

_GAP_MM = 15.0
_TRIES = 30
_INSIDE = 0.95
_LEAST_ACROSS = 1.5
_SOFT_MM = 0.7
_NEAR_PIXELS = 2.0
_LARGEST = {"HU": 400.0, "signal": 0.5, "Bq/mL": 8.0, "exposure": 0.5}
"""Largest contrast of a lesion [HU, or share of the reference level]."""


@dataclass(frozen=True, kw_only=True)
class Lesion:
    """One lesion and the answer to it.

    Attributes
    ----------
    tier
        ``simulated`` or ``real``: whose noise it stood in.
    kind
        ``erased`` or ``created``.
    diameter_mm, contrast
        Size [mm] and height [unit of the source].
    snr
        Matched-filter signal-to-noise ratio in the source.
    erased, created
        Largest score of either gate at its place.
    kept
        Change of measured k-space beyond rounding, as a share of the reference level; 0 without enlargement.
    """

    tier: str
    kind: str
    diameter_mm: float
    contrast: float
    snr: float
    erased: float
    created: float
    kept: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Planted:
    kind: str
    row: float
    column: float
    diameter_mm: float
    contrast: float
    snr: float
    kept: float
    shape: FloatArray


def planted_lesions(
    series: Series, restored: Volume, card: Card, *, tier: str, rng: np.random.Generator
) -> list[Lesion]:
    """Plant a few lesions in each slice of a result or of its source, and search it.

    Parameters
    ----------
    series
        A clean series.
    restored
        Its right result, as stored.
    card
        The pipeline's card.
    tier
        ``simulated`` or ``real``.
    rng
        Source of chance.
    """
    before = enlarged(series.source, card.factor)
    level, step = reference_level(series.source), stored_step(series.source)
    found: list[Lesion] = []
    for index in range(len(before.array)):
        evidence = slice_evidence(before, index, restored=restored, level=level)
        planted = _drawn(series, evidence, index, card, rng)
        if not planted:
            continue
        erased, created = (_sum(planted, kind, evidence.source.shape) for kind in (ERASED, CREATED))
        searched = _searched(before, restored, index, erased, created)
        maps = blob_maps(slice_evidence(searched[0], 0, restored=searched[1], level=level), step=step / level)
        if maps is not None:
            found += [_answered(lesion, maps, tier) for lesion in planted]
    return found


def _searched(
    before: Volume, restored: Volume, index: int, erased: FloatArray, created: FloatArray
) -> tuple[Volume, Volume]:
    """Return the slice with the erased lesions in its source and the created ones in its result."""
    one = _slice(before, index)
    return one.with_array(one.array + erased), one.with_array(restored.array[index : index + 1] + created)


def _slice(volume: Volume, index: int) -> Volume:
    return Volume(
        array=volume.array[index : index + 1],
        pixel_mm=volume.pixel_mm,
        positions_mm=volume.positions_mm[index : index + 1],
        thickness_mm=volume.thickness_mm,
        unit=volume.unit,
        padding=None if volume.padding is None else volume.padding[index : index + 1],
    )


def _drawn(series: Series, evidence: SliceEvidence, index: int, card: Card, rng: np.random.Generator) -> list[_Planted]:
    """Draw lesions that lie in the body, far apart from each other."""
    places = np.argwhere(evidence.body)
    chosen: list[_Planted] = []
    for _ in range(_TRIES if len(places) else 0):
        if len(chosen) == PER_SLICE:
            break
        row, column = (float(value) for value in places[int(rng.integers(len(places)))] + rng.uniform(-0.5, 0.5, 2))
        # A disc that no pixel can show is no lesion of this grid.
        diameter = max(float(np.exp(rng.uniform(*np.log(DIAMETERS_MM)))), _LEAST_ACROSS * max(evidence.pixel_mm))
        if not _has_room(evidence, row, column, diameter, chosen):
            continue
        shape = _disc(evidence, row, column, diameter)
        if float(shape[evidence.body].sum()) >= _INSIDE * float(shape.sum()):
            chosen += _with_contrast(series, evidence, index, card, (row, column, diameter, shape), rng)
    return chosen


def _has_room(
    evidence: SliceEvidence, row: float, column: float, diameter_mm: float, others: Sequence[_Planted]
) -> bool:
    """Whether a disc lies away from the picture's rim, where no gate looks, and from other lesions."""
    (rows, columns), (row_mm, column_mm) = evidence.source.shape, evidence.pixel_mm
    to_rim = min(min(row, rows - 1 - row) * row_mm, min(column, columns - 1 - column) * column_mm)
    apart = [
        np.hypot((row - other.row) * row_mm, (column - other.column) * column_mm)
        - (diameter_mm + other.diameter_mm) / 2
        for other in others
    ]
    return to_rim >= max(diameter_mm / 2, BORDER_MM) + _SOFT_MM and min(apart, default=np.inf) >= _GAP_MM


def _with_contrast(
    series: Series,
    evidence: SliceEvidence,
    index: int,
    card: Card,
    drawn: tuple[float, float, float, FloatArray],
    rng: np.random.Generator,
) -> list[_Planted]:
    """Give a shape the contrast that a drawn signal-to-noise ratio asks for; nothing where tissue has no such."""
    row, column, diameter, shape = drawn
    seen = shape if card.factor == 1 else cropped(shape, (card.factor, card.factor))
    sigma = float(series.sigma[index, int(row) // card.factor, int(column) // card.factor])
    snr = float(rng.uniform(*SNRS))
    level = reference_level(series.source)
    step = stored_step(series.source)
    unit_snr = matched_snr(seen, series.power, sigma, step=step) if sigma > 0 else 0.0
    contrast = snr / unit_snr if unit_snr > 0 else np.inf
    if contrast > _LARGEST[card.unit] * level:
        return []
    sign = int(rng.choice((-1, 1)))
    if card.unit != "HU" and contrast > float(evidence.base[int(row), int(column)]) * level:
        sign = 1
    return [
        _Planted(
            kind=str(rng.choice((ERASED, CREATED))),
            row=row,
            column=column,
            diameter_mm=diameter,
            contrast=sign * contrast,
            snr=snr,
            kept=max(0.0, contrast * float(seen.max()) - step) / level if card.factor > 1 else 0.0,
            shape=shape,
        )
    ]


def _disc(evidence: SliceEvidence, row: float, column: float, diameter_mm: float) -> FloatArray:
    """Return a disc of height 1 with an edge as soft as a scanner leaves it."""
    rows, columns = (np.arange(count, dtype=np.float32) for count in evidence.source.shape)
    row_mm, column_mm = evidence.pixel_mm
    distance = np.hypot((rows[:, None] - row) * row_mm, (columns - column) * column_mm)
    disc = np.clip((diameter_mm / 2 - distance) / np.sqrt(row_mm * column_mm) + 0.5, 0, 1)
    soft: FloatArray = ndimage.gaussian_filter(disc, (_SOFT_MM / row_mm, _SOFT_MM / column_mm), output=np.float32)
    return soft


def _sum(planted: Sequence[_Planted], kind: str, shape: tuple[int, ...]) -> FloatArray:
    total = np.zeros(shape, np.float32)
    for lesion in planted:
        if lesion.kind == kind:
            total += np.float32(lesion.contrast) * lesion.shape
    return total


def _answered(lesion: _Planted, maps: BlobMaps, tier: str) -> Lesion:
    near = _near(lesion, maps)
    return Lesion(
        tier=tier,
        kind=lesion.kind,
        diameter_mm=lesion.diameter_mm,
        contrast=lesion.contrast,
        snr=lesion.snr,
        erased=float(maps.erased[near].max(initial=0)),
        created=float(maps.created[near].max(initial=0)),
        kept=lesion.kept,
    )


def _near(lesion: _Planted, maps: BlobMaps) -> BoolArray:
    """Places of the maps that count as the lesion's: its inner half, or the pixels around its middle."""
    rows, columns = np.ogrid[: maps.erased.shape[0], : maps.erased.shape[1]]
    away = (
        (rows - lesion.row / maps.reduced[0]) * maps.pixel_mm[0],
        (columns - lesion.column / maps.reduced[1]) * maps.pixel_mm[1],
    )
    near: BoolArray = np.hypot(*away) <= max(lesion.diameter_mm / 4, _NEAR_PIXELS * max(maps.pixel_mm))
    return near
