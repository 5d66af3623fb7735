"""Means over patients with a bootstrap interval, or the words that there are too few of them. Pure.

B. Efron, R. Tibshirani, «An introduction to the bootstrap» (1993), chapters 13 (percentile) and 14 (BCa).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from restoration.errors import InputError

TOO_SMALL = "n too small"
LEAST = 6
"""Fewest values that get an interval."""
RESAMPLES = 2_000

Values = npt.NDArray[np.float64]

_TAILS = (0.025, 0.975)
_NORMAL = NormalDist()


class Method(Enum):
    """How the interval is read from the resampled means."""

    PERCENTILE = "percentile"
    BCA = "bias-corrected and accelerated"


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean and how well it is known.

    Attributes
    ----------
    mean
        Mean of the values.
    n
        Number of values.
    interval
        95 % interval (low, high); None where n is too small.
    """

    mean: float
    n: int
    interval: tuple[float, float] | None

    def __str__(self) -> str:
        """Return the figure as a table shows it."""
        if self.interval is None:
            return f"{self.mean:.3g} ({TOO_SMALL}: {self.n})"
        return f"{self.mean:.3g} [{self.interval[0]:.3g}, {self.interval[1]:.3g}], n = {self.n}"

    def as_json(self) -> dict[str, object]:
        """Return mean, n and interval, or the words in its place."""
        return {"mean": self.mean, "n": self.n, "interval": list(self.interval) if self.interval else TOO_SMALL}


def estimate(
    values: npt.ArrayLike, *, resamples: int = RESAMPLES, seed: int = 0, method: Method = Method.BCA
) -> Estimate:
    """Return the mean of one value per patient (or series) with its 95 % interval.

    Parameters
    ----------
    values
        (n,), none of them NaN.
    resamples, seed
        How often the values are drawn anew, and the seed of it.
    method
        Percentile or BCa.

    Raises
    ------
    InputError
        There is no value.
    """
    sample = np.asarray(values, np.float64).ravel()
    if sample.size == 0:
        raise InputError(happened="no value to average", subject="estimate", remedy="Give at least one patient.")
    mean = float(sample.mean())
    if sample.size < LEAST:
        return Estimate(mean=mean, n=sample.size, interval=None)
    drawn = np.random.default_rng(seed).integers(sample.size, size=(resamples, sample.size))
    means = sample[drawn].mean(axis=1)
    tails = _TAILS if method is Method.PERCENTILE else _corrected_tails(sample, means)
    low, high = np.quantile(means, tails)
    return Estimate(mean=mean, n=sample.size, interval=(float(low), float(high)))


def paired(
    before: npt.ArrayLike,
    after: npt.ArrayLike,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
    method: Method = Method.BCA,
) -> Estimate:
    """Return the mean of after − before, patient by patient, with its 95 % interval.

    Raises
    ------
    InputError
        There is no pair, or the lengths differ.
    """
    first, second = np.asarray(before, np.float64).ravel(), np.asarray(after, np.float64).ravel()
    if first.shape != second.shape:
        raise InputError(
            happened=f"{first.size} values before and {second.size} after",
            subject="paired",
            remedy="Give both for every patient.",
        )
    return estimate(second - first, resamples=resamples, seed=seed, method=method)


def by_patient(values: npt.ArrayLike, patients: Sequence[str]) -> Values:
    """Return (patients,) means of each patient's values, in the order of their names."""
    _, index = np.unique(np.asarray(patients), return_inverse=True)
    sums = np.bincount(index, weights=np.asarray(values, np.float64))
    return np.asarray(sums / np.bincount(index), np.float64)


def _corrected_tails(sample: Values, means: Values) -> tuple[float, float]:
    """Quantiles that correct for bias and skewness (BCa)."""
    mean = sample.mean()
    # Ties count half: a sample of few different values has many resampled means equal to its own.
    below = (np.count_nonzero(means < mean) + 0.5 * np.count_nonzero(means == mean)) / means.size
    if not 0 < below < 1 or np.ptp(sample) == 0:
        return _TAILS
    shift = _NORMAL.inv_cdf(float(below))
    apart = sample - mean
    # The jackknife's skewness of a mean is that of the sample itself.
    acceleration = float((apart**3).sum() / (6 * (apart**2).sum() ** 1.5))
    low, high = (
        _NORMAL.cdf(shift + (shift + point) / (1 - acceleration * (shift + point)))
        for point in (_NORMAL.inv_cdf(tail) for tail in _TAILS)
    )
    return low, high
