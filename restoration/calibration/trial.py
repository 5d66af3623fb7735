"""One series through a pipeline as a job would do it, and every figure of its result. Pure but for the pipeline."""

from dataclasses import dataclass, replace

import numpy as np

from restoration.calibration.scores import Scores, scores_of
from restoration.calibration.simulated import Series
from restoration.card import Card
from restoration.guard.judge import all_figures
from restoration.guard.spare import spared
from restoration.guard.verdict import Verdict, worst
from restoration.restorer import Restorer
from restoration.volume import Volume

_STORED_WHOLE = ("HU", "signal", "exposure")


@dataclass(frozen=True, kw_only=True, eq=False)
class Trial:
    """A series, its result, and what the gates say.

    Attributes
    ----------
    series
        The source and its noise.
    restored
        The result, as stored.
    verdict
        The verdict under the card that was asked.
    scores
        The smallest bounds that would pass it.
    places
        In how many places it is the source's (`restoration.guard.spare`).
    """

    series: Series
    restored: Volume
    verdict: Verdict
    scores: Scores
    places: int = 0


def tried(series: Series, restorer: Restorer, card: Card) -> Trial:
    """Restore a series, spare what the card's bounds ask for, and judge it."""
    result = spared(series.source, restorer.restore(series.source, strength=series.strength), card)
    return replace(judged(series, stored(result.volume), card), places=result.places)


def judged(series: Series, restored: Volume, card: Card) -> Trial:
    """Judge a result that is already there."""
    figures = all_figures(series.source, restored, card=card, strength=series.strength)
    share = card.share_at(series.strength)
    return Trial(
        series=series,
        restored=restored,
        verdict=Verdict(figures=worst(figures)),
        scores=scores_of(figures, card, share=share),
    )


def stored(volume: Volume) -> Volume:
    """Return a result as a file holds it: whole numbers where the unit is stored so."""
    return volume.with_array(np.rint(volume.array)) if volume.unit in _STORED_WHOLE else volume
