"""Total variation denoising by Chambolle's projection (doi:10.1023/B:JMIV.0000011325.36760.1e). Pure."""

import numpy as np
from skimage.restoration import denoise_tv_chambolle

from restoration.volume import FloatArray

_STEPS = 100
_PRECISION = 1e-4


def tv(picture: FloatArray, sigma: float, strength: float) -> FloatArray:
    """Denoise a picture.

    Parameters
    ----------
    picture
        (rows, columns) float32 [any unit].
    sigma
        Standard deviation of the noise [unit of the picture].
    strength
        Weight of the total variation per noise standard deviation.

    Returns
    -------
    FloatArray
        (rows, columns) float32; the picture itself where there is no noise.
    """
    if strength * sigma <= 0:
        return picture
    # In units of the noise, so that the precision at which the steps end means the same for every unit.
    scaled = picture.astype(np.float64) / sigma
    # scikit-image has no types.
    answer = denoise_tv_chambolle(  # type: ignore[no-untyped-call]
        scaled, weight=strength, eps=_PRECISION, max_num_iter=_STEPS
    )
    return np.asarray(answer * sigma, np.float32)
