"""Chooses a filter's strength: on the validation split for its row, on the truth itself for the oracle's row. Pure."""

from collections.abc import Callable, Sequence

import numpy as np

from restoration.evaluation.cases import Case
from restoration.evaluation.methods.ways import Way, Yardstick
from restoration.volume import FloatArray

Score = Callable[[FloatArray, Case], float]
"""What a strength is chosen by: the lower, the better."""


def rmse(answer: FloatArray, case: Case) -> float:
    """Root of the mean squared error where pixels count [physical unit]."""
    return float(np.sqrt(np.mean(np.square((answer - case.truth)[case.where], dtype=np.float64))))


def tuned(yardstick: Yardstick, cases: Sequence[Case], score: Score = rmse) -> Way:
    """Return a filter at the strength that is best on average over the validation cases."""
    if len(yardstick.strengths) == 1:
        return yardstick.at(yardstick.strengths[0])
    means = {
        strength: float(np.mean([score(way.run(case.noisy), case) for case in cases]))
        for strength in yardstick.strengths
        for way in (yardstick.at(strength),)
    }
    return yardstick.at(min(means, key=means.__getitem__))


def oracle(yardstick: Yardstick, case: Case, score: Score = rmse) -> tuple[float, FloatArray]:
    """Return the strength that is best on this very case, and its answer."""
    answers = {strength: yardstick.at(strength).run(case.noisy) for strength in yardstick.strengths}
    best = min(answers, key=lambda strength: score(answers[strength], case))
    return best, answers[best]
