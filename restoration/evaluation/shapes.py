"""Single discs on an empty picture, with partial pixels at their edge. Pure."""

import numpy as np
from scipy import ndimage

from restoration.volume import BoolArray, FloatArray

BLUR = 0.6
"""Standard deviation of the imaging system's own blur [pixels]."""

Place = tuple[float, float]


def disc(side: int, centre: Place, diameter: float, contrast: float) -> FloatArray:
    """Draw a disc.

    Parameters
    ----------
    side
        Rows and columns of the picture [pixels].
    centre, diameter
        Row and column; diameter, 0 for none [pixels].
    contrast
        Value inside [physical unit]; 0 outside.

    Returns
    -------
    FloatArray
        (side, side) float32 [physical unit].
    """
    if diameter <= 0:
        return np.zeros((side, side), np.float32)
    share = np.clip(diameter / 2 - distance(side, centre) + 0.5, 0, 1)
    return np.asarray(ndimage.gaussian_filter(contrast * share, BLUR), np.float32)


def distance(side: int, centre: Place) -> FloatArray:
    """Return the distance of every pixel from a place [pixels]."""
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    return np.asarray(np.hypot(rows - centre[0], columns - centre[1]), np.float32)


def quarters(side: int) -> list[Place]:
    """Return the middles of the four quarters of a picture."""
    return [(side * (1 + 2 * row) / 4, side * (1 + 2 * column) / 4) for row in range(2) for column in range(2)]


def without_rim(side: int, rim: int = 16) -> BoolArray:
    """Return a mask of all but the rim of a picture."""
    inside = np.zeros((side, side), bool)
    inside[rim:-rim, rim:-rim] = True
    return inside
