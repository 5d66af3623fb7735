"""The whole study: calibrate on some series, prove on others, plant lesions, list real ones. Pure but for the pipeline.

Nothing that calibrates proves: the seeds differ and, of the real slices that lend their shapes, the patients.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from restoration.calibration.anatomies import anatomies_for
from restoration.calibration.conformal import ALPHAS, NOT_SPARED, SPARED, clopper_pearson, conformal_bound
from restoration.calibration.detection import detection
from restoration.calibration.hostile import outcomes
from restoration.calibration.lesions import LOCAL, Lesion, planted_lesions
from restoration.calibration.real import real_series, real_shapes
from restoration.calibration.scores import MARGIN, Scores, broken, rebounded
from restoration.calibration.simulated import Series, drawn_series
from restoration.calibration.trial import Trial, tried
from restoration.card import Card
from restoration.guard.blobs import CREATED, ERASED
from restoration.guard.judge import judge_domain
from restoration.guard.spare import can_spare
from restoration.guard.stability import judge_stability
from restoration.restorer import Restorer

CALIBRATING, PROVING, PLANTING = 1, 2, 3
"""First number of the seeds of each part."""

_TAIL = 0.1
_STABILITY_SERIES = 30
_STABILITY_ALPHA = 0.05
_HOSTILE_SERIES = 25
_REAL_SHARE = 0.2
"""Share of the planted lesions that stand in real noise, where there are real series."""

_LEAST_PER_SERIES = 1

Item = TypeVar("Item")
Watch = Callable[[Iterable[int], str], Iterable[int]]
"""Shows progress while numbers are worked through."""

Row = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is done.

    Attributes
    ----------
    series, prove, lesions
        Series to calibrate on, further ones to prove on, lesions to plant.
    data
        Folder of real arrays; None for none.
    """

    series: int
    prove: int
    lesions: int
    data: Path | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Study:
    """What was found.

    Attributes
    ----------
    card
        The card with its calibrated bounds.
    report
        Everything, as plain values.
    """

    card: Card
    report: Row


def studied(restorer: Restorer, plan: Plan, watch: Watch) -> Study:
    """Calibrate the bounds of a pipeline and measure what they are worth.

    Parameters
    ----------
    restorer
        The pipeline.
    plan
        How much is done.
    watch
        Shows progress.
    """
    # Without bounds of its own nothing is spared, so that the scores are those of the pipeline itself.
    bare = replace(restorer.card, bounds=replace(restorer.card.bounds, erased=None, created=None))
    clean = [trial.scores for trial in _trials(restorer, bare, plan, watch, part=CALIBRATING)]
    share = SPARED if can_spare(restorer.card) else NOT_SPARED
    card = rebounded(restorer.card, calibrated_bounds(clean, blobs=share))
    card = replace(card, bounds=replace(card.bounds, stability=_stability(restorer, plan, watch)))
    proof, kept, lesions = _proof(restorer, card, plan, watch)
    listed, real_lesions = _real(restorer, card, plan, watch)
    stated = ((gate, getattr(card.bounds, gate)) for gate in LOCAL)
    bounds = {gate: bound for gate, bound in stated if bound is not None}
    report: Row = {
        "pipeline": card.name,
        "weights": card.weights_sha256,
        "seeds": {"calibrated": CALIBRATING, "proved": PROVING, "planted": PLANTING},
        "calibrated on": len(clean),
        "share of clean series that each gate may withhold": ALPHAS,
        "share of clean series with a place beyond the blob gates": share,
        "margin": MARGIN,
        "calibrating series that break a promise": broken(clean, restorer.card),
        "bounds": _bounds_before_and_after(restorer.card, card),
        "clean series withheld": proof,
        "planted lesions": detection([*lesions, *real_lesions], bounds, clean),
        "wrong inputs": outcomes(kept, restorer, card) if kept else {},
        "real series": listed,
    }
    return Study(card=card, report=report)


def calibrated_bounds(clean: Sequence[Scores], *, blobs: float) -> dict[str, float]:
    """Return split-conformal bounds per gate that has none of its own; the card's promises stay as they are.

    Parameters
    ----------
    clean
        Scores of clean series.
    blobs
        Share of them that the two blob gates together may find something in.
    """
    bounds = _blob_bounds([found for found in clean if ERASED in found and CREATED in found], blobs)
    for name, alpha in ALPHAS.items():
        scores = [found[name] for found in clean if name in found]
        if scores:
            bounds[name] = _rounded_up(MARGIN * conformal_bound(scores, alpha))
    return bounds


def _blob_bounds(clean: Sequence[Scores], alpha: float) -> dict[str, float]:
    """Bound both blob gates as one, each in proportion to its tail: who is beyond one is often beyond both."""
    if not clean:
        return {}
    tails = {gate: conformal_bound([found[gate] for found in clean], _TAIL) for gate in (ERASED, CREATED)}
    joint = conformal_bound([max(found[gate] / tail for gate, tail in tails.items()) for found in clean], alpha)
    return {gate: _rounded_up(joint * tail) for gate, tail in tails.items()}


