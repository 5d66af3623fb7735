"""Detectability by model observers: a channelised Hotelling observer on pictures, matched filters on spectra. Pure.

The signal is known exactly, the noise is the method's own. H. H. Barrett, K. J. Myers, «Foundations of image science»
(2004), chapters 13 and 14; Laguerre–Gauss channels after B. D. Gallas, H. H. Barrett, doi:10.1364/JOSAA.20.001725;
matched filters after ICRU Report 87. An ideal observer gains nothing from any processing: d′ of an answer above that
of its input says that the channels fit it better, not that it holds more.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.special import eval_laguerre, j1

from restoration.errors import InputError
from restoration.metrics.bootstrap import Estimate
from restoration.metrics.nps import RadialSpectrum
from restoration.metrics.ttf import TaskTransfer

Values = npt.NDArray[np.float64]

CHANNELS = 6
LEAST_PAIRS = 30

_NORMAL_95 = 1.96


@dataclass(frozen=True, kw_only=True, eq=False)
class Detectability:
    """What an observer reaches.

    Attributes
    ----------
    d_prime
        Distance of its two distributions in standard deviations; 0 where the signal is not seen at all.
    interval
        95 % interval (low, high) of the jackknife over pairs.
    pseudovalues
        (pairs,) float64: each pair's share in it.
    """

    d_prime: float
    interval: tuple[float, float]
    pseudovalues: Values

    @property
    def pairs(self) -> int:
        """Number of pairs of pictures."""
        return self.pseudovalues.size


@dataclass(frozen=True, kw_only=True)
class DiscSignal:
    """A disc that is looked for: contrast [physical unit], diameter [mm]."""

    contrast: float
    diameter_mm: float


class _Sums(NamedTuple):
    """Sums over pairs of channel outputs with the signal (s), without it (n), and of their products."""

    s: Values
    n: Values
    ss: Values
    nn: Values
    sn: Values


def laguerre_gauss(side: int, *, pixel_mm: float, width_mm: float, channels: int = CHANNELS) -> Values:
    """Return Laguerre–Gauss channels, centred on the region.

    Parameters
    ----------
    side
        Rows and columns of the region [pixels].
    pixel_mm
        Pixel spacing [mm].
    width_mm
        Width of the Gaussian exp(−π r² / width²) [mm]; about the signal's diameter.
    channels
        How many.

    Returns
    -------
    Values
        (channels, side, side) float64, orthonormal up to the sampling.
    """
    axis = (np.arange(side) - (side - 1) / 2) * pixel_mm
    area = 2 * np.pi * (axis[:, None] ** 2 + axis**2) / width_mm**2
    scale = np.sqrt(2) * pixel_mm / width_mm
    return np.stack([scale * np.exp(-area / 2) * eval_laguerre(order, area) for order in range(channels)])


def channelised_hotelling(
    present: npt.NDArray[np.float32],
    absent: npt.NDArray[np.float32],
    *,
    pixel_mm: float,
    width_mm: float,
    channels: int = CHANNELS,
) -> Detectability:
    """Measure d′ of the best linear observer that sees the pictures through Laguerre–Gauss channels.

    The figure is corrected for the optimism of training and testing on the same pictures, whether the pairs share
    their noise or not. Independent noise in `present` and `absent` is the usual experiment.

    Parameters
    ----------
    present, absent
        (pairs, side, side) float32: regions with the signal in their centre, and without it; 200 pairs or more.
    pixel_mm
        Pixel spacing [mm].
    width_mm
        Width of the channels [mm]; about the signal's diameter.
    channels
        How many.

    Raises
    ------
    InputError
        The stacks differ in shape, are not square, or hold fewer than 30 pairs.
    """
    if present.shape != absent.shape or present.ndim != 3 or present.shape[1] != present.shape[2]:
        raise InputError(
            happened=f"shapes {present.shape} and {absent.shape}",
            subject="observer",
            remedy="Give two stacks of square regions, as many with the signal as without.",
        )
    if len(present) < LEAST_PAIRS:
        raise InputError(
            happened=f"{len(present)} pairs are too few", subject="observer", remedy=f"Give at least {LEAST_PAIRS}."
        )
    seen = laguerre_gauss(present.shape[1], pixel_mm=pixel_mm, width_mm=width_mm, channels=channels)
    with_signal, without = (np.einsum("nij,cij->nc", stack.astype(np.float64), seen) for stack in (present, absent))
    return _jackknifed(with_signal, without)


def detectability_change(before: Detectability, after: Detectability) -> Estimate:
    """Return d′ after − before on the same pairs in the same order, with its 95 % interval (paired jackknife).

    Raises
    ------
    InputError
        The numbers of pairs differ.
    """
    if before.pairs != after.pairs:
        raise InputError(
            happened=f"{before.pairs} pairs before and {after.pairs} after",
            subject="observer",
            remedy="Measure both on the same pairs.",
        )
    mean = after.d_prime - before.d_prime
    interval = _interval(mean, after.pseudovalues - before.pseudovalues)
    return Estimate(mean=mean, n=before.pairs, interval=interval)


def prewhitening(signal: DiscSignal, spectrum: RadialSpectrum, transfer: TaskTransfer | None = None) -> float:
    """Return d′ of the ideal linear observer from transfer and noise power.

    Parameters
    ----------
    signal
        The disc.
    spectrum
        Noise power [unit² mm²]; its frequencies bound the integral.
    transfer
        What is left of the disc by frequency; all of it where None.
    """
    power = _seen(signal, spectrum, transfer)
    return float(np.sqrt(_over_rings(power / spectrum.power, spectrum)))


def non_prewhitening(signal: DiscSignal, spectrum: RadialSpectrum, transfer: TaskTransfer | None = None) -> float:
    """Return d′ of the observer that matches the signal and ignores the noise's colour.

    Parameters
    ----------
    signal
        The disc.
    spectrum
        Noise power [unit² mm²]; its frequencies bound the integral.
    transfer
        What is left of the disc by frequency; all of it where None.
    """
    power = _seen(signal, spectrum, transfer)
    return _over_rings(power, spectrum) / float(np.sqrt(_over_rings(power * spectrum.power, spectrum)))


def _seen(signal: DiscSignal, spectrum: RadialSpectrum, transfer: TaskTransfer | None) -> Values:
    """Signal power after the transfer, by frequency [unit² mm⁴]."""
    frequency = spectrum.frequency
    amplitude = signal.contrast * signal.diameter_mm / 2 * j1(np.pi * signal.diameter_mm * frequency) / frequency
    if transfer is not None:
        amplitude = amplitude * np.interp(frequency, transfer.frequency, transfer.transfer)
    return np.asarray(amplitude**2, np.float64)


def _over_rings(values: Values, spectrum: RadialSpectrum) -> float:
    """Integrate a radial function over the plane; below the first frequency it stays what it is there."""
    rings = 2 * np.pi * spectrum.frequency * values
    return float(np.trapezoid(rings, spectrum.frequency) + rings[0] * spectrum.frequency[0] / 2)


def _jackknifed(present: Values, absent: Values) -> Detectability:
    """Measure d′ from (pairs, channels) outputs, and again without each pair in turn."""
    pairs = len(present)
    # Deviations from a common point keep the sums of products exact.
    origin = absent.mean(axis=0)
    s, n = present - origin, absent - origin
    products = _Sums(s, n, *(first[:, :, None] * second[:, None, :] for first, second in ((s, s), (n, n), (s, n))))
    total = _Sums(*(part.sum(axis=0) for part in products))
    whole = _d_prime(total, pairs)
    left_out = (_Sums(*(full - part[i] for full, part in zip(total, products, strict=True))) for i in range(pairs))
    pseudovalues = pairs * whole - (pairs - 1) * np.array([_d_prime(sums, pairs - 1) for sums in left_out])
    return Detectability(d_prime=whole, interval=_interval(whole, pseudovalues), pseudovalues=pseudovalues)


def _interval(middle: float, pseudovalues: Values) -> tuple[float, float]:
    reach = _NORMAL_95 * float(pseudovalues.std(ddof=1)) / np.sqrt(pseudovalues.size)
    return float(middle - reach), float(middle + reach)


def _d_prime(sums: _Sums, pairs: int) -> float:
    """Return d′ without the optimism of the sample (McLachlan, «Discriminant analysis», 1992, 3.2 and 10.1)."""
    channels = sums.s.size
    mean_s, mean_n = sums.s / pairs, sums.n / pairs
    cov_s, cov_n, cov_sn = (
        (product - pairs * np.outer(first, second)) / (pairs - 1)
        for product, first, second in ((sums.ss, mean_s, mean_s), (sums.nn, mean_n, mean_n), (sums.sn, mean_s, mean_n))
    )
    pooled = (cov_s + cov_n) / 2
    shared = float(np.trace(np.linalg.solve(pooled, cov_sn))) / channels
    # Two estimates of the covariance that share noise are worth less than two: fewer degrees of freedom.
    freedom = 2 * (pairs - 1) / (1 + shared**2)
    apart = mean_s - mean_n
    found = (freedom - channels - 1) / freedom * float(apart @ np.linalg.solve(pooled, apart))
    chance = 2 * channels * (1 - shared) / pairs
    return float(np.sqrt(max(0.0, found - chance)))
