"""Scanning Fourier ring correlation (arXiv 2603.04673): patches that agree less with the truth than before. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Case
from restoration.evaluation.methods.ways import Way, nothing, pipeline
from restoration.evaluation.report import Row, Section, Tier
from restoration.metrics.bootstrap import by_patient, estimate
from restoration.metrics.sfrc import Scan, new_flags, scan

_CUTOFF_PERCENTILE = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """Pictures with a reference: those the cutoff is set on, and those that are scanned."""

    tier: Tier
    validation: Sequence[Case]
    cases: Sequence[Case]


def rings(field_of: Callable[[Bench], Field]) -> Step:
    """Return the step that counts patches flagged in the output and not in the input.

    The cutoff is the frequency that all but 5 % of the noisy validation patches reach.
    """

    def measure(bench: Bench) -> Section:
        field = field_of(bench)
        crossings = np.concatenate([item.crossing for item in _scans(nothing(), field.validation)])
        cutoff = float(np.percentile(crossings, _CUTOFF_PERCENTILE))
        before = _scans(nothing(), field.cases)
        rows: list[Row] = []
        for strength in dict.fromkeys((bench.default, 100.0)):
            after = _scans(pipeline(bench.restorer, strength), field.cases)
            rows.append(_row(strength, before, after, (cutoff, [case.source for case in field.cases])))
        return Section(
            title=f"sFRC against the truth, cutoff {cutoff:.3g} /mm",
            tier=field.tier,
            n=len({case.source for case in field.cases}),
            rows=tuple(rows),
        )

    return Step(title="sFRC", measure=measure)


def _scans(way: Way, cases: Sequence[Case]) -> list[Scan]:
    return [scan(way.run(case.noisy)[0], case.truth[0], pixel_mm=case.noisy.spacing_mm[1]) for case in cases]


def _row(strength: float, before: list[Scan], after: list[Scan], told: tuple[float, list[str]]) -> Row:
    cutoff, sources = told
    new = [new_flags(first, second, cutoff) for first, second in zip(before, after, strict=True)]
    patches = [len(item.crossing) for item in after]
    return {
        "strength %": strength,
        "patches": sum(patches),
        "flagged in the input": sum(item.count(cutoff) for item in before),
        "flagged": sum(item.count(cutoff) for item in after),
        "newly flagged": sum(new),
        "newly flagged, share": estimate(by_patient(np.asarray(new) / np.asarray(patches), sources)),
    }
