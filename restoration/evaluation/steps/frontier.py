"""The frontier: noise and error that are left at equal recovery of contrast, method by method. Pure.

PSNR alone rewards whoever erases what is small; recovery alone rewards whoever does nothing. Of each method all
strengths are measured, and its error is read off where it keeps a stated share of the contrast.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Case, PlantedCase
from restoration.evaluation.methods.tuning import rmse
from restoration.evaluation.methods.ways import Way, nothing
from restoration.evaluation.report import Bar, Curve, Plot, Row, Section, Sense, Tier
from restoration.evaluation.steps.operating import point
from restoration.metrics.bootstrap import Estimate
from restoration.metrics.contrast import noise_at

REFERENCE_MM = 6.0
RECOVERIES = (0.7, 0.8, 0.9)


@dataclass(frozen=True, kw_only=True)
class Margin:
    """How far a pipeline's error must lie below another method's at equal recovery.

    Attributes
    ----------
    against
        Name of the other family.
    decibel
        Recovery to the least margin [dB].
    note
        What a reader must know besides.
    """

    against: str
    decibel: dict[float, float]
    note: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Field:
    """What is compared.

    Attributes
    ----------
    families
        A method at several strengths each, by its name; the first is the pipeline's own.
    planted
        Where recovery and flat noise are measured.
    anatomies
        Where the error is measured, by kind of anatomy.
    notes
        Rows that were not run, and why.
    """

    families: dict[str, list[Way]]
    planted: Sequence[PlantedCase]
    anatomies: Mapping[str, Sequence[Case]]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Spot:
    strength: float
    recovery: dict[float, float]
    noise: float
    error: dict[str, float]


def frontier(field_of: Callable[[Bench], Field], margins: Sequence[Margin], *, unit: str) -> Step:
    """Return the step that compares all methods at equal recovery of 6 mm targets."""

    def measure(bench: Bench) -> Section:
        field = field_of(bench)
        start = _spot(nothing(), field)
        lines = {name: [start, *(_spot(way, field) for way in ways)] for name, ways in field.families.items()}
        ours = next(iter(lines))
        return Section(
            title=f"Noise / error (RMSE in tissue) [{unit}] at equal recovery of {REFERENCE_MM:g} mm targets",
            tier=Tier.PHANTOM,
            n=len(field.planted),
            rows=tuple(_row(name, line) for name, line in lines.items()),
            bars=tuple(
                bar
                for kind, cases in field.anatomies.items()
                for margin in margins
                for bar in _bars(lines, ours, margin, (kind, len(cases)))
            ),
            plots=tuple(_plot(bench, lines, kind, unit) for kind in field.anatomies),
            notes=field.notes,
        )

    return Step(title="frontier", measure=measure)


def value_at(target: float, recoveries: Sequence[float], values: Sequence[float]) -> float:
    """Return what is left at a recovery; of a method that never keeps so little, the least it leaves at all."""
    found = noise_at(target, list(recoveries), list(values))
    if found is not None:
        return found
    kept = [value for recovery, value in zip(recoveries, values, strict=True) if recovery >= target]
    return min(kept) if kept else float("nan")


def _spot(way: Way, field: Field) -> _Spot:
    points = [point(way, case) for case in field.planted]
    sizes = sorted({mm for item in points for mm in item.recovery})
    return _Spot(
        strength=way.strength,
        recovery={mm: float(np.mean([p.recovery[mm] for p in points if mm in p.recovery])) for mm in sizes},
        noise=float(np.mean([item.noise for item in points])),
        error={kind: _error(way, cases) for kind, cases in field.anatomies.items()},
    )


def _error(way: Way, cases: Sequence[Case]) -> float:
    return float(np.sqrt(np.mean([rmse(way.run(case.noisy), case) ** 2 for case in cases])))


def _row(name: str, line: list[_Spot]) -> Row:
    recoveries = [spot.recovery[REFERENCE_MM] for spot in line]
    cells: Row = {"method": name, "points": len(line) - 1, "least recovery": min(recoveries)}
    for target in RECOVERIES:
        cells[f"noise at {target:g}"] = value_at(target, recoveries, [spot.noise for spot in line])
        for kind in line[0].error:
            cells[f"RMSE, {kind}, at {target:g}"] = _error_at(target, line, kind)
    return cells


def _bars(lines: dict[str, list[_Spot]], ours: str, margin: Margin, told: tuple[str, int]) -> list[Bar]:
    kind, n = told
    least = min(spot.recovery[REFERENCE_MM] for spot in lines[ours])
    bars = []
    for target, wanted in margin.decibel.items():
        found = None
        if margin.against in lines:
            gap = 20 * np.log10(_error_at(target, lines[margin.against], kind) / _error_at(target, lines[ours], kind))
            found = Estimate(mean=float(gap), n=n, interval=None)
        notes = (margin.note, f"the pipeline keeps at least {least:.2f}" if least > target else "")
        bars.append(
            Bar(
                name=f"RMSE on {kind} below {margin.against} at recovery {target:g} of {REFERENCE_MM:g} mm",
                unit="dB",
                sense=Sense.AT_LEAST,
                wanted=wanted,
                found=found,
                tier=Tier.PHANTOM,
                note="; ".join(note for note in notes if note),
            )
        )
    return bars


def _error_at(target: float, line: list[_Spot], kind: str) -> float:
    return value_at(target, [spot.recovery[REFERENCE_MM] for spot in line], [spot.error[kind] for spot in line])


def _plot(bench: Bench, lines: dict[str, list[_Spot]], kind: str, unit: str) -> Plot:
    curves = []
    for name, line in lines.items():
        ordered = sorted(line, key=lambda spot: spot.recovery[REFERENCE_MM])
        kept = np.asarray([spot.recovery[REFERENCE_MM] for spot in ordered])
        curves.append(Curve(label=name, x=kept, y=np.asarray([spot.error[kind] for spot in ordered])))
    return Plot(
        name=f"frontier-{kind.replace(' ', '-')}",
        title=f"Error on {kind} against recovery of {REFERENCE_MM:g} mm targets, {bench.name}",
        x_label="recovery",
        y_label=f"RMSE [{unit}]",
        curves=tuple(curves),
    )
