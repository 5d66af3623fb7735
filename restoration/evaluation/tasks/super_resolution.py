"""MR pictures on twice the matrix in plane: the bars and how they are measured; through plane see there. Pure."""

from collections.abc import Sequence

import numpy as np

from restoration.card import Card
from restoration.classical.cubic import cubic
from restoration.classical.sinc import sinc
from restoration.evaluation.bench import SEED, VALIDATION_SEED, Bench, Task
from restoration.evaluation.cases import Case, as_noisy
from restoration.evaluation.methods.ways import Way, Yardstick
from restoration.evaluation.report import Tier
from restoration.evaluation.steps.fidelity import Better, Field, fidelity
from restoration.evaluation.steps.kept import UNIT, kept
from restoration.evaluation.tasks import through_plane
from restoration.evaluation.tasks.mr_cases import (
    HEAD,
    PIXEL_MM,
    WINDOW,
    Condition,
    head,
    measured_pair,
    middles,
    seed_of,
)
from restoration.kspace_grid import cropped, zero_filled
from restoration.volume import FloatArray

SINC, CUBIC = "sinc", "cubic"
_FACTORS = (2, 2)
_CONDITION = Condition(label="σ 0.01", sigma=0.01)
_PHANTOMS = 6


def task(card: Card) -> Task:
    """Return the protocol for a super-resolution in plane, or for one that adds slices."""
    if card.factors[0] > 1:
        return through_plane.task(card)
    better = (Better(against=SINC, decibel=1.0), Better(against=CUBIC, decibel=1.0))
    return Task(
        modality="MR",
        steps=(
            fidelity(_phantoms, better, title="phantoms"),
            fidelity(_real, better, title="real slices, half of k-space taken away"),
            kept(_all_cases),
        ),
    )


def cases_of(bench: Bench, *, real: bool) -> list[Case]:
    """Return pictures of which only half the matrix was measured."""
    if real:
        found = [_case(item.array, item.pixel_mm, (item.source, item.own_sigma)) for item in middles(bench.test)]
        return found[: bench.count(len(found))]
    return _heads(SEED, bench.count(_PHANTOMS))


def _all_cases(bench: Bench) -> list[Case]:
    return [*cases_of(bench, real=False), *(cases_of(bench, real=True) if bench.test else ())]


def _heads(first: int, count: int) -> list[Case]:
    seeds = range(first + 2000, first + 2000 + count)
    return [_case(head(seed).picture, PIXEL_MM, (f"head {seed}", 0.0)) for seed in seeds]


def _case(truth: FloatArray, pixel_mm: float, label: tuple[str, float]) -> Case:
    rows, columns = (side - side % 4 for side in truth.shape)
    truth = truth[:rows, :columns]
    _, noisy = measured_pair(cropped(truth, _FACTORS).clip(0)[None], _CONDITION, seed_of(label[0]))
    return Case(
        name=label[0],
        source=label[0],
        noisy=as_noisy(noisy[0], 2 * pixel_mm, _CONDITION.sigma),
        truth=truth[None],
        where=np.asarray(truth > HEAD)[None],
        own_sigma=label[1],
    )


def _phantoms(bench: Bench) -> Field:
    return _field(Tier.PHANTOM, cases_of(bench, real=False))


def _real(bench: Bench) -> Field | None:
    return _field(Tier.SIMULATED, cases_of(bench, real=True)) if bench.test else None


def _field(tier: Tier, cases: Sequence[Case]) -> Field:
    return Field(
        label=f"×2 in plane, inside the head, {_CONDITION.label}",
        tier=tier,
        cases=cases,
        validation=_heads(VALIDATION_SEED, 1),
        tuned=(),
        oracles=(),
        fixed=(
            Yardstick(name=SINC, strengths=(2.0,), run=lambda picture, noisy, strength: sinc(picture, round(strength))),
            Yardstick(
                name=CUBIC, strengths=(2.0,), run=lambda picture, noisy, strength: cubic(picture, round(strength))
            ),
        ),
        identity=Way(name="input, zero-filled", strength=0.0, run=lambda noisy: zero_filled(noisy.pictures, _FACTORS)),
        window=WINDOW,
        unit=UNIT,
        strengths=(100.0,),
    )
