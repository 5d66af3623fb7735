"""Bilateral filter: a mean over neighbours that are near in place and in value. Pure.

C. Tomasi, R. Manduchi, doi:10.1109/ICCV.1998.710815.
"""

import numpy as np

from restoration.volume import FloatArray

_REACH = 5
_PLACE_SIGMA = 2.0
"""Standard deviation of the weight by distance [pixels]."""


def bilateral(picture: FloatArray, sigma: float, strength: float) -> FloatArray:
    """Denoise a picture.

    Parameters
    ----------
    picture
        (rows, columns) float32 [any unit].
    sigma
        Standard deviation of the noise [unit of the picture].
    strength
        Standard deviation of the weight by value, per noise standard deviation.

    Returns
    -------
    FloatArray
        (rows, columns) float32; the picture itself where there is no noise.
    """
    width = strength * sigma
    if width <= 0:
        return picture
    rows, columns = picture.shape
    padded = np.pad(picture, _REACH, mode="symmetric")
    total, weights = np.zeros_like(picture), np.zeros_like(picture)
    for down, right in np.ndindex(2 * _REACH + 1, 2 * _REACH + 1):
        neighbour = padded[down : down + rows, right : right + columns]
        distance = ((down - _REACH) ** 2 + (right - _REACH) ** 2) / (2 * _PLACE_SIGMA**2)
        weight = np.exp(-np.float32(distance) - np.square((neighbour - picture) / np.float32(width)) / 2)
        total += weight * neighbour
        weights += weight
    return total / weights
