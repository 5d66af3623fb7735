"""Blind noise of a slice: a local map, and the mean frequency of its spectrum. Pure.

The map is what the networks are conditioned on; `restoration.networks.noise_map` computes the same on tensors.
A second difference along both axes sees hardly any anatomy; its magnitude enters by its square root, so that edges
weigh little in the local mean. The larger of two scales counts, because reconstruction kernels and interpolated
k-space leave the finest one nearly empty. It reads low for smooth kernels (about half at a blur of 0.6 pixels), alike
for all who use it: bounds are in its own units.
"""

import numpy as np
from scipy import ndimage

from restoration.volume import BoolArray, FloatArray, Volume

WINDOW = 33
"""Side of the local mean [pixels]; half of it at the coarse scale."""

_DIFFERENCE = np.outer([1.0, -2.0, 1.0], [1.0, -2.0, 1.0]).astype(np.float32) / np.float32(6)
_ROOT_MEAN = np.float32(0.676)
"""Square of the mean of the square root of |n|, n standard normal."""

_PATCH = 32
_STRIDE = 16
_DETREND_PIXELS = 4.0
_FLATTEST = 0.25


def noise_map(image: FloatArray) -> FloatArray:
    """Estimate the local standard deviation of the noise.

    Parameters
    ----------
    image
        (rows, columns) float32, both at least 4 [any unit].

    Returns
    -------
    FloatArray
        (rows, columns) float32 [unit of the image].
    """
    rows, columns = image.shape
    halved: FloatArray = image[: rows // 2 * 2, : columns // 2 * 2].reshape(rows // 2, 2, columns // 2, 2)
    coarse = _local_deviation(halved.mean(axis=(1, 3), dtype=np.float32), WINDOW // 2 + 1)
    coarse_here = _resampled(_resampled(coarse, 0, rows), 1, columns)
    larger: FloatArray = np.maximum(_local_deviation(image, WINDOW), coarse_here)
    return larger


def noise_maps(volume: Volume) -> FloatArray:
    """Return the `noise_map` of every slice: (slices, rows, columns) float32 [unit of the volume]."""
    return np.stack([noise_map(picture) for picture in volume.array])


def _local_deviation(image: FloatArray, window: int) -> FloatArray:
    detail = np.abs(ndimage.convolve(image, _DIFFERENCE, mode="mirror", output=np.float32))
    return np.asarray(np.square(_local_mean(np.sqrt(detail), window)) / _ROOT_MEAN, dtype=np.float32)


def _local_mean(image: FloatArray, window: int) -> FloatArray:
    """Box mean over the part of the window that lies inside the slice."""
    total: FloatArray = image
    for axis in (0, 1):
        total = ndimage.uniform_filter1d(total, window, axis=axis, mode="constant", output=np.float32)
    inside = _inside(image.shape[0], window)[:, None] * _inside(image.shape[1], window)
    mean: FloatArray = total / inside
    return mean


def _inside(length: int, window: int) -> FloatArray:
    """Share of a centred window that lies inside a row of that length."""
    share: FloatArray = ndimage.uniform_filter1d(np.ones(length, np.float32), window, mode="constant")
    return share


def _resampled(image: FloatArray, axis: int, length: int) -> FloatArray:
    """Interpolate linearly to another length along one axis, pixel areas aligned."""
    moved = np.moveaxis(image, axis, -1)
    had = moved.shape[-1]
    source = np.clip((np.arange(length) + 0.5) * (had / length) - 0.5, 0, had - 1)
    lower = np.minimum(source.astype(np.intp), had - 1)
    upper = np.minimum(lower + 1, had - 1)
    share = (source - lower).astype(np.float32)
    return np.moveaxis(moved[..., lower] * (1 - share) + moved[..., upper] * share, -1, axis)


def mean_frequency(image: FloatArray, where: BoolArray) -> float | None:
    """Mean radial frequency of the noise in the flattest patches.

    Parameters
    ----------
    image
        (rows, columns) float32.
    where
        (rows, columns) bool: pixels of tissue.

    Returns
    -------
    float or None
        Share of Nyquist (white noise gives 0.77); None where no patch lies in tissue or none of them has any noise.
    """
    detail = image - ndimage.gaussian_filter(image, _DETREND_PIXELS, mode="mirror", output=np.float32)
    patches = _patches(detail, where)
    if not patches:
        return None
    patches.sort(key=lambda patch: float(patch.std()))
    window = np.outer(np.hanning(_PATCH), np.hanning(_PATCH))
    chosen = patches[: max(1, int(len(patches) * _FLATTEST))]
    power = np.mean([np.abs(np.fft.fft2((patch - patch.mean()) * window)) ** 2 for patch in chosen], axis=0)
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(_PATCH), np.fft.fftfreq(_PATCH))) / 0.5
    total = float(power.sum())
    return float((power * frequency).sum()) / total if total > 0 else None


def _patches(detail: FloatArray, where: BoolArray) -> list[FloatArray]:
    rows, columns = detail.shape
    corners = (
        (row, column)
        for row in range(0, rows - _PATCH + 1, _STRIDE)
        for column in range(0, columns - _PATCH + 1, _STRIDE)
    )
    return [
        detail[row : row + _PATCH, column : column + _PATCH]
        for row, column in corners
        if where[row : row + _PATCH, column : column + _PATCH].all()
    ]
