"""Median filter. Pure."""

import numpy as np
from scipy import ndimage

from restoration.volume import FloatArray


def median(picture: FloatArray, sigma: float, strength: float) -> FloatArray:
    """Replace every pixel by the median of its surroundings.

    Parameters
    ----------
    picture
        (rows, columns) float32 [any unit].
    sigma
        Standard deviation of the noise [unit of the picture]; a window of fixed size does not need it.
    strength
        Side of the window, rounded to the next odd number [pixels].
    """
    side = 2 * round((strength - 1) / 2) + 1
    return np.asarray(ndimage.median_filter(picture, size=max(1, side), mode="reflect"), np.float32)
