"""PSNR, SSIM, error and bias beside the filters: tuned on other pictures, and as oracles tuned on the truth. Pure."""

import dataclasses
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Case
from restoration.evaluation.methods.tuning import oracle, rmse, tuned
from restoration.evaluation.methods.ways import Way, Yardstick, nothing, pipeline
from restoration.evaluation.report import Bar, Row, Section, Sense, Sight, Tier
from restoration.metrics.bootstrap import Estimate, by_patient, estimate, paired
from restoration.metrics.fidelity import bias, psnr, ssim
from restoration.volume import BoolArray, FloatArray

ORACLE = " (oracle)"


@dataclass(frozen=True, kw_only=True)
class Better:
    """How much more PSNR a pipeline must have than another row."""

    against: str
    decibel: float
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """What is compared.

    Attributes
    ----------
    label
        Words for the title and the bars: what the cases are.
    tier
        Tier of evidence.
    cases, validation
        Where figures are taken, and where filters are tuned.
    tuned, oracles
        Filters tuned on the validation cases; filters tuned on each case itself.
    fixed
        Filters without anything to tune.
    whole
        Methods without anything to tune that see the whole stack.
    identity
        What doing nothing means; where the answer has another grid, not the input itself.
    window
        Window of PSNR and SSIM [unit].
    unit
        Unit of error and bias.
    strengths
        Strengths of the pipeline [percent]; the last one is held to the bars.
    notes
        Sentences below the table.
    """

    label: str
    tier: Tier
    cases: Sequence[Case]
    validation: Sequence[Case]
    tuned: Sequence[Yardstick]
    oracles: Sequence[Yardstick]
    window: tuple[float, float]
    unit: str
    strengths: Sequence[float]
    fixed: Sequence[Yardstick] = ()
    whole: Sequence[Way] = ()
    identity: Way = dataclasses.field(default_factory=nothing)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Figures:
    strength: float | str
    psnr: list[float]
    ssim: list[float]
    rmse: list[float]
    bias: list[float]


_Merit = Callable[[FloatArray, FloatArray, tuple[float, float], BoolArray], float]

Answers = dict[str, tuple[float | str, list[FloatArray]]]
"""Row name to strength and answers, one per case."""


def fidelity(field_of: Callable[[Bench], Field | None], better: Sequence[Better], *, title: str) -> Step:
    """Return the step that compares errors; figures are means over series, intervals come from resampling them."""

    def measure(bench: Bench) -> Section | None:
        field = field_of(bench)
        if field is None or not field.cases:
            return None
        answers = _answers(bench, field)
        figures = {name: _figures(found, field) for name, found in answers.items()}
        sources = [case.source for case in field.cases]
        ours = _own(bench, field.strengths[-1])
        bars = [_bar(figures, sources, ours, goal, field) for goal in better]
        return Section(
            title=f"{title}: {field.label}, window {field.window[0]:g}…{field.window[1]:g} {field.unit}",
            tier=field.tier,
            n=len(set(sources)),
            rows=tuple(_row(name, found, sources, field) for name, found in figures.items()),
            bars=tuple(bars),
            sights=(_sight(field, answers, ours),),
            notes=field.notes,
        )

    return Step(title=title, measure=measure)


def _answers(bench: Bench, field: Field) -> Answers:
    cases = field.cases
    found: Answers = {field.identity.name: (0.0, [field.identity.run(case.noisy) for case in cases])}
    for strength in field.strengths:
        way = pipeline(bench.restorer, strength)
        found[_own(bench, strength)] = (strength, [way.run(case.noisy) for case in cases])
    for yardstick in (*field.tuned, *field.fixed):
        way = tuned(yardstick, field.validation or cases[:1])
        found[way.name] = (way.strength, [way.run(case.noisy) for case in cases])
    for way in field.whole:
        found[way.name] = (way.strength, [way.run(case.noisy) for case in cases])
    for yardstick in field.oracles:
        best = [oracle(yardstick, case) for case in cases]
        chosen = "/".join(dict.fromkeys(f"{strength:g}" for strength, _ in best))
        found[yardstick.name + ORACLE] = (chosen, [answer for _, answer in best])
    return found


def _own(bench: Bench, strength: float) -> str:
    return f"{bench.name} {strength:g} %"


def _figures(found: tuple[float | str, list[FloatArray]], field: Field) -> _Figures:
    pairs = list(zip(found[1], field.cases, strict=True))
    return _Figures(
        strength=found[0],
        psnr=[_over_slices(psnr, answer, case, field.window) for answer, case in pairs],
        ssim=[_over_slices(ssim, answer, case, field.window) for answer, case in pairs],
        rmse=[rmse(answer, case) for answer, case in pairs],
        bias=[bias(answer, case.truth, case.where) for answer, case in pairs],
    )


def _over_slices(measure: _Merit, answer: FloatArray, case: Case, window: tuple[float, float]) -> float:
    slices = zip(answer, case.truth, case.where, strict=True)
    return float(np.mean([measure(picture, truth, window, where) for picture, truth, where in slices if where.any()]))


def _row(name: str, found: _Figures, sources: list[str], field: Field) -> Row:
    return {
        "method": name,
        "strength": found.strength,
        "PSNR dB": estimate(by_patient(found.psnr, sources)),
        "SSIM": estimate(by_patient(found.ssim, sources)),
        f"RMSE [{field.unit}]": estimate(by_patient(found.rmse, sources)),
        f"bias [{field.unit}]": estimate(by_patient(found.bias, sources)),
    }


def _bar(figures: dict[str, _Figures], sources: list[str], ours: str, goal: Better, field: Field) -> Bar:
    found: Estimate | None = None
    if goal.against in figures:
        before, after = (by_patient(figures[name].psnr, sources) for name in (goal.against, ours))
        found = paired(before, after)
    window = f"{field.window[0]:g}…{field.window[1]:g} {field.unit}"
    return Bar(
        name=f"PSNR in {window} above {goal.against}, {field.label}, {ours}",
        unit="dB",
        sense=Sense.AT_LEAST,
        wanted=goal.decibel,
        found=found,
        tier=field.tier,
        note=goal.note,
    )


def _sight(field: Field, answers: Answers, ours: str) -> Sight:
    before, after = (answers[name][1][0] for name in (field.identity.name, ours))
    at = len(after) // 2
    return Sight(
        name=re.sub(r"[^a-z0-9]+", "-", f"{field.tier}-{field.label}".lower()).strip("-"),
        title=f"{field.cases[0].name}, {ours}",
        before=before[at],
        after=after[at],
        truth=field.cases[0].truth[at],
        window=field.window,
        unit=field.unit,
    )
