"""MR volumes with twice the slices: the bars and how they are measured. Pure.

A 3D acquisition measures k-space along its slices as along its rows: taking half of it away along the slices leaves a
source whose truth is known, slices between the measured ones with it. Slices beyond the last measured one are cut off.
"""

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
import torch
from scipy import ndimage

from restoration.anatomy.mr_test import mr_test_anatomy_volume
from restoration.card import Card
from restoration.evaluation.bench import SEED, Bench, Task
from restoration.evaluation.cases import Case, Noisy
from restoration.evaluation.methods.ways import Way
from restoration.evaluation.report import Tier
from restoration.evaluation.steps.fidelity import Better, Field, fidelity
from restoration.evaluation.steps.kept import UNIT, kept
from restoration.evaluation.tasks.mr_cases import HEAD, WINDOW, seed_of
from restoration.kspace_grid import Factors, coarsened, refined
from restoration.metrics.arrays import StoredVolume
from restoration.physics.mr_noise import Measurement
from restoration.volume import FloatArray

SINC, CUBIC = "sinc", "cubic"

_SIGMA = 0.01
_PHASE = 2.0
_PHANTOMS = 6
_HEAD_MM = 192.0
_DEEP_MM = 48.0
_MM, _QUICK_MM = 1.0, 2.0
_AROUND_MM = 24.0
"""Air on either side of the head, along its slices: left out."""

_FEWEST = 7
"""Slices of a real series from which on half of them is still a stack, and one on its side still a picture."""


def task(card: Card) -> Task:
    """Return the protocol for a super-resolution through plane."""
    better = (Better(against=SINC, decibel=1.0), Better(against=CUBIC, decibel=1.0))
    phantoms, slices, rows = partial(_phantoms, card), partial(_real, card, False), partial(_real, card, True)
    return Task(
        modality="MR",
        steps=(
            fidelity(lambda bench: _field(card, Tier.PHANTOM, "×2 in slices", phantoms(bench)), better, title="heads"),
            fidelity(
                lambda bench: _field(card, Tier.SIMULATED, "×2 in slices", slices(bench)),
                better,
                title="real series, half of their slices taken away",
            ),
            fidelity(
                lambda bench: _field(card, Tier.SIMULATED, "×2 in rows taken for slices", rows(bench)),
                better,
                title="real series on their side",
            ),
            kept(lambda bench: [*phantoms(bench), *slices(bench), *rows(bench)]),
        ),
    )


def _phantoms(card: Card, bench: Bench) -> list[Case]:
    """Return sagittal stacks of heads: there tissue changes from slice to slice."""
    mm = _QUICK_MM if bench.quick else _MM
    seeds = range(SEED + 3000, SEED + 3000 + bench.count(_PHANTOMS))
    return [_case(card.factors, _head(seed, mm), (mm, mm, mm), f"head {seed}") for seed in seeds]


def _head(seed: int, mm: float) -> FloatArray:
    deep, size, air = (round(length / mm) for length in (_DEEP_MM, _HEAD_MM, _AROUND_MM))
    axial = mr_test_anatomy_volume(deep, size, np.random.default_rng(seed), spacing_mm=(mm, mm, mm)).picture
    return axial.transpose(2, 1, 0)[air : size - air]


def _real(card: Card, on_side: bool, bench: Bench) -> list[Case]:
    found = list(_thinned(card, bench.volumes, on_side))
    return found[: bench.count(len(found))]


def _thinned(card: Card, volumes: Sequence[StoredVolume], on_side: bool) -> Iterator[Case]:
    """Yield series whose voxels are nearly cubes: 3D acquisitions, as no others have so thin slices."""
    low, high = card.step_ratio or (0.0, np.inf)
    for volume in volumes:
        slice_mm, row_mm, column_mm = volume.spacing_mm
        array, spacing = volume.array, volume.spacing_mm
        if not all(low <= slice_mm / pixel <= high for pixel in (row_mm, column_mm)):
            continue
        if on_side:
            array, spacing = array.transpose(1, 0, 2), (row_mm, slice_mm, column_mm)
        if min(array.shape) >= _FEWEST:
            yield _case(card.factors, array, spacing, volume.source)


def _case(factors: Factors, truth: FloatArray, spacing_mm: tuple[float, float, float], source: str) -> Case:
    slices = (len(truth) - 1) // factors[0] * factors[0] + 1
    truth = np.ascontiguousarray(truth[:slices], np.float32)
    how = Measurement(seed=seed_of(source), sigma=_SIGMA, fill=(1.0, 1.0, 1.0), phase=_PHASE)
    measured = how(torch.from_numpy(coarsened(truth, factors).clip(0))).numpy()
    slice_mm, row_mm, column_mm = spacing_mm
    return Case(
        name=f"{source}, {len(measured)} slices measured",
        source=source,
        noisy=Noisy(
            volume=np.asarray(measured, np.float32),
            spacing_mm=(slice_mm * factors[0], row_mm, column_mm),
            measured=slice(None),
            sigma=_SIGMA,
        ),
        truth=truth,
        where=np.asarray(truth > HEAD),
    )


def _field(card: Card, tier: Tier, what: str, cases: Sequence[Case]) -> Field:
    def interpolated(noisy: Noisy) -> FloatArray:
        return refined(noisy.pictures, card.factors)

    return Field(
        label=f"{what}, inside the head, σ {_SIGMA:g}",
        tier=tier,
        cases=cases,
        validation=(),
        tuned=(),
        oracles=(),
        whole=(
            Way(name=SINC, strength=card.factors[0], run=interpolated),
            Way(
                name=CUBIC,
                strength=card.factors[0],
                run=lambda noisy: _cubic(noisy.pictures, card.factors[0]),
            ),
        ),
        identity=Way(name="input, zero-filled", strength=0.0, run=interpolated),
        window=WINDOW,
        unit=UNIT,
        strengths=(card.default_strength, 100.0),
    )


def _cubic(stack: FloatArray, factor: int) -> FloatArray:
    """Interpolate along the slices by cubic splines, the stack mirrored at its ends as for sinc."""
    shape = (factor * (len(stack) - 1) + 1, *stack.shape[1:])
    step = (1 / factor, 1.0, 1.0)
    return np.asarray(ndimage.affine_transform(stack, step, output_shape=shape, order=3, mode="mirror"), np.float32)
