"""Lesions taken from or drawn into right results, and how strongly the gates answer at their places. Pure.

The yardstick is what an ideal observer sees of the lesion in the source: the matched-filter signal-to-noise ratio under
the source's own noise, prewhitened, with its local level.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from restoration.calibration.noise import matched_snr
from restoration.calibration.simulated import Series
from restoration.card import Card
from restoration.guard.anchor import GATE as ANCHOR
from restoration.guard.anchor import coarse_change
from restoration.guard.blobs import BORDER_MM, CREATED, ERASED, blob_maps
from restoration.guard.evidence import SliceEvidence, slice_evidence
from restoration.guard.judge import stored_step
from restoration.guard.kept import GATE as KEPT
from restoration.kspace_grid import cropped, enlarged
from restoration.levels import reference_level
from restoration.volume import FloatArray, Volume

DIAMETERS_MM = (3.0, 20.0)
SNRS = (2.0, 16.0)
PER_SLICE = 4
_BODY_MM2 = 2500.0
"""A slice gets a lesion per so much body, and no fewer than `PER_SLICE` where they have room."""

LOCAL = (ERASED, CREATED, ANCHOR, KEPT)
"""Gates that answer place by place, so that what they say at a lesion is said of the lesion."""

_GAP_MM = 15.0
_GAP_OF_ANCHOR = 7.5
"""Distance of lesions in widths of the anchor: the gate «anchor» must not see one at the place of another."""

_TRIES = 8
"""Places that are tried per lesion."""

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
    answers
        Per gate of `LOCAL` that looks there: the smallest bound under which the place would pass.
    """

    tier: str
    kind: str
    diameter_mm: float
    contrast: float
    snr: float
    answers: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Answer:
    """What a gate answers per place, on a grid averaged down by `reduced`."""

    values: FloatArray
    reduced: tuple[int, int]


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
    before = enlarged(series.source, card.factors)
    level, step = reference_level(series.source), stored_step(series.source)
    found: list[Lesion] = []
    for index in range(len(before.array)):
        evidence = slice_evidence(before, index, restored=restored, level=level)
        planted = _drawn(series, evidence, index, card, rng)
        if not planted:
            continue
        erased, created = (_sum(planted, kind, evidence.source.shape) for kind in (ERASED, CREATED))
        searched = _searched(before, restored, index, erased, created)
        after = slice_evidence(searched[0], 0, restored=searched[1], level=level)
        answers = _answers(after, card, step=step / level)
        found += [_answered(lesion, answers, after.pixel_mm, tier) for lesion in planted if answers]
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
    body = evidence.patient
    places = np.argwhere(body)
    gap_mm = max(_GAP_MM, _GAP_OF_ANCHOR * card.anchor_mm if card.scope == "slice" else 0.0)
    wanted = max(PER_SLICE, int(len(places) * evidence.pixel_mm[0] * evidence.pixel_mm[1] / _BODY_MM2))
    chosen: list[_Planted] = []
    for _ in range(_TRIES * wanted if len(places) else 0):
        if len(chosen) == wanted:
            break
        row, column = (float(value) for value in places[int(rng.integers(len(places)))] + rng.uniform(-0.5, 0.5, 2))
        # A disc that no pixel can show is no lesion of this grid.
        diameter = max(float(np.exp(rng.uniform(*np.log(DIAMETERS_MM)))), _LEAST_ACROSS * max(evidence.pixel_mm))
        if not _has_room(evidence, row, column, diameter, chosen, gap_mm):
            continue
        shape = _disc(evidence, row, column, diameter)
        if float(shape[body].sum()) >= _INSIDE * float(shape.sum()):
            chosen += _with_contrast(series, evidence, index, card, (row, column, diameter, shape), rng)
    return chosen


def _has_room(
    evidence: SliceEvidence, row: float, column: float, diameter_mm: float, others: Sequence[_Planted], gap_mm: float
) -> bool:
    """Whether a disc lies away from the picture's rim, where no gate looks, and from other lesions."""
    (rows, columns), (row_mm, column_mm) = evidence.source.shape, evidence.pixel_mm
    to_rim = min(min(row, rows - 1 - row) * row_mm, min(column, columns - 1 - column) * column_mm)
    apart = [
        np.hypot((row - other.row) * row_mm, (column - other.column) * column_mm)
        - (diameter_mm + other.diameter_mm) / 2
        for other in others
    ]
    return to_rim >= max(diameter_mm / 2, BORDER_MM) + _SOFT_MM and min(apart, default=np.inf) >= gap_mm


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
    slices, rows, columns = card.factors
    # A disc in one fine slice: what the coarse ones see of it together, and the nearest of them alone.
    seen = cropped(shape, (rows, columns)) / np.float32(slices)
    nearest = float(np.sinc(index % slices / slices))
    sigma = float(series.sigma[index // slices, int(row) // rows, int(column) // columns])
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
            kept=max(0.0, contrast * nearest * float(seen.max()) - step) / level if max(card.factors) > 1 else 0.0,
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


def _answers(evidence: SliceEvidence, card: Card, *, step: float) -> dict[str, _Answer]:
    """Return what each gate answers per place; nothing where a slice cannot be searched."""
    maps = blob_maps(evidence, step=step)
    if maps is None:
        return {}
    answers = {gate: _Answer(values=getattr(maps, gate), reduced=maps.reduced) for gate in (ERASED, CREATED)}
    coarse = coarse_change(evidence, card)
    if coarse is None:
        return answers
    return answers | {ANCHOR: _Answer(values=np.asarray(np.abs(coarse), np.float32), reduced=(1, 1))}


def _answered(lesion: _Planted, answers: Mapping[str, _Answer], pixel_mm: tuple[float, float], tier: str) -> Lesion:
    return Lesion(
        tier=tier,
        kind=lesion.kind,
        diameter_mm=lesion.diameter_mm,
        contrast=lesion.contrast,
        snr=lesion.snr,
        answers={gate: _largest(lesion, answer, pixel_mm) for gate, answer in answers.items()} | {KEPT: lesion.kept},
    )


def _largest(lesion: _Planted, answer: _Answer, pixel_mm: tuple[float, float]) -> float:
    """Return the largest answer at the lesion's place: in its inner half, or in the pixels around its middle."""
    rows, columns = np.ogrid[: answer.values.shape[0], : answer.values.shape[1]]
    row_mm, column_mm = pixel_mm[0] * answer.reduced[0], pixel_mm[1] * answer.reduced[1]
    away = np.hypot(
        (rows - lesion.row / answer.reduced[0]) * row_mm, (columns - lesion.column / answer.reduced[1]) * column_mm
    )
    near = away <= max(lesion.diameter_mm / 4, _NEAR_PIXELS * max(row_mm, column_mm))
    return float(answer.values[near].max(initial=0))
