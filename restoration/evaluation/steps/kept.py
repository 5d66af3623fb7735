"""How far the measured frequencies of an enlarged answer lie from the input's. Pure."""

from collections.abc import Callable, Sequence

import numpy as np

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Case
from restoration.evaluation.methods.ways import pipeline
from restoration.evaluation.report import Bar, Row, Section, Sense, Tier
from restoration.kspace_grid import coarsened
from restoration.metrics.bootstrap import estimate

UNIT = "of the 99.5 % signal"
LARGEST = 0.001
"""Largest change of a measured pixel, as a share of the 99.5 % signal."""


def kept(cases_of: Callable[[Bench], Sequence[Case]]) -> Step:
    """Return the step that cuts the answers at full strength to the input's k-space and compares."""

    def measure(bench: Bench) -> Section:
        way = pipeline(bench.restorer, 100.0)
        cases, factors = cases_of(bench), bench.restorer.card.factors
        rows: list[Row] = []
        for case in cases:
            change = np.abs(coarsened(way.run(case.noisy), factors) - case.noisy.pictures)
            level = float(np.percentile(case.noisy.pictures, 99.5))
            rows.append({"case": case.name, f"largest change {UNIT}": float(change.max()) / level})
        bar = Bar(
            name="largest change of a measured pixel",
            unit=UNIT,
            sense=Sense.AT_MOST,
            wanted=LARGEST,
            found=estimate([max(float(str(row[f"largest change {UNIT}"])) for row in rows)]),
            tier=Tier.SIMULATED if bench.test else Tier.PHANTOM,
            note=f"the largest of {len(cases)} pictures",
        )
        return Section(title="Measured k-space", tier=bar.tier, n=len(cases), rows=tuple(rows), bars=(bar,))

    return Step(title="measured k-space", measure=measure)
