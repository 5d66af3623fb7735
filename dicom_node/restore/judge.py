"""The door to the guard: what it says of a source, and of the stored result. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from restoration.card import Card
from restoration.guard.judge import judge, judge_domain
from restoration.guard.spare import figures
from restoration.guard.verdict import Verdict
from restoration.volume import Volume


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """What the guard said of all stacks.

    Attributes
    ----------
    passed
        Whether every figure keeps its bounds.
    sentence
        The failures in words; empty where there is none.
    figures
        All figures as plain values.
    """

    passed: bool
    sentence: str
    figures: tuple[dict[str, Any], ...]


def judge_sources(volumes: Sequence[Volume], card: Card) -> Judgement:
    """Judge the input; what fails here is refused."""
    return _joined([judge_domain(volume, card) for volume in volumes])


def judge_results(pairs: Sequence[tuple[Volume, Volume]], *, card: Card, strength: float, spared: int) -> Judgement:
    """Judge (source, stored result) of every stack; what fails here is withheld.

    Parameters
    ----------
    pairs
        Source and result as it was read back, per stack.
    card, strength
        The pipeline's card, and what was asked for [percent].
    spared
        In how many places the source was given back, told among the figures.
    """
    verdicts = [judge(source, result, card=card, strength=strength) for source, result in pairs]
    return _joined([*verdicts, Verdict(figures=figures(card, spared))])


def _joined(verdicts: Sequence[Verdict]) -> Judgement:
    failures = [figure.sentence() for verdict in verdicts for figure in verdict.failures]
    return Judgement(
        passed=not failures,
        sentence="; ".join(failures),
        figures=tuple(figure.as_json() for verdict in verdicts for figure in verdict.figures),
    )
