"""Finer and coarser grids by zeros around k-space and by cutting it: exact inverses of each other. Pure.

Values and means stay; pixel i of the coarse grid is pixel factor · i of the fine one. On an even axis the Nyquist line
is split evenly between both of its places, so that real pictures stay real.

Rows and columns go round, as k-space does: what leaves a picture on one side comes in on the other, where there is air.
A stack of slices ends in tissue. It is mirrored at its first and at its last slice, so that none leaks into the other;
new slices lie between the measured ones and none beyond them: n slices become factor · (n - 1) + 1.
"""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from restoration.volume import BoolArray, FloatArray, Volume

Factors = tuple[int, int, int]
"""Enlargement of slices, rows and columns."""


def zero_filled(array: FloatArray, factors: tuple[int, ...]) -> FloatArray:
    """Enlarge the last axes.

    Parameters
    ----------
    array
        (..., rows, columns) float32 [any unit].
    factors
        Enlargement along each of the last axes: ``(2, 2)`` in plane.

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


def enlarged(volume: Volume, factors: Factors) -> Volume:
    """Interpolate a volume; padding stays padding, and a new slice is padding where a neighbour is.

    Parameters
    ----------
    volume
        Any volume; evenly spaced if slices are added.
    factors
        Enlargement of slices, rows and columns; all 1 returns the volume.
    """
    if factors == (1, 1, 1):
        return volume
    return replace(
        volume,
        array=refined(volume.array, factors),
        pixel_mm=(volume.pixel_mm[0] / factors[1], volume.pixel_mm[1] / factors[2]),
        positions_mm=_between(volume.positions_mm, factors[0]),
        padding=None if volume.padding is None else _padding_between(volume.padding, factors),
    )


def refined(array: FloatArray, factors: Factors) -> FloatArray:
    """Enlarge a stack as `enlarged` does.

    Parameters
    ----------
    array
        (slices, rows, columns) float32 [any unit].
    factors
        Enlargement of slices, rows and columns.

    Returns
    -------
    FloatArray
        (factor · (slices - 1) + 1, factor · rows, factor · columns), same unit.
    """
    slices = factors[0] * (len(array) - 1) + 1
    return _restacked(zero_filled(array, factors[1:]), slices)


def coarsened(array: FloatArray, factors: Factors) -> FloatArray:
    """Reduce a stack to what the coarse grid can hold; undoes `refined`.

    Parameters
    ----------
    array
        (slices, rows, columns) float32 [any unit]; rows and columns multiples of their factors, slices of theirs and 1.
    factors
        Reduction of slices, rows and columns.

    Returns
    -------
    FloatArray
        Of the reduced shape, same unit.
    """
    slices = (len(array) - 1) // factors[0] + 1
    return cropped(_restacked(array, slices), factors[1:])


def _restacked(array: FloatArray, slices: int) -> FloatArray:
    """Bring a stack that is mirrored at its ends to another number of slices, a row at a time to save memory."""
    if slices == len(array):
        return array
    answer = np.empty((slices, *array.shape[1:]), np.float32)
    for row in range(array.shape[1]):
        mirrored = np.concatenate([array[:, row], array[-2:0:-1, row]])
        answer[:, row] = _regridded(mirrored.T, 2 * (slices - 1)).T[:slices]
    return answer


def _between(positions_mm: tuple[float, ...], factor: int) -> tuple[float, ...]:
    places = np.arange(factor * (len(positions_mm) - 1) + 1) / factor
    return tuple(float(place) for place in np.interp(places, range(len(positions_mm)), positions_mm))


def _padding_between(padding: BoolArray, factors: Factors) -> BoolArray:
    wide = padding.repeat(factors[1], axis=1).repeat(factors[2], axis=2)
    places = np.arange(factors[0] * (len(wide) - 1) + 1)
    return np.asarray(wide[places // factors[0]] | wide[-(-places // factors[0])])


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
