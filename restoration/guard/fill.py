"""How much of k-space a picture fills: 1 for a picture as measured, 0.5 for one interpolated to twice the matrix. Pure.

Measured as the frequency at which the median power of a frequency line falls from its middle level to its floor.
Shares below 0.5 read too high: magnitude noise then fills the whole spectrum.
"""

import numpy as np
import numpy.typing as npt

from restoration.volume import FloatArray

LEAST_SIDE = 32
"""Shortest side on which a filled share can be told [pixels]."""

_CUTS = 7
"""Cuts through a stack that are looked at in each direction."""

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
    spectrum = _spectrum(image)
    return min(_filled_share(np.median(spectrum, axis=1 - axis)) for axis in (0, 1))


def slice_fill(array: FloatArray) -> float | None:
    """Return the filled share along the slices: 0.5 where the scanner has put a slice between every two.

    Parameters
    ----------
    array
        (slices, rows, columns) float32.

    Returns
    -------
    float | None
        0 to 1: the median over cuts of slice × column and slice × row through the middle of the pictures; None where a
        side is shorter than 32.
    """
    if min(array.shape) < LEAST_SIDE:
        return None
    found = []
    for axis in (1, 2):
        cuts = np.moveaxis(array, axis, 0)
        places = np.linspace(len(cuts) / 4, 3 * len(cuts) / 4, _CUTS).astype(int)
        found += [_filled_share(np.median(_spectrum(cuts[place]), axis=1)) for place in places]
    return float(np.median(found))


def _spectrum(image: FloatArray) -> npt.NDArray[np.float64]:
    window = np.outer(np.hanning(image.shape[0]), np.hanning(image.shape[1]))
    answer: npt.NDArray[np.float64] = np.abs(np.fft.fft2((image - image.mean(dtype=np.float64)) * window)) ** 2
    return answer


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
