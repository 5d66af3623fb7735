"""The floor of magnitude pictures: noise lifts a magnitude, the more the darker the signal. Pure.

The mean of a Rician variable is sigma·sqrt(π/2)·L½(−s²/2σ²) (Gudbjartsson & Patz, doi:10.1002/mrm.1910340618), whose
excess over the signal, in sigma, depends on s/σ alone. It is read from a table, to 2e-5 sigma, because the Bessel
functions in it take longer than a network does.
"""

import functools

import numpy as np
from scipy.special import ive

from restoration.lowpass import lowpass
from restoration.volume import BoolArray, FloatArray

MAP_ALLOWANCE = np.float32(1.5)
"""The blind noise map reads low in coloured noise, down to half."""

_LEAST_SIGMA = np.float32(1e-12)
_STEPS = 64
"""Entries of the table per sigma."""

_END = 32.0
"""Signal in sigma from where the excess is sigma² / 2s to a part in four thousand."""


def floor(signal: FloatArray, sigma: FloatArray) -> FloatArray:
    """Mean excess of a magnitude over its signal.

    Parameters
    ----------
    signal
        Noise-free magnitude, never negative [any unit].
    sigma
        Standard deviation of the real and of the imaginary part of the noise, same shape [unit of the signal].

    Returns
    -------
    FloatArray
        Same shape and unit: 1.25 sigma where there is no signal, about sigma² / 2s where there is much.
    """
    width = np.maximum(sigma, _LEAST_SIGMA).astype(np.float32)
    ratio = np.asarray(signal / width, np.float32)
    place = np.minimum(ratio, np.float32(_END)) * np.float32(_STEPS)
    first = place.astype(np.int32)
    table = _table()
    low = table[first]
    excess = low + (place - first) * (table[first + 1] - low)
    far = np.float32(0.5) / np.maximum(ratio, np.float32(_END))
    return np.asarray(width * np.where(ratio < _END, excess, far), np.float32)


def lift(
    picture: FloatArray,
    sigma: FloatArray,
    *,
    width_mm: float,
    pixel_mm: tuple[float, float],
    keep: BoolArray | None = None,
) -> FloatArray:
    """How far noise may have lifted each place of a magnitude picture.

    The mean square of a magnitude is s² + 2 sigma², which gives the signal without asking anybody else.

    Parameters
    ----------
    picture
        (rows, columns) float32 magnitude [any unit].
    sigma
        Blind noise map of it, same shape [unit of the picture].
    width_mm
        Standard deviation of the Gaussian that squares are averaged under [mm].
    pixel_mm
        Distance between rows and between columns [mm].
    keep
        (rows, columns) bool: True where values count.

    Returns
    -------
    FloatArray
        Same shape [unit of the picture], never negative.
    """
    power = lowpass(np.square(picture), sigma_mm=width_mm, pixel_mm=pixel_mm, keep=keep)
    signal = np.sqrt(np.clip(power - 2 * np.square(sigma), 0, None))
    return floor(signal, MAP_ALLOWANCE * sigma)


@functools.cache
def _table() -> FloatArray:
    """Excess in sigma at every step of the signal, by scaled Bessel functions, which neither overflow nor cancel."""
    ratio = np.arange(int(_END) * _STEPS + 2) / _STEPS
    half = np.square(ratio) / 4
    mean = np.sqrt(np.pi / 2) * ((1 + 2 * half) * ive(0, half) + 2 * half * ive(1, half))
    return np.asarray(mean - ratio, np.float32)
