"""The two questions a caller asks: may this source be restored, and may this result be released? Pure."""

import numpy as np

from restoration.card import Card
from restoration.guard import amplitude, anchor, bias, completeness, domain
from restoration.guard.evidence import slice_evidence
from restoration.guard.verdict import Verdict, worst
from restoration.levels import reference_level
from restoration.volume import Volume


def judge_domain(source: Volume, card: Card) -> Verdict:
    """Judge a source before restoration; a failure means: refuse, with the figure.

    Parameters
    ----------
    source
        The volume as it would be restored.
    card
        The pipeline's card.
    """
    first = (domain.unit_figure(source, card), domain.numbers_figure(source))
    if not all(figure.passed for figure in first):
        return Verdict(figures=first)
    level = reference_level(source)
    evidence = [slice_evidence(source, index, level=level) for index in domain.looked_at(source)]
    return Verdict(figures=(*first, *domain.figures(evidence, card)))


def judge(source: Volume, restored: Volume, *, card: Card, strength: float) -> Verdict:
    """Judge a result; a failure means: withhold, with the figures and the pictures.

    Parameters
    ----------
    source
        The volume that was restored.
    restored
        The result, as it is stored.
    card
        The pipeline's card.
    strength
        Strength that was asked for, 0 to 100 [percent].
    """
    grid = completeness.grid_figures(source, restored)
    if not all(figure.passed for figure in grid):
        return Verdict(figures=grid)
    level, share = reference_level(source), strength / 100 * card.full_share
    step = _stored_step(source) / level
    found = list(completeness.figures(source, restored))
    for index in range(len(source.array)):
        evidence = slice_evidence(source, index, restored=restored, level=level)
        found += bias.figures(evidence, card)
        found += amplitude.figures(evidence, card, share=share, step=step)
        found += anchor.figures(evidence, card)
    return Verdict(figures=(*grid, *worst(found)))


def _stored_step(source: Volume) -> float:
    """Smallest distance between two values of the middle slice: what one stored step is worth."""
    steps = np.diff(np.unique(source.array[len(source.array) // 2]))
    return float(steps.min()) if steps.size else 0.0
