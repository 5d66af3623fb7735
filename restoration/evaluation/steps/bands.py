"""Means by tissue band: what a method adds to them. Pure."""

from collections.abc import Callable, Mapping, Sequence

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Case
from restoration.evaluation.methods.ways import nothing, pipeline
from restoration.evaluation.report import Bar, Row, Section, Sense, Tier
from restoration.evaluation.steps.transfer import magnitude
from restoration.metrics.bootstrap import estimate
from restoration.metrics.quantity import band_bias

Bands = Mapping[str, tuple[float, float]]


def bands(
    cases_of: Callable[[Bench], Sequence[Case]], which: Bands, *, largest: float, unit: str, held: str = ""
) -> Step:
    """Return the step that holds the bias by band to a bar at the default strength.

    Bands are chosen by the truth; only the band `held` is held to the bar where one is named. The input's own row says
    how far the noise alone moves the means.
    """

    def measure(bench: Bench) -> Section | None:
        cases = cases_of(bench)
        if not cases:
            return None
        ways = [nothing(), *(pipeline(bench.restorer, s) for s in dict.fromkeys((bench.default, 100.0)))]
        rows: list[Row] = []
        bars: list[Bar] = []
        for way in ways:
            each = [band_bias(way.run(case.noisy), case.truth, which) for case in cases]
            found = {name: [item[name] for item in each if name in item] for name in which}
            row: Row = {"method": way.name, "strength %": way.strength}
            for name, values in found.items():
                row[f"bias of {name} [{unit}]"] = estimate(values) if values else None
            rows.append(row)
            if way.name == bench.name and way.strength == bench.default:
                label = f"strength {way.strength:g} %"
                asked = {name: values for name, values in found.items() if held in ("", name)}
                bars = [_bar(f"{name}, {label}", values, largest, unit) for name, values in asked.items()]
        return Section(title="Bias by band", tier=Tier.PHANTOM, n=len(cases), rows=tuple(rows), bars=tuple(bars))

    return Step(title="bias", measure=measure)


def _bar(label: str, values: list[float], wanted: float, unit: str) -> Bar:
    return Bar(
        name=f"|bias| of {label}",
        unit=unit,
        sense=Sense.AT_MOST,
        wanted=wanted,
        found=magnitude(estimate(values)) if values else None,
        tier=Tier.PHANTOM,
    )
