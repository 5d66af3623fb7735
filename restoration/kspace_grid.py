"""Finer and coarser grids by zeros around k-space and by cutting it: exact inverses of each other. Pure.

Values and means stay; pixel i of the coarse grid is pixel factor · i of the fine one. On an even axis the Nyquist line
is split evenly between both of its places, so that real pictures stay real.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from restoration.volume import FloatArray, Volume


def zero_filled(array: FloatArray, factors: tuple[int, ...]) -> FloatArray:
    """Enlarge the last axes.

    Parameters
    ----------
    array
        (..., rows, columns) float32 [any unit].
    factors
        Enlargement along each of the last axes: ``(2, 2)`` in plane, ``(2, 1, 1)`` through plane.

    Returns
    -------
    FloatArray
        Of the enlarged shape, same unit.
    """
    return _on_lengths(array, tuple(length * factor for length, factor in _paired(array, factors)))


def cropped(array: FloatArray, factors: tuple[int, ...]) -> FloatArray:
    """Reduce the last axes to their lowest frequencies; undoes `zero_filled`.

    Parameters
    ----------
    array
        (..., rows, columns) float32 [any unit]; each axis a multiple of its factor.
    factors
        Reduction along each of the last axes.

    Returns
    -------
    FloatArray
        Of the reduced shape, same unit.
    """
    return _on_lengths(array, tuple(length // factor for length, factor in _paired(array, factors)))


def enlarged(volume: Volume, factor: int) -> Volume:
    """Interpolate a volume in plane; padding stays padding.

    Parameters
    ----------
    volume
        Any volume.
    factor
        Enlargement of rows and columns; 1 returns the volume.
    """
    if factor == 1:
        return volume
    padding = volume.padding
    return replace(
        volume,
        array=zero_filled(volume.array, (factor, factor)),
        pixel_mm=(volume.pixel_mm[0] / factor, volume.pixel_mm[1] / factor),
        padding=None if padding is None else padding.repeat(factor, axis=1).repeat(factor, axis=2),
    )


def _paired(array: FloatArray, factors: tuple[int, ...]) -> list[tuple[int, int]]:
    return list(zip(array.shape[-len(factors) :], factors, strict=True))


def _on_lengths(array: FloatArray, lengths: tuple[int, ...]) -> FloatArray:
    for place, length in enumerate(lengths):
        axis = array.ndim - len(lengths) + place
        if array.shape[axis] != length:
            array = np.moveaxis(_regridded(np.moveaxis(array, axis, -1), length), -1, axis)
    return np.ascontiguousarray(array, np.float32)


def _regridded(array: FloatArray, length: int) -> FloatArray:
    before = array.shape[-1]
    spectrum: npt.NDArray[np.complex128] = np.fft.rfft(array.astype(np.float64), axis=-1)
    least = min(before, length)
    kept = spectrum[..., : least // 2 + 1].copy()
    if least % 2 == 0:
        # A half spectrum counts its last line once where the length is even, twice where it lies inside.
        kept[..., -1] *= 0.5 if length > before else 2.0
        if length < before:
            kept[..., -1] = kept[..., -1].real
    answer = np.fft.irfft(kept, n=length, axis=-1) * (length / before)
    return np.asarray(answer, np.float32)
