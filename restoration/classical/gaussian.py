"""Gaussian smoothing, the plainest way to trade sharpness for noise. Pure."""

from restoration.lowpass import lowpass
from restoration.volume import FloatArray


def gaussian(picture: FloatArray, sigma: float, strength: float, *, pixel_mm: float = 1.0) -> FloatArray:
    """Smooth a picture.

    Parameters
    ----------
    picture
        (rows, columns) float32 [any unit].
    sigma
        Standard deviation of the noise [unit of the picture]; a smoothing of fixed size does not need it.
    strength
        Standard deviation of the Gaussian [mm].
    pixel_mm
        Pixel spacing [mm].
    """
    return lowpass(picture, sigma_mm=strength, pixel_mm=(pixel_mm, pixel_mm))
