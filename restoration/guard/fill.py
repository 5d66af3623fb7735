"""How much of k-space a picture fills: 1 for a picture as measured, 0.5 for one interpolated to twice the matrix. Pure.

Measured as the frequency at which the median power of a frequency line falls from its middle level to its floor.
Shares below 0.5 read too high: magnitude noise then fills the whole spectrum.
"""

import numpy as np
import numpy.typing as npt

from restoration.volume import FloatArray

_SMOOTHING_LINES = 5
_CLEAR_DROP = 30.0
"""Middle over floor below which no edge is seen: the spectrum falls off by itself."""

_MIDDLE = (0.25, 0.4)
_OUTER = 0.05


def kspace_fill(image: FloatArray) -> float:
    """Smaller one of the filled shares along rows and columns.

    Parameters
    ----------
    image
        (rows, columns) float32, both at least 32.

    Returns
    -------
    float
        0 to 1.
    """
    window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
    spectrum = np.abs(np.fft.fft2((image - image.mean(dtype=np.float64)) * window)) ** 2
    return min(_filled_share(np.median(spectrum, axis=1 - axis)) for axis in (0, 1))


def _filled_share(lines: npt.NDArray[np.float64]) -> float:
    """Share of the lines below the drop; lines in the order of the discrete Fourier transform."""
    count = len(lines) // 2
    half = lines[1 : count + 1] + lines[::-1][:count]
    half = np.convolve(half, np.ones(_SMOOTHING_LINES) / _SMOOTHING_LINES, "valid")
    length = len(half)
    middle = float(np.median(half[int(_MIDDLE[0] * length) : int(_MIDDLE[1] * length) + 1]))
    floor = float(np.median(half[-max(1, int(_OUTER * length)) :]))
    if middle <= _CLEAR_DROP * floor:
        return 1.0
    below = np.flatnonzero(half < np.sqrt(middle * max(floor, np.finfo(float).tiny)))
    return float(below[0] + _SMOOTHING_LINES // 2) / count if below.size else 1.0
