"""CT pictures for single questions: sharp edges, boards for an observer, nothing but noise, organs, doses. Pure."""

from functools import partial

import numpy as np
from scipy import ndimage

from restoration.anatomy.ct_test import ct_test_anatomy
from restoration.evaluation.bench import SEED, Bench
from restoration.evaluation.cases import Noisy
from restoration.evaluation.report import Tier
from restoration.evaluation.shapes import disc, without_rim
from restoration.evaluation.steps.doses import Ladder
from restoration.evaluation.steps.masks import Organ
from restoration.evaluation.steps.nulls import Null
from restoration.evaluation.steps.observer import Board
from restoration.evaluation.steps.organs import Lesions, tissues
from restoration.evaluation.steps.rings import Field
from restoration.evaluation.steps.transfer import EdgeCase
from restoration.evaluation.tasks import ct_stacks
from restoration.evaluation.tasks.ct_cases import CONTRAST, LEVEL
from restoration.evaluation.tasks.ct_fields import (
    anatomies,
    anatomy_cases,
    crop_of,
    is_slab,
    real_stacks,
    slices_of,
    validation,
)
from restoration.evaluation.tasks.ct_stacks import PIXEL_MM, SIGMA, SLICE_MM, WINDOW, noise_for
from restoration.metrics.segmentation import CT_BANDS
from restoration.metrics.ttf import CircularEdge
from restoration.volume import FloatArray

EDGE_CONTRASTS = (-50.0, 50.0, 150.0, 1000.0)
LESION_CONTRAST = 60.0
DOSES_HU = (8.0, 12.0, 18.0, 25.0, 40.0)
DIAMETERS_MM = (4.0, 6.0, 8.0, 12.0)

_SIDE = 256
_EDGE_RADIUS_MM = 15.0
_EDGE_SEEDS = 6
_NEAR = 7
"""Slices that a slab and its anchor can see."""
_EMPTY = np.zeros((_SIDE, _SIDE), np.float32)
_CELL = 48
_HALF = _CELL / 2 - 0.5
_PAIRS = 200
_NULLS = 12
_ORGANS, _ORGAN_SIZE = 6, 512


def edges(bench: Bench) -> list[EdgeCase]:
    """Draw a large disc of each contrast, under noise of several seeds."""
    cases = []
    for index in range(bench.count(_EDGE_SEEDS)):
        bare, noise = _flat(bench, SEED + 300 + index)
        centre = (_SIDE / 2 + 0.3 * index, _SIDE / 2 - 0.4 * index)
        for contrast in EDGE_CONTRASTS:
            target = disc(_SIDE, centre, 2 * _EDGE_RADIUS_MM / PIXEL_MM, contrast)
            cases.append(
                EdgeCase(
                    contrast=contrast,
                    edge=CircularEdge(centre=centre, radius_mm=_EDGE_RADIUS_MM),
                    truth=target,
                    full=_noisy(bench, noise, bare + target),
                    bare=_noisy(bench, noise, bare),
                )
            )
    return cases


