"""Gaussian low-pass in millimetres that knows nothing of what lies under padding. Pure."""

import numpy as np
from scipy import ndimage

from restoration.volume import BoolArray, FloatArray, Volume

_LEAST_WEIGHT = np.float32(1e-6)


def lowpass(
    image: FloatArray, *, sigma_mm: float, pixel_mm: tuple[float, float], keep: BoolArray | None = None
) -> FloatArray:
    """Smooth a slice with a Gaussian of fixed physical size.

    Parameters
    ----------
    image
        (rows, columns) float32 [any unit].
    sigma_mm
        Standard deviation of the Gaussian [mm].
    pixel_mm
        Distance between rows and between columns [mm].
    keep
        (rows, columns) bool: True where values count. Elsewhere the result is 0, and nothing leaks in from there.

    Returns
    -------
    FloatArray
        (rows, columns) float32 [unit of the image].
    """
    sigma = (sigma_mm / pixel_mm[0], sigma_mm / pixel_mm[1])
    if keep is None:
        return _gaussian(image, sigma)
    weight = _gaussian(keep.astype(np.float32), sigma)
    smooth = _gaussian(np.where(keep, image, np.float32(0)), sigma)
    return np.where(keep, smooth / np.maximum(weight, _LEAST_WEIGHT), np.float32(0))


def lowpass_volume(volume: Volume, array: FloatArray, *, sigma_mm: float) -> FloatArray:
    """Smooth an array on a volume's grid with a ball of fixed physical size.

    Parameters
    ----------
    volume
        Gives the grid, evenly spaced along the normal, and the padding, which does not count.
    array
        (slices, rows, columns) float32 [any unit].
    sigma_mm
        Standard deviation of the Gaussian along all three axes [mm].

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32 [unit of the array]; 0 under padding.
    """
    gaps = np.diff(volume.positions_mm)
    gap_mm = float(np.median(gaps)) if gaps.size else np.inf
    sigma = (sigma_mm / gap_mm, sigma_mm / volume.pixel_mm[0], sigma_mm / volume.pixel_mm[1])
    if volume.padding is None or not volume.padding.any():
        return _gaussian(array, sigma)
    keep = ~volume.padding
    weight = np.maximum(_gaussian(keep.astype(np.float32), sigma), _LEAST_WEIGHT)
    return np.where(keep, _gaussian(np.where(keep, array, np.float32(0)), sigma) / weight, np.float32(0))


def _gaussian(image: FloatArray, sigma: tuple[float, ...]) -> FloatArray:
    smooth: FloatArray = ndimage.gaussian_filter(image, sigma, mode="reflect", output=np.float32)
    return smooth
