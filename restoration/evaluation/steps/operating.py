"""Operating points: noise taken, contrast kept, texture kept at each strength: a denoiser's three axes. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from restoration.anatomy.discs import DIAMETERS_MM
from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import PlantedCase
from restoration.evaluation.methods.ways import Way, nothing, pipeline
from restoration.evaluation.report import Bar, Curve, Plot, Row, Section, Sense, Sight, Tier
from restoration.metrics.bootstrap import Estimate, estimate
from restoration.metrics.contrast import noise_left, recovery
from restoration.metrics.nps import RadialSpectrum, radial_spectrum
from restoration.metrics.texture import mean_frequency_shift
from restoration.volume import FloatArray

STRENGTHS = (25.0, 50.0, 75.0, 100.0)


@dataclass(frozen=True, kw_only=True)
class Operating:
    """What is wanted of a strength.

    Attributes
    ----------
    noise_left
        Largest share of the input's noise.
    recovery
        Least recovery by diameter, smallest first.
    shift
        Largest fall of the noise's mean frequency, as a share; None: not asked.
    """

    noise_left: float
    recovery: tuple[float, ...]
    shift: float | None = None


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Bars of a pipeline's full and default strength; None: not asked."""

    contrast: str
    full: Operating | None = None
    default: Operating | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Point:
    """A method's figures on one case."""

    noise: float
    share_left: float
    recovery: dict[float, float]
    shift: float


def operating(
    planted: Callable[[Bench], Sequence[PlantedCase]], wanted: Wanted, *, window: tuple[float, float], unit: str
) -> Step:
    """Return the step that measures every strength on bodies with planted targets."""

    def measure(bench: Bench) -> Section:
        cases = planted(bench)
        strengths = sorted({*STRENGTHS, bench.default})
        ways = [nothing(), *(pipeline(bench.restorer, strength) for strength in strengths)]
        points = {(way.name, way.strength): [point(way, case) for case in cases] for way in ways}
        return Section(
            title=f"Operating points: targets of {wanted.contrast}, recovery paired",
            tier=Tier.PHANTOM,
            n=len(cases),
            rows=tuple(_row(key, found, unit) for key, found in points.items()),
            bars=tuple(_bars(bench, points, wanted)),
            plots=(_spectra(bench, ways, cases[0]),),
            sights=(_sight(bench, cases[0], window, unit),),
        )

    return Step(title="operating points", measure=measure)


def point(way: Way, case: PlantedCase) -> Point:
    """Measure a method on a body with and without targets."""
    full, bare = way.run(case.full), way.run(case.bare)
    left, before = noise_left(bare, case.truth), noise_left(case.bare.pictures, case.truth)
    shift = float("nan")
    own, found = spectrum(case.bare.pictures, case), spectrum(bare, case)
    if own is not None and found is not None:
        shift = mean_frequency_shift(own, found)
    return Point(noise=left, share_left=left / before, recovery=recovery(full, bare, case.truth), shift=shift)


def spectrum(answer: FloatArray, case: PlantedCase) -> RadialSpectrum | None:
    """Return the spectrum of the noise that is left, mean over the measured slices."""
    noises = zip(answer - case.truth.bare, case.truth.body, strict=True)
    found = [radial_spectrum(noise, body, case.bare.spacing_mm[1]) for noise, body in noises]
    kept = [item for item in found if item is not None]
    if not kept:
        return None
    return RadialSpectrum(frequency=kept[0].frequency, power=np.mean([item.power for item in kept], axis=0))


def recovered(points: Sequence[Point], diameter_mm: float) -> Estimate:
    """Return the recovery at a diameter over the cases that have such targets."""
    return estimate([item.recovery[diameter_mm] for item in points if diameter_mm in item.recovery])


def _row(key: tuple[str, float], points: list[Point], unit: str) -> Row:
    sizes = sorted({mm for item in points for mm in item.recovery})
    return {
        "method": key[0],
        "strength %": key[1],
        f"noise [{unit}]": estimate([item.noise for item in points]),
        "share of noise left": estimate([item.share_left for item in points]),
        **{f"recovery {mm:g} mm": recovered(points, mm) for mm in sizes},
        "NPS mean-frequency shift": estimate([item.shift for item in points]),
    }


def _bars(bench: Bench, points: dict[tuple[str, float], list[Point]], wanted: Wanted) -> list[Bar]:
    bars: list[Bar] = []
    for label, strength, goal in (
        ("full strength", 100.0, wanted.full),
        (f"default strength ({bench.default:g} %)", bench.default, wanted.default),
    ):
        if goal is None:
            continue
        found = points[bench.name, strength]
        left = estimate([item.share_left for item in found])
        bars.append(_bar(f"share of noise left, {label}", Sense.AT_MOST, goal.noise_left, left))
        for mm, least in zip(DIAMETERS_MM, goal.recovery, strict=True):
            name = f"recovery of {wanted.contrast}, {mm:g} mm, {label}"
            bars.append(_bar(name, Sense.AT_LEAST, least, recovered(found, mm)))
        if goal.shift is not None:
            shift = estimate([item.shift for item in found])
            bars.append(_bar(f"NPS mean-frequency shift, {label}", Sense.AT_LEAST, -goal.shift, shift))
    return bars


def _bar(name: str, sense: Sense, wanted: float, found: Estimate) -> Bar:
    return Bar(name=name, unit="share", sense=sense, wanted=wanted, found=found, tier=Tier.PHANTOM)


def _spectra(bench: Bench, ways: Sequence[Way], case: PlantedCase) -> Plot:
    curves = []
    for way in ways:
        found = spectrum(way.run(case.bare), case)
        if found is not None:
            curves.append(Curve(label=f"{way.name} {way.strength:g}", x=found.frequency, y=found.power))
    return Plot(
        name="nps",
        title=f"Noise power spectrum, {bench.name}",
        x_label="spatial frequency [1/mm]",
        y_label="noise power [unit² mm²]",
        curves=tuple(curves),
    )


def _sight(bench: Bench, case: PlantedCase, window: tuple[float, float], unit: str) -> Sight:
    return Sight(
        name="phantom",
        title=f"{case.name}, {bench.name} at {bench.default:g} %",
        before=case.full.pictures[0],
        after=pipeline(bench.restorer, bench.default).run(case.full)[0],
        truth=case.truth.full[0],
        window=window,
        unit=unit,
    )
