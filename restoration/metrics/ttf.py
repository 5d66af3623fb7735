"""Task transfer function: how much of an edge's sharpness is left, by spatial frequency. Pure.

After AAPM TG-233 (2019) and S. Richard et al., doi:10.1118/1.4725171: the edge of a disc is sampled by distance from
its centre far finer than the pixels, differentiated, and transformed. For a method that is not linear the answer holds
for the contrast and the noise it was measured at.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.signal.windows import tukey

from restoration.volume import FloatArray

Values = npt.NDArray[np.float64]

_BINS_PER_PIXEL = 5
_REACH_PIXELS = 12
"""How far on both sides of the edge the spread is followed."""
_FLAT = 0.2
"""Share of the window at either end that gives the levels on both sides of the edge."""
_TAPER = 0.5
"""Share of the window that is tapered; where the edge is, it is flat."""
_LEAST_STEP = 1e-6
_ZEROES = 8
"""Padding of the transform: as many times the length, for a finely sampled curve."""


@dataclass(frozen=True, kw_only=True)
class CircularEdge:
    """Where a disc lies.

    Attributes
    ----------
    centre
        (row, column), may lie between pixels [pixels].
    radius_mm
        Radius [mm]; several times the width of the blur, for the edge to be nearly straight.
    """

    centre: tuple[float, float]
    radius_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class TaskTransfer:
    """Transfer by frequency.

    Attributes
    ----------
    frequency
        (bins,) float64, from 0 to Nyquist [1/mm].
    transfer
        (bins,) float64, 1 at frequency 0.
    """

    frequency: Values
    transfer: Values

    def frequency_at(self, level: float) -> float | None:
        """Lowest frequency where the transfer falls to `level` [1/mm]; None where it never does below Nyquist."""
        under = np.flatnonzero(self.transfer <= level)
        if under.size == 0 or under[0] == 0:
            return None
        place = slice(under[0] - 1, under[0] + 1)
        return float(np.interp(-level, -self.transfer[place], self.frequency[place]))

    @property
    def half(self) -> float | None:
        """TTF50, where half of the contrast is left [1/mm]."""
        return self.frequency_at(0.5)


def task_transfer(
    pictures: Sequence[FloatArray], edges: Sequence[CircularEdge], *, pixel_mm: float
) -> TaskTransfer | None:
    """Measure the transfer from the edges of discs of one contrast.

    Parameters
    ----------
    pictures
        (rows, columns) float32 each: `pictures[i]` holds the disc `edges[i]`. Noise falls with their number; the
        difference of a method's answers with and without the disc under the same noise needs hardly any.
    edges
        One per picture.
    pixel_mm
        Pixel spacing [mm].

    Returns
    -------
    TaskTransfer or None
        None where the discs have no contrast at all.
    """
    width = pixel_mm / _BINS_PER_PIXEL
    spread = _edge_spread(pictures, edges, pixel_mm, width)
    ends = max(1, int(_FLAT * spread.size))
    step = float(spread[-ends:].mean() - spread[:ends].mean())
    if abs(step) < _LEAST_STEP * max(1.0, float(np.abs(spread).max())):
        return None
    line = np.diff(spread) * tukey(spread.size - 1, _TAPER)
    transfer = np.abs(np.fft.rfft(line, _ZEROES * line.size))
    frequency = np.asarray(np.fft.rfftfreq(_ZEROES * line.size, width), np.float64)
    kept = frequency <= 0.5 / pixel_mm
    # A bin averages over its width and a difference over two bins: both are known and are taken out.
    known = np.sinc(frequency[kept] * width) ** 2
    return TaskTransfer(frequency=frequency[kept], transfer=transfer[kept] / transfer[0] / known)


def half_change(before: TaskTransfer, after: TaskTransfer) -> float | None:
    """Relative change of TTF50; None where either has none."""
    first, second = before.half, after.half
    return None if first is None or second is None else second / first - 1


def _edge_spread(
    pictures: Sequence[FloatArray], edges: Sequence[CircularEdge], pixel_mm: float, width: float
) -> Values:
    """Mean value by signed distance from the edge, from inside to outside, every `width` [mm]."""
    samples = [_by_distance(picture, edge, pixel_mm) for picture, edge in zip(pictures, edges, strict=True)]
    distance, value = (np.concatenate(parts) for parts in zip(*samples, strict=True))
    inner = min(_REACH_PIXELS * pixel_mm, *(edge.radius_mm for edge in edges))
    count = 2 * round(inner / width)
    index = np.rint(distance / width).astype(int) + count // 2
    inside = (index >= 0) & (index < count)
    weight = np.bincount(index[inside], minlength=count)
    total = np.bincount(index[inside], weights=value[inside], minlength=count)
    filled = np.flatnonzero(weight)
    spread: Values = np.interp(np.arange(count), filled, total[filled] / weight[filled])
    return spread


def _by_distance(picture: FloatArray, edge: CircularEdge, pixel_mm: float) -> tuple[Values, Values]:
    """Return signed distance from the edge [mm] and value of every pixel."""
    rows, columns = np.indices(picture.shape)
    distance = np.hypot(rows - edge.centre[0], columns - edge.centre[1]) * pixel_mm - edge.radius_mm
    return distance.ravel(), picture.ravel().astype(np.float64)
