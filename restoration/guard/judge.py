"""The two questions a caller asks: may this source be restored, and may this result be released? Pure."""

from collections.abc import Iterator

import numpy as np

from restoration.card import Card
from restoration.guard import amplitude, anchor, bias, blobs, completeness, domain, hot_spots, kept, slices, structure
from restoration.guard.evidence import SliceEvidence, slice_evidence
from restoration.guard.verdict import Figure, Verdict, worst
from restoration.kspace_grid import enlarged
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
    return Verdict(figures=(*first, *slices.figures(source, card), *domain.figures(evidence, card)))


def judge(source: Volume, restored: Volume, *, card: Card, strength: float) -> Verdict:
    """Judge a result; a failure means: withhold, with the figures and the pictures.

    Parameters
    ----------
    source
        The volume that was restored.
    restored
        The result, as it is stored; `card.factors` times as fine.
    card
        The pipeline's card.
    strength
        Strength that was asked for, 0 to 100 [percent].
    """
    return Verdict(figures=worst(all_figures(source, restored, card=card, strength=strength)))


def all_figures(source: Volume, restored: Volume, *, card: Card, strength: float) -> list[Figure]:
    """Return every figure of every slice, of which `judge` keeps the worst of each kind; parameters as there."""
    before = enlarged(source, card.factors)
    found = list(completeness.grid_figures(before, restored))
    if not all(figure.passed for figure in found):
        return found
    level, step = reference_level(source), stored_step(source)
    found += completeness.figures(before, restored, card)
    found += kept.figures(source, restored, card, level=level, step=step / level)
    before, restored = (slices.as_judged(volume, card) for volume in (before, restored))
    judged: list[Figure] = []
    for index in range(len(before.array)):
        evidence = slice_evidence(before, index, restored=restored, level=level)
        judged += slice_figures(evidence, card, share=card.share_at(strength), step=step / level)
    judged += anchor.volume_figures(before, restored, card, level=level)
    judged += bias.volume_figures(before, restored, card, level=level)
    judged += hot_spots.volume_figures(before, restored, card, level=level)
    return found + [slices.as_told(figure, card) for figure in judged]


def slice_figures(evidence: SliceEvidence, card: Card, *, share: float, step: float) -> Iterator[Figure]:
    """Yield the figures of every gate that looks at single slices.

    Parameters
    ----------
    evidence
        One slice before and after.
    card
        The pipeline's card.
    share
        Share of the full effect that was asked for, 0 to 1.
    step
        Distance between neighbouring stored values, in the figures' unit.
    """
    yield from bias.figures(evidence, card)
    if card.operation == "denoise":
        yield from amplitude.figures(evidence, card, share=share, step=step)
    yield from anchor.figures(evidence, card)
    yield from structure.figures(evidence, card)
    yield from blobs.figures(evidence, card, step=step)


def stored_step(source: Volume) -> float:
    """Smallest distance between two values of the middle slice: what one stored step is worth."""
    steps = np.diff(np.unique(source.array[len(source.array) // 2]))
    return float(steps.min()) if steps.size else 0.0
