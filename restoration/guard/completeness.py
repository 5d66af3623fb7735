"""Gate «completeness»: every source slice is answered once, on its grid, with its padding. Pure."""

import numpy as np
import numpy.typing as npt

from restoration.card import Card
from restoration.guard.verdict import Figure, Place
from restoration.volume import FloatArray, Volume

DoubleArray = npt.NDArray[np.float64]

GATE = "completeness"

_SAMPLES = 4096
"""Pixels per slice that are compared to tell which source slice a restored one answers."""

_TOLERANCE_MM = 0.01


def figures(source: Volume, restored: Volume, card: Card) -> tuple[Figure, ...]:
    """Count slices that answer another one, and touched padding; the grids must agree (`grid_figures`).

    An enlarged source holds no stored padding values that could stay to the bit.
    """
    padding = _padding(source, restored) if card.factors == (1, 1, 1) else ()
    return (_matched(source, restored), *padding)


def grid_figures(source: Volume, restored: Volume) -> tuple[Figure, ...]:
    """Whether slices, pixels and positions are the source's, and all values are numbers.

    Where one of these figures fails, no other gate has anything to compare.
    """
    slices, pixels = len(source.array), source.array[0].size
    same_grid = (
        source.array.shape[1:] == restored.array.shape[1:]
        and np.allclose(source.pixel_mm, restored.pixel_mm, rtol=0, atol=_TOLERANCE_MM)
        and source.unit == restored.unit
    )
    moved = _moved_mm(source, restored)
    return (
        Figure(gate=GATE, name="the number of slices", value=float(len(restored.array)), low=slices, high=slices),
        Figure(
            gate=GATE,
            name="the number of pixels per slice on the source's grid",
            value=float(pixels if same_grid else 0),
            low=pixels,
            high=pixels,
        ),
        Figure(gate=GATE, name="the largest shift of a slice position", value=moved, high=_TOLERANCE_MM, unit="mm"),
        _numbers(restored),
    )


def _moved_mm(source: Volume, restored: Volume) -> float:
    common = min(len(source.positions_mm), len(restored.positions_mm))
    shift = np.abs(np.subtract(source.positions_mm[:common], restored.positions_mm[:common]))
    return float(shift.max())


def _numbers(restored: Volume) -> Figure:
    wrong = int(np.count_nonzero(~np.isfinite(restored.array)))
    return Figure(gate=GATE, name="the count of pixels that are no numbers", value=float(wrong), high=0.0)


def _matched(source: Volume, restored: Volume) -> Figure:
    """Count restored slices that lie nearer to another source slice than to their own."""
    before, after = _sampled(source.array), _sampled(restored.array)
    distance = _squared_distances(after, before)
    own = np.diag(distance)
    others = distance + np.where(np.eye(len(own), dtype=bool), np.inf, 0.0)
    rounding = 1e-9 * float(np.square(before).sum(axis=1).max())
    strayed = np.flatnonzero(others.min(axis=1) < own - rounding)
    return Figure(
        gate=GATE,
        name="the count of slices that answer another source slice",
        value=float(len(strayed)),
        high=0.0,
        place=Place(slice_index=int(strayed[0])) if len(strayed) else None,
    )


def _sampled(array: FloatArray) -> DoubleArray:
    flat = array.reshape(len(array), -1)
    step = max(1, flat.shape[1] // _SAMPLES)
    # A step that shares a factor with the row length would look at a few columns only.
    while step > 1 and np.gcd(step, array.shape[2]) != 1:
        step -= 1
    return flat[:, ::step].astype(np.float64)


def _squared_distances(left: DoubleArray, right: DoubleArray) -> DoubleArray:
    squares = np.square(left).sum(axis=1)[:, None] + np.square(right).sum(axis=1)
    return np.asarray(squares - 2 * (left @ right.T))


def _padding(source: Volume, restored: Volume) -> tuple[Figure, ...]:
    if source.padding is None:
        return ()
    touched = source.padding & (source.array != restored.array)
    per_slice = touched.sum(axis=(1, 2))
    first = int(per_slice.argmax())
    return (
        Figure(
            gate=GATE,
            name="the count of changed padding pixels",
            value=float(per_slice.sum()),
            high=0.0,
            place=Place(slice_index=first) if per_slice[first] else None,
        ),
    )
