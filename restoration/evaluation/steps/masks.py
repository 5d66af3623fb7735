"""Segmentation by a fixed rule: Dice of tissues and of planted lesions before, after and without noise. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Noisy
from restoration.evaluation.methods.ways import Way, nothing, pipeline
from restoration.evaluation.report import Bar, Row, Section, Sense, Tier
from restoration.metrics.bootstrap import Estimate, estimate, paired
from restoration.metrics.segmentation import dice
from restoration.volume import BoolArray, FloatArray

Rule = Callable[[FloatArray], BoolArray]
"""The fixed rule: takes a (rows, columns) picture, returns the mask."""

BEHIND_CLEAN = 0.005


@dataclass(frozen=True, kw_only=True, eq=False)
class Organ:
    """Something to segment.

    Attributes
    ----------
    name, kind
        Name of the tissue or lesion, and ``tissue`` or ``lesion``: rows are means over a name, bars over a kind.
    noisy
        What methods see.
    clean
        (rows, columns) float32: the same without noise [unit].
    mask
        (rows, columns) bool: where it really lies.
    rule
        The fixed rule.
    """

    name: str
    kind: str
    noisy: Noisy
    clean: FloatArray
    mask: BoolArray
    rule: Rule


def masks(organs_of: Callable[[Bench], Sequence[Organ]]) -> Step:
    """Return the step that holds Dice to the degraded picture's and to the clean one's."""

    def measure(bench: Bench) -> Section:
        organs = organs_of(bench)
        ways = [nothing(), *(pipeline(bench.restorer, s) for s in dict.fromkeys((bench.default, 100.0)))]
        clean = [dice(organ.rule(organ.clean), organ.mask) for organ in organs]
        found = {(way.name, way.strength): _dice(way, organs) for way in ways}
        rows: list[Row] = []
        for name in dict.fromkeys(organ.name for organ in organs):
            at = [index for index, organ in enumerate(organs) if organ.name == name]
            rows.append(_row(name, "clean", 0.0, _chosen(clean, at)))
            rows += [_row(name, way.name, way.strength, _chosen(found[way.name, way.strength], at)) for way in ways]
        bars: list[Bar] = []
        for kind in dict.fromkeys(organ.kind for organ in organs):
            at = [index for index, organ in enumerate(organs) if organ.kind == kind]
            before, mine = (_chosen(found[key], at) for key in ((ways[0].name, 0.0), (bench.name, bench.default)))
            label = f"{kind}, strength {bench.default:g} %"
            bars.append(_bar(f"Dice above the degraded's, {label}", 0.0, paired(before, mine)))
            bars.append(_bar(f"Dice above the clean's, {label}", -BEHIND_CLEAN, paired(_chosen(clean, at), mine)))
        return Section(
            title="Dice by a fixed rule", tier=Tier.PHANTOM, n=len(organs), rows=tuple(rows), bars=tuple(bars)
        )

    return Step(title="segmentation", measure=measure)


def _dice(way: Way, organs: Sequence[Organ]) -> list[float | None]:
    # Organs of one picture share its noise: it is restored once.
    answers: dict[int, FloatArray] = {}
    found = []
    for organ in organs:
        key = id(organ.noisy)
        if key not in answers:
            answers[key] = way.run(organ.noisy)[0]
        found.append(dice(organ.rule(answers[key]), organ.mask))
    return found


def _row(name: str, method: str, strength: float, values: list[float]) -> Row:
    return {"structure": name, "method": method, "strength %": strength, "Dice": estimate(values)}


def _chosen(values: Sequence[float | None], at: Sequence[int]) -> list[float]:
    return [value if (value := values[index]) is not None else 0.0 for index in at]


def _bar(name: str, wanted: float, found: Estimate) -> Bar:
    return Bar(name=name, unit="Dice", sense=Sense.AT_LEAST, wanted=wanted, found=found, tier=Tier.PHANTOM)
