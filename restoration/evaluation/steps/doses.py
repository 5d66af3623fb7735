"""One picture at several noise levels: a cleaner input is changed less. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Case
from restoration.evaluation.methods.tuning import rmse
from restoration.evaluation.methods.ways import pipeline
from restoration.evaluation.report import Curve, Plot, Row, Section, Sight, Tier
from restoration.metrics.bootstrap import by_patient, estimate
from restoration.metrics.fidelity import bias
from restoration.volume import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class Ladder:
    """The same pictures at growing noise: one realisation, scaled.

    Attributes
    ----------
    tier
        Tier of evidence.
    rungs
        Added noise [unit] to its cases, in the same order each.
    window
        Window of the pictures [unit].
    """

    tier: Tier
    rungs: Mapping[float, Sequence[Case]]
    window: tuple[float, float]


def doses(ladder_of: Callable[[Bench], Ladder], *, unit: str) -> Step:
    """Return the step that shows error and change along the noise at the default strength; it holds nothing to a bar.

    On real slices the reference has noise of its own: error there rewards whoever keeps it.
    """

    def measure(bench: Bench) -> Section:
        ladder = ladder_of(bench)
        way = pipeline(bench.restorer, bench.default)
        rows: list[Row] = []
        last: FloatArray | None = None
        for sigma, cases in ladder.rungs.items():
            answers = [way.run(case.noisy) for case in cases]
            rows.append(_row(sigma, cases, answers, unit))
            last = answers[0]
        cases = list(ladder.rungs.values())[-1]
        return Section(
            title=f"Noise sweep at {bench.default:g} %",
            tier=ladder.tier,
            n=len({case.source for case in cases}),
            rows=tuple(rows),
            plots=(_plot(rows, unit),),
            sights=() if last is None else (_sight(cases[0], last, ladder, unit),),
        )

    return Step(title="noise sweep", measure=measure)


def _row(sigma: float, cases: Sequence[Case], answers: Sequence[FloatArray], unit: str) -> Row:
    sources = [case.source for case in cases]
    pairs = list(zip(answers, cases, strict=True))
    before = [rmse(case.noisy.pictures, case) for case in cases]
    after = [rmse(answer, case) for answer, case in pairs]
    change = [
        float(np.std((answer - case.noisy.pictures)[case.where], dtype=np.float64)) / case.noisy.sigma
        for answer, case in pairs
    ]
    return {
        f"added noise [{unit}]": sigma,
        f"own noise [{unit}]": float(np.mean([case.own_sigma for case in cases])),
        f"RMSE of the input [{unit}]": estimate(by_patient(before, sources)),
        f"RMSE [{unit}]": estimate(by_patient(after, sources)),
        "change / added noise": estimate(by_patient(change, sources)),
        f"bias [{unit}]": estimate(by_patient([bias(a, c.truth, c.where) for a, c in pairs], sources)),
    }


def _plot(rows: Sequence[Row], unit: str) -> Plot:
    def column(key: str) -> list[float]:
        values = [row[key] for row in rows]
        return [value if isinstance(value, float) else getattr(value, "mean", float("nan")) for value in values]

    x = np.asarray(column(f"added noise [{unit}]"))
    labels = (f"RMSE of the input [{unit}]", f"RMSE [{unit}]")
    return Plot(
        name="noise-sweep",
        title="Error along the noise",
        x_label=f"added noise [{unit}]",
        y_label=f"RMSE [{unit}]",
        curves=tuple(Curve(label=label, x=x, y=np.asarray(column(label))) for label in labels),
    )


def _sight(case: Case, answer: FloatArray, ladder: Ladder, unit: str) -> Sight:
    return Sight(
        name="noise-sweep-picture",
        title=f"{case.name}, most noise",
        before=case.noisy.pictures[0],
        after=answer[0],
        truth=case.truth[0],
        window=ladder.window,
        unit=unit,
    )
