"""Wavelet shrinkage without decimation, thresholds by BayesShrink. Pure.

S. G. Chang, B. Yu, M. Vetterli, doi:10.1109/83.862633 (thresholds); R. R. Coifman, D. L. Donoho, «Translation-invariant
de-noising» (1995). Daubechies' wavelet with two vanishing moments.
"""

import numpy as np

from restoration.volume import FloatArray

_ROOT = np.sqrt(3.0)
_LOW = np.array([1 + _ROOT, 3 + _ROOT, 3 - _ROOT, 1 - _ROOT], np.float32) / np.float32(8)
"""The orthonormal filter over √2: taking apart and its transpose together then give the picture back."""
_HIGH = _LOW[::-1] * np.array([1, -1, 1, -1], np.float32)
_LEVELS = 4
_WHITE_GAIN = 0.25
"""Share of white noise's power in each band of the first level; a level further it is a quarter of that."""


def wavelet(picture: FloatArray, sigma: float, strength: float) -> FloatArray:
    """Denoise a picture.

    Parameters
    ----------
    picture
        (rows, columns) float32 [any unit].
    sigma
        Standard deviation of the noise [unit of the picture].
    strength
        Noise that the thresholds are told, per noise standard deviation.

    Returns
    -------
    FloatArray
        (rows, columns) float32; the picture itself where there is no noise.
    """
    if strength * sigma <= 0:
        return picture
    margin = 3 * 2**_LEVELS
    padded = np.pad(picture, margin, mode="symmetric")
    return _shrunk(padded, strength * sigma, 0)[margin:-margin, margin:-margin]


def _shrunk(low: FloatArray, sigma: float, level: int) -> FloatArray:
    """Take a band apart, shrink its details, and put it together again."""
    if level == _LEVELS:
        return low
    step = 2**level
    answer = np.zeros_like(low)
    for down in (_LOW, _HIGH):
        half = _filtered(low, down, step, 0)
        for right in (_LOW, _HIGH):
            band = _filtered(half, right, step, 1)
            if down is _LOW and right is _LOW:
                band = _shrunk(band, sigma * _WHITE_GAIN**0.5, level + 1)
            else:
                band = _soft(band, sigma * _WHITE_GAIN**0.5)
            answer += _filtered(_filtered(band, right, -step, 1), down, -step, 0)
    return answer


def _soft(band: FloatArray, sigma: float) -> FloatArray:
    """Shrink towards 0 by σ² / σ of the band without noise."""
    clean = float(np.mean(np.square(band), dtype=np.float64)) - sigma**2
    if clean <= 0:
        return np.zeros_like(band)
    threshold = np.float32(sigma**2 / np.sqrt(clean))
    return np.sign(band) * np.maximum(np.abs(band) - threshold, np.float32(0))


def _filtered(band: FloatArray, taps: FloatArray, step: int, axis: int) -> FloatArray:
    """Correlate with taps `step` pixels apart, around the border; a negative step gives the transpose."""
    total = np.zeros_like(band)
    for place, tap in enumerate(taps):
        total += tap * np.roll(band, -place * step, axis=axis)
    return total
