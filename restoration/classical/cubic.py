"""Enlargement by cubic splines, on the grid of zero-filled k-space. Pure."""

import numpy as np
from scipy import ndimage

from restoration.volume import FloatArray


def cubic(picture: FloatArray, factor: int = 2) -> FloatArray:
    """Enlarge a picture.

    Parameters
    ----------
    picture
        (rows, columns) float32 [any unit].
    factor
        How many fine pixels to a coarse one, along both axes.

    Returns
    -------
    FloatArray
        (rows · factor, columns · factor) float32; fine pixel `factor` · i is coarse pixel i.
    """
    shape = tuple(length * factor for length in picture.shape)
    step = [1 / factor, 1 / factor]
    return np.asarray(ndimage.affine_transform(picture, step, output_shape=shape, order=3, mode="nearest"), np.float32)