def _rounded_up(value: float) -> float:
    """Round to three digits, away from the series that set the bound."""
    if value <= 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(value)) - 2)
    return float(f"{math.ceil(value / unit) * unit:.6g}")


def _trials(restorer: Restorer, card: Card, plan: Plan, watch: Watch, *, part: int) -> Iterator[Trial]:
    proving = part == PROVING
    shapes = real_shapes(plan.data, card, "validate" if proving else "train")
    anatomies = anatomies_for(card, shapes)
    count, words = (plan.prove, "proving") if proving else (plan.series, "calibrating")
    for index in watch(range(count), words):
        yield tried(drawn_series(card, anatomies, (part, index)), restorer, card)


def _stability(restorer: Restorer, plan: Plan, watch: Watch) -> float:
    """Calibrate the gate that runs the pipeline itself, on fewer series and at one in twenty."""
    anatomies = anatomies_for(restorer.card, ())
    found = []
    for index in watch(range(min(_STABILITY_SERIES, plan.series)), "stability"):
        series = _one_look(drawn_series(restorer.card, anatomies, (CALIBRATING, index)), restorer.card)
        figures = judge_stability(
            series.source, partial(restorer.restore, strength=series.strength), restorer.card
        ).figures
        found += [figure.value for figure in figures]
    return _rounded_up(conformal_bound(found or [0.0], _STABILITY_ALPHA))


def _one_look(series: Series, card: Card) -> Series:
    """Return a single slice where slices know nothing of each other: eight runs cost less."""
    if card.scope != "slice":
        return series
    source = series.source
    one = replace(
        source,
        array=source.array[:1],
        positions_mm=source.positions_mm[:1],
        padding=None if source.padding is None else source.padding[:1],
    )
    return replace(series, source=one)


def _proof(restorer: Restorer, card: Card, plan: Plan, watch: Watch) -> tuple[Row, list[Trial], list[Lesion]]:
    """Judge series that calibrated nothing, and plant lesions in their results."""
    wanted = plan.lesions * (1 - _REAL_SHARE if plan.data else 1)
    withheld: list[Row] = []
    places: list[int] = []
    kept: list[Trial] = []
    lesions: list[Lesion] = []
    for done, trial in enumerate(_trials(restorer, card, plan, watch, part=PROVING), start=1):
        places.append(trial.places)
        if not trial.verdict.passed:
            withheld.append({"series": trial.series.name, "why": trial.verdict.sentence()})
        if len(kept) < _HOSTILE_SERIES:
            kept.append(trial)
        lesions += _planted(trial, card, "simulated", int(wanted * done / plan.prove) - len(lesions), done)
    low, high = clopper_pearson(len(withheld), plan.prove)
    proof: Row = {
        "proved on": plan.prove,
        "withheld": len(withheld),
        "share": round(len(withheld) / plan.prove, 4) if plan.prove else None,
        "interval": [round(low, 4), round(high, 4)],
        "series": withheld,
        "with spared places": sum(found > 0 for found in places),
        "spared places": sum(places),
    }
    return proof, kept, lesions


def _planted(trial: Trial, card: Card, tier: str, count: int, seed: int) -> list[Lesion]:
    """Plant lesions round by round until there are enough, or the series has no room for any."""
    found: list[Lesion] = []
    rng = np.random.default_rng((PLANTING, seed, len(tier)))
    while len(found) < count:
        more = planted_lesions(trial.series, trial.restored, card, tier=tier, rng=rng)
        if len(more) < _LEAST_PER_SERIES:
            break
        found += more
    return found


def _real(restorer: Restorer, card: Card, plan: Plan, watch: Watch) -> tuple[list[Row], list[Lesion]]:
    """Restore the real series one by one, and plant lesions in those that pass."""
    series = list(real_series(plan.data, card))
    rows: list[Row] = []
    lesions: list[Lesion] = []
    for index in watch(range(len(series)), "real series"):
        fit = judge_domain(series[index].source, card)
        if not fit.passed:
            rows.append({"series": series[index].name, "outcome": "refused", "why": fit.sentence(), "spared": 0})
            continue
        trial = tried(series[index], restorer, card)
        outcome = "within bounds" if trial.verdict.passed else "withheld"
        why = trial.verdict.sentence()
        rows.append({"series": series[index].name, "outcome": outcome, "why": why, "spared": trial.places})
        wanted = int(plan.lesions * _REAL_SHARE * (index + 1) / len(series)) - len(lesions)
        lesions += _planted(trial, card, "real", wanted, index)
    return rows, lesions


def _bounds_before_and_after(before: Card, after: Card) -> Row:
    names = ("bias", "amplitude", "peak", "anchor", "structure", "erased", "created", "stability", "kept")
    return {name: {"was": getattr(before.bounds, name), "is": getattr(after.bounds, name)} for name in names}
