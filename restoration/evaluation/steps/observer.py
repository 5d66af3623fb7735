"""Whether a model observer sees planted targets in the output as well as in the input. Pure.

Channelised Hotelling observer, signal known exactly, present and absent pictures under different noise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from restoration.errors import InputError
from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Noisy
from restoration.evaluation.methods.ways import Way, nothing, pipeline
from restoration.evaluation.report import Bar, Row, Section, Sense, Tier
from restoration.metrics.bootstrap import Estimate
from restoration.metrics.observer import Detectability, channelised_hotelling, detectability_change
from restoration.volume import FloatArray

_LEAST_PAIRS = 30


@dataclass(frozen=True, kw_only=True, eq=False)
class Board:
    """A picture cut into cells, half of which hold a target in their middle.

    Attributes
    ----------
    noisy
        What methods see.
    present, absent
        First row and column of each cell, in the measured slices.
    cell
        Side of a cell [pixels].
    """

    noisy: Noisy
    present: tuple[tuple[int, int], ...]
    absent: tuple[tuple[int, int], ...]
    cell: int


Boards = Callable[[Bench], Mapping[float, Sequence[Board]]]
"""Boards by target diameter [mm]."""


def observer(boards_of: Boards, *, contrast: str, others: Callable[[Bench], Sequence[Way]]) -> Step:
    """Return the step that compares detectability before and after, by size."""

    def measure(bench: Bench) -> Section | None:
        boards = boards_of(bench)
        strengths = dict.fromkeys((bench.default, 100.0))
        ways = [*(pipeline(bench.restorer, s) for s in strengths), *others(bench)]
        rows: list[Row] = []
        bars: list[Bar] = []
        pairs = 0
        for diameter, mine in boards.items():
            before = _seen(nothing(), mine, diameter)
            pairs = before.pairs
            for way in ways:
                after = _seen(way, mine, diameter)
                rows.append(_row(way, diameter, before, after))
                if way.name == bench.name and way.strength == bench.default:
                    label = f"{contrast}, {diameter:g} mm, strength {way.strength:g} %"
                    bars.append(_bar(label, before, after))
        return Section(
            title=f"Detectability d′ of {contrast} (LG-CHO, signal known exactly)",
            tier=Tier.PHANTOM,
            n=pairs,
            rows=tuple(rows),
            bars=tuple(bars),
        )

    return Step(title="model observer", measure=measure)


def _seen(way: Way, boards: Sequence[Board], diameter: float) -> Detectability:
    present: list[FloatArray] = []
    absent: list[FloatArray] = []
    for board in boards:
        answer = way.run(board.noisy)[0]
        present += [_cell(answer, place, board.cell) for place in board.present]
        absent += [_cell(answer, place, board.cell) for place in board.absent]
    count = min(len(present), len(absent))
    if count < _LEAST_PAIRS:
        raise InputError(
            happened=f"{count} pairs are too few for an observer", subject="boards", remedy="Draw more boards."
        )
    pixel_mm = boards[0].noisy.spacing_mm[1]
    return channelised_hotelling(
        np.stack(present[:count]), np.stack(absent[:count]), pixel_mm=pixel_mm, width_mm=diameter
    )


def _cell(answer: FloatArray, place: tuple[int, int], side: int) -> FloatArray:
    return answer[place[0] : place[0] + side, place[1] : place[1] + side]


def _row(way: Way, diameter: float, before: Detectability, after: Detectability) -> Row:
    return {
        "method": way.name,
        "strength": way.strength,
        "diameter mm": diameter,
        "d′ of the input": _estimate(before),
        "d′": _estimate(after),
        "ratio": after.d_prime / before.d_prime if before.d_prime > 0 else None,
        "difference, paired": detectability_change(before, after),
    }


def _bar(label: str, before: Detectability, after: Detectability) -> Bar:
    change = detectability_change(before, after)
    return Bar(
        name=f"d′ above the input's, {label}",
        unit="d′",
        sense=Sense.AT_LEAST,
        wanted=0.0,
        found=change,
        tier=Tier.PHANTOM,
        note=_beyond_chance(change),
    )


def _beyond_chance(change: Estimate) -> str:
    if change.interval is None or change.interval[0] <= 0 <= change.interval[1]:
        return "no difference beyond chance"
    return "lower beyond chance" if change.mean < 0 else "higher beyond chance"


def _estimate(found: Detectability) -> Estimate:
    return Estimate(mean=found.d_prime, n=found.pairs, interval=found.interval)
