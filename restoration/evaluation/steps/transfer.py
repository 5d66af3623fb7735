"""Sharpness at several contrasts: the task transfer function of a non-linear method depends on them. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Noisy
from restoration.evaluation.methods.ways import Way, pipeline
from restoration.evaluation.report import Bar, Curve, Plot, Row, Section, Sense, Tier
from restoration.metrics.bootstrap import Estimate, estimate
from restoration.metrics.ttf import CircularEdge, TaskTransfer, half_change, task_transfer
from restoration.volume import FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class EdgeCase:
    """A large disc, measured with and without it under the same noise.

    Attributes
    ----------
    contrast
        Disc against body [physical unit].
    edge
        Where the disc lies.
    truth
        (rows, columns) float32: the disc alone, as it looks without noise [physical unit].
    full, bare
        What methods see.
    """

    contrast: float
    edge: CircularEdge
    truth: FloatArray
    full: Noisy
    bare: Noisy


def transfer(edges: Callable[[Bench], Sequence[EdgeCase]], *, largest: float, unit: str) -> Step:
    """Return the step that holds the change of TTF50 to a bar, at the default and shown at full strength."""

    def measure(bench: Bench) -> Section:
        cases = edges(bench)
        contrasts = list(dict.fromkeys(case.contrast for case in cases))
        rows: list[Row] = []
        bars: list[Bar] = []
        curves: list[Curve] = []
        for strength in dict.fromkeys((bench.default, 100.0)):
            way = pipeline(bench.restorer, strength)
            for contrast in contrasts:
                mine = [case for case in cases if case.contrast == contrast]
                changes, curve = _changes(way, mine)
                row, bar = _outcome(way, contrast, changes, largest, unit)
                rows.append(row)
                if strength == bench.default:
                    bars.append(bar)
                    curves += curve
        return Section(
            title="Sharpness: TTF50 against the noise-free picture's, paired",
            tier=Tier.PHANTOM,
            n=len(cases) // len(contrasts),
            rows=tuple(rows),
            bars=tuple(bars),
            plots=(_plot(bench, curves),),
        )

    return Step(title="sharpness", measure=measure)


def _changes(way: Way, cases: Sequence[EdgeCase]) -> tuple[list[float], list[Curve]]:
    found: list[float] = []
    curves: list[Curve] = []
    for case in cases:
        answer = (way.run(case.full) - way.run(case.bare))[0]
        before, after = (_transfer(picture, case) for picture in (case.truth, answer))
        if before is None or after is None:
            continue
        change = half_change(before, after)
        if change is not None:
            found.append(change)
        if not curves:
            curves = [
                Curve(label=f"{label} {case.contrast:+g}", x=item.frequency, y=item.transfer)
                for label, item in (("noise-free", before), (way.name, after))
            ]
    return found, curves


def _transfer(picture: FloatArray, case: EdgeCase) -> TaskTransfer | None:
    return task_transfer([picture], [case.edge], pixel_mm=case.full.spacing_mm[1])


def _outcome(way: Way, contrast: float, changes: list[float], largest: float, unit: str) -> tuple[Row, Bar]:
    found = estimate(changes) if changes else None
    row: Row = {
        "method": way.name,
        "strength %": way.strength,
        f"contrast [{unit}]": contrast,
        "TTF50 change": found,
    }
    bar = Bar(
        name=f"|TTF50 change| at {contrast:+g} {unit}, strength {way.strength:g} %",
        unit="share",
        sense=Sense.AT_MOST,
        wanted=largest,
        found=None if found is None else magnitude(found),
        tier=Tier.PHANTOM,
    )
    return row, bar


def magnitude(found: Estimate) -> Estimate:
    """Return the absolute value of an estimate, its interval folded at zero."""
    interval = found.interval
    if interval is not None:
        low, high = interval
        least = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
        interval = (least, max(abs(low), abs(high)))
    return Estimate(mean=abs(found.mean), n=found.n, interval=interval)


def _plot(bench: Bench, curves: list[Curve]) -> Plot:
    reach = [np.asarray(curve.x <= 1.0) for curve in curves]
    return Plot(
        name="ttf",
        title=f"Task transfer, {bench.name} at {bench.default:g} %",
        x_label="spatial frequency [1/mm]",
        y_label="transfer",
        curves=tuple(
            Curve(label=curve.label, x=curve.x[near], y=curve.y[near])
            for curve, near in zip(curves, reach, strict=True)
        ),
    )
