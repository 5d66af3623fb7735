"""Radial power spectrum of what was changed, robust against the few places where a structure was changed too. Pure."""

import numpy as np
import numpy.typing as npt
from scipy import fft

from restoration.volume import BoolArray, FloatArray

DoubleArray = npt.NDArray[np.float64]

PATCH = 64
"""Side of the patches that the spectrum is measured on [pixels]."""

_SMALL_PATCH = 32
_SMALL_SLICE = 192
"""Narrower slices [pixels] get smaller patches: one structure must not lie in half of them."""

_SHARES_OF_BODY = (0.75, 0.4, 0.0)
"""Least share of a patch that lies in the body: the first that some patch keeps."""


def radial_power(image: FloatArray, body: BoolArray) -> DoubleArray:
    """Median over patches of the power per frequency.

    Parameters
    ----------
    image
        (rows, columns) float32: the change, divided by its local scale; 0 outside the body.
    body
        (rows, columns) bool.

    Returns
    -------
    DoubleArray
        (n,) power from frequency 0 to Nyquist in even steps; white noise of variance 1 gives 1.
    """
    side = min(PATCH if min(image.shape) >= _SMALL_SLICE else _SMALL_PATCH, *image.shape)
    window = np.outer(np.hanning(side + 2)[1:-1], np.hanning(side + 2)[1:-1])
    patches = np.stack(_patches(image, body, side)) * window
    power = np.abs(fft.rfft2(patches)) ** 2 / np.square(window).sum()
    frequency = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side))
    ring = np.minimum(np.rint(frequency * side).astype(np.intp), side // 2).ravel()
    count = np.bincount(ring)
    radial = [np.bincount(ring, weights=one.ravel()) / count for one in power]
    return np.asarray(np.median(radial, axis=0), np.float64)


def _patches(image: FloatArray, body: BoolArray, side: int) -> list[FloatArray]:
    """Half-overlapping patches that lie in the body as far as any do."""
    rows, columns = image.shape
    corners = [
        (slice(row, row + side), slice(column, column + side))
        for row in range(0, rows - side + 1, max(1, side // 2))
        for column in range(0, columns - side + 1, max(1, side // 2))
    ]
    inside = [float(body[corner].mean()) for corner in corners]
    least = next(share for share in _SHARES_OF_BODY if max(inside) >= share)
    return [image[corner] for corner, share in zip(corners, inside, strict=True) if share >= least]
