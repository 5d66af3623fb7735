"""Bounds and intervals without assumptions on the distribution. Pure.

Split conformal: of n exchangeable clean series, the ⌈(n + 1)(1 − α)⌉-th smallest score is exceeded by a further clean
one with a chance of at most α (Vovk et al., Algorithmic Learning in a Random World, 2005).
"""

import math
from collections.abc import Sequence

from scipy import stats

ALPHAS = {"amplitude_high": 0.00125, "peak": 0.00125, "structure": 0.00125}
"""Share of clean series that each calibrated gate may withhold; 800 can tell 1 in 800."""

SPARED = 0.05
"""Share of clean series in which the blob gates may find a place, where the source is then given back."""

NOT_SPARED = 0.00625
"""The same where no source can be given back, and the series is withheld: with `ALPHAS` one in a hundred."""

CONFIDENCE = 0.95


def conformal_bound(scores: Sequence[float], alpha: float) -> float:
    """Return the bound for a score that is bad when large.

    Parameters
    ----------
    scores
        One score per clean series, at least one.
    alpha
        Share of clean series that may exceed it; with fewer than 1 / α − 1 scores it is the largest of them.
    """
    rank = math.ceil((len(scores) + 1) * (1 - alpha))
    return sorted(scores)[min(rank, len(scores)) - 1]


def clopper_pearson(events: int, trials: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a share; 0 to 1 without trials."""
    if trials == 0:
        return 0.0, 1.0
    tail = (1 - CONFIDENCE) / 2
    low = float(stats.beta.ppf(tail, events, trials - events + 1)) if events else 0.0
    high = float(stats.beta.ppf(1 - tail, events + 1, trials - events)) if events < trials else 1.0
    return low, high
