"""MR magnitude noise: the bars and how they are measured. Pure."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from restoration.card import Card
from restoration.evaluation.bench import SEED, Bench, Step, Task
from restoration.evaluation.cases import Case, PlantedCase, as_noisy
from restoration.evaluation.methods.yardsticks import (
    BM3D,
    BM3D_BLIND,
    NLM,
    bm3d_blind,
    bm3d_installed,
    bm3d_white,
    cheap,
)
from restoration.evaluation.report import Tier
from restoration.evaluation.shapes import without_rim
from restoration.evaluation.steps.bands import bands
from restoration.evaluation.steps.doses import Ladder, doses
from restoration.evaluation.steps.fidelity import ORACLE, Better, Field, fidelity
from restoration.evaluation.steps.masks import Organ, masks
from restoration.evaluation.steps.nulls import Null, nulls
from restoration.evaluation.steps.operating import Wanted, operating
from restoration.evaluation.steps.organs import Lesions, tissues
from restoration.evaluation.steps.rings import Field as Rings
from restoration.evaluation.steps.rings import rings
from restoration.evaluation.tasks.mr_cases import (
    PIXEL_MM,
    SIZE,
    UNIFORM,
    VARYING,
    WINDOW,
    Condition,
    degraded,
    head,
    phantom_cases,
    planted_cases,
    real_cases,
)

UNIT = "of the 99.5 % signal"
FLOOR = 0.003
NULL_SIGNAL = 0.03
HEAD_BAND = "head (0.1…2)"
BANDS = {
    HEAD_BAND: (0.1, 2.0),
    "dark (0.02…0.1)": (0.02, 0.1),
    "middle (0.1…0.5)": (0.1, 0.5),
    "bright (0.5…2)": (0.5, 2.0),
}
TISSUES = {"fluid or air": (-1.0, 0.3), "brain": (0.3, 0.8), "bright": (0.8, 2.0)}

_STRONG, _MIDDLE = UNIFORM[-1], UNIFORM[1]
_PHANTOMS, _PLANTED, _FEW = 6, 6, 2
_LEAST_ADDED = 2.0
"""Added noise against a reference's own: nearer to it, whoever keeps the reference's noise is rewarded."""
_SWEEP = (0.01, 0.03, 0.05, 0.08, 0.12)


def task(card: Card) -> Task:
    """Return the protocol for an MR denoiser."""
    return Task(
        modality="MR",
        steps=(
            operating(_planted, Wanted(contrast="±8 % of the signal, σ 0.05"), window=WINDOW, unit=UNIT),
            *(_compared(condition, real=real) for real in (False, True) for condition in (*UNIFORM, VARYING)),
            bands(_strong_heads, BANDS, largest=FLOOR, unit=UNIT, held=HEAD_BAND),
            masks(_organs),
            nulls(_noise_only, _clean, least=NULL_SIGNAL, unit=UNIT),
            doses(_ladder, unit=UNIT),
            rings(_ring_field),
        ),
    )


def _compared(condition: Condition, *, real: bool) -> Step:
    bars = [Better(against=NLM + ORACLE, decibel=1.0), Better(against=BM3D, decibel=0.0, note="told σ")]
    if condition.swing:
        bars.append(Better(against=BM3D_BLIND, decibel=1.0))
    where = "real slices, noise added" if real else "phantoms"
    return fidelity(partial(_field, condition, real), bars, title=where)


def _field(condition: Condition, real: bool, bench: Bench) -> Field | None:
    if real and not bench.test:
        return None
    count = bench.count(_FEW)
    found = real_cases(condition, bench.test) if real else phantom_cases(condition, bench.count(_PHANTOMS))
    cases = [case for case in found if _LEAST_ADDED * case.own_sigma <= condition.sigma]
    tuning = phantom_cases(condition, count, validation=True) + real_cases(condition, bench.validate)
    slow = bm3d_installed() and not bench.quick
    fixed = [bm3d_white((1.0,)), *([bm3d_blind()] if condition.swing else [])] if slow else []
    filters = cheap(quick=bench.quick)
    return Field(
        label=f"inside the head, {condition.label}",
        tier=Tier.SIMULATED if real else Tier.PHANTOM,
        cases=cases[: bench.count(len(cases))],
        validation=tuning[: bench.count(len(tuning))],
        tuned=filters,
        oracles=[item for item in filters if item.name == NLM],
        fixed=fixed,
        window=WINDOW,
        unit=UNIT,
        strengths=(bench.default, 100.0),
        notes=tuple(_notes(found, cases, slow=slow)),
    )


def _notes(found: Sequence[Case], cases: Sequence[Case], *, slow: bool) -> list[str]:
    notes = [] if slow else ["BM3D: not run (quick, or the package bm3d is not installed)"]
    left_out = [case.source for case in found if case not in cases]
    if left_out:
        notes.append(f"left out, their own noise is more than half of what is added: {', '.join(left_out)}")
    return notes


def _planted(bench: Bench) -> Sequence[PlantedCase]:
    return planted_cases(_MIDDLE, bench.count(_PLANTED))


def _strong_heads(bench: Bench) -> Sequence[Case]:
    return phantom_cases(_STRONG, bench.count(_PHANTOMS))


def _organs(bench: Bench) -> list[Organ]:
    found = []
    for index in range(bench.count(_PHANTOMS)):
        drawn = head(SEED + 1300 + index)
        found += tissues(drawn, TISSUES, degraded(drawn.picture, _MIDDLE, SEED + index), drawn.picture)
        lesions = Lesions(level=0.6, contrast=0.12, side=SIZE, pixel_mm=PIXEL_MM, unit="")
        found += lesions.organs(partial(degraded, condition=_MIDDLE, seed=SEED + 50 + index))
    return found


def _noise_only(bench: Bench) -> list[Null]:
    flat = np.full((SIZE, SIZE), 0.6, np.float32)
    return [
        Null(noisy=degraded(flat, _MIDDLE, SEED + 1400 + index), truth=flat, body=without_rim(SIZE))
        for index in range(bench.count(2 * _PHANTOMS))
    ]


def _clean(bench: Bench) -> list[Null]:
    pictures = [head(SEED + 1500 + index).picture for index in range(bench.count(_PHANTOMS))]
    return [Null(noisy=as_noisy(p, PIXEL_MM, 0.0), truth=p, body=np.asarray(p > 0.1)) for p in pictures]


def _ladder(bench: Bench) -> Ladder:
    conditions = [Condition(label=f"σ {sigma:g}", sigma=sigma) for sigma in _SWEEP]
    tier = Tier.SIMULATED if bench.test else Tier.PHANTOM
    rungs = {
        condition.sigma: (
            real_cases(condition, bench.test) if bench.test else phantom_cases(condition, bench.count(_PHANTOMS))
        )
        for condition in conditions
    }
    return Ladder(tier=tier, rungs=rungs, window=(0.0, 1.2))


def _ring_field(bench: Bench) -> Rings:
    cases = phantom_cases(_MIDDLE, bench.count(_PHANTOMS))
    return Rings(tier=Tier.PHANTOM, validation=phantom_cases(_MIDDLE, 1, validation=True), cases=cases)