def boards(bench: Bench) -> dict[float, list[Board]]:
    """Draw boards of cells for 200 pairs of each diameter; the noise is the same for all of them."""
    side = _SIDE // _CELL
    places = [(row * _CELL, column * _CELL) for row in range(side) for column in range(side)]
    present, absent = places[::2], places[1::2]
    count = -(-bench.count(_PAIRS, quick=40) // min(len(present), len(absent)))
    fields = [_flat(bench, SEED + 400 + index) for index in range(count)]
    found: dict[float, list[Board]] = {}
    for diameter in DIAMETERS_MM if not bench.quick else (6.0,):
        targets = _targets(fields[0][1], present, diameter)
        found[diameter] = [
            Board(noisy=_noisy(bench, noise, bare + targets), present=tuple(present), absent=tuple(absent), cell=_CELL)
            for bare, noise in fields
        ]
    return found


def _targets(noise: FloatArray, cells: list[tuple[int, int]], diameter_mm: float) -> FloatArray:
    """Return discs in a single slice, spheres through several: (slices, rows, columns) float32 [HU]."""
    away = (np.arange(len(noise)) - len(noise) // 2) * SLICE_MM
    through = np.sqrt(np.clip((diameter_mm / 2) ** 2 - away**2, 0, None)) * 2
    middles = [(row + _HALF, column + _HALF) for row, column in cells]
    sections = [sum((disc(_SIDE, at, wide / PIXEL_MM, CONTRAST) for at in middles), start=_EMPTY) for wide in through]
    return np.stack(sections).astype(np.float32)


def noise_only(bench: Bench) -> list[Null]:
    """Draw flat bodies with noise."""
    found = []
    for index in range(bench.count(_NULLS)):
        bare, noise = _flat(bench, SEED + 500 + index)
        found.append(Null(noisy=_noisy(bench, noise, bare), truth=bare, body=without_rim(_SIDE)))
    return found


def clean(bench: Bench) -> list[Null]:
    """Take bodies of both kinds as they are, without noise."""
    stacks = [*anatomies(bench), *ct_stacks.abdomens(bench.count(3), slices=slices_of(bench), crop=crop_of(bench))]
    return [
        Null(
            noisy=stack.still,
            truth=stack.truth[stack.measured][0],
            body=np.asarray(ndimage.binary_erosion(stack.where[0], iterations=2)),
        )
        for stack in stacks
    ]


def organs(bench: Bench) -> list[Organ]:
    """Return tissues of test anatomies by band, and lesions at half their contrast."""
    found = []
    for index in range(bench.count(_ORGANS)):
        rng = np.random.default_rng(SEED + 800 + index)
        drawn = ct_test_anatomy(_ORGAN_SIZE, rng, pixel_mm=PIXEL_MM)
        noise = noise_for(np.stack([drawn.picture] * slices_of(bench)), SIGMA, PIXEL_MM, rng)
        noisy = _noisy(bench, noise, drawn.picture)
        found += tissues(drawn, CT_BANDS, noisy, drawn.picture)
    return found + _lesions(bench)


def ladder(bench: Bench) -> Ladder:
    """Return real test slices, or bodies where there are none, at growing noise: one realisation, scaled."""
    real = real_stacks(bench)
    stacks = real or anatomies(bench)
    rungs = {sigma: [stack.at(sigma) for stack in stacks] for sigma in DOSES_HU}
    return Ladder(tier=Tier.SIMULATED if real else Tier.PHANTOM, rungs=rungs, window=WINDOW)


def ring_field(bench: Bench) -> Field:
    """Return the anatomies, for their exact truth."""
    return Field(tier=Tier.PHANTOM, validation=validation(bench)[:1], cases=anatomy_cases(bench))


def _flat(bench: Bench, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return a flat picture of soft tissue and noise over it, of as many slices as the pipeline looks at."""
    rng = np.random.default_rng(seed)
    bare = np.full((_SIDE, _SIDE), LEVEL, np.float32)
    slices = bench.count(_NEAR, quick=bench.restorer.card.slab) if is_slab(bench) else 1
    return bare, noise_for(np.stack([bare] * slices), SIGMA, PIXEL_MM, rng)


def _noisy(bench: Bench, noise: FloatArray, picture: FloatArray) -> Noisy:
    """Lay noise over a picture, the same in every slice, or over a stack; the middle slice is measured."""
    at = len(noise) // 2
    return Noisy(
        volume=(picture + noise).astype(np.float32),
        spacing_mm=(SLICE_MM, PIXEL_MM, PIXEL_MM),
        measured=slice(at, at + 1),
        sigma=SIGMA,
    )


def _lesions(bench: Bench) -> list[Organ]:
    found = []
    for index in range(bench.count(3)):
        _, noise = _flat(bench, SEED + 700 + index)
        lesions = Lesions(level=LEVEL, contrast=LESION_CONTRAST, side=_SIDE, pixel_mm=PIXEL_MM, unit="HU")
        found += lesions.organs(partial(_noisy, bench, noise))
    return found
