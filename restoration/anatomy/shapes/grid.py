"""The grid of a drawn volume: voxels, millimetres, boxes. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]
Box = tuple[slice, slice, slice]
Triple = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A volume's voxels, with the origin of all millimetres in its centre.

    Attributes
    ----------
    shape
        Slices, rows, columns.
    spacing_mm
        Distance between slices, rows and columns [mm].
    """

    shape: tuple[int, int, int]
    spacing_mm: Triple

    @property
    def extent_mm(self) -> Triple:
        """Depth, height and width [mm]."""
        depth, height, width = (count * step for count, step in zip(self.shape, self.spacing_mm, strict=True))
        return depth, height, width

    def axis_mm(self, axis: int) -> FloatArray:
        """Return the voxel centres along one axis [mm]."""
        count = self.shape[axis]
        return np.asarray((np.arange(count) - (count - 1) / 2) * self.spacing_mm[axis], np.float32)

    def box(self, centre_mm: Triple, reach_mm: Triple) -> Box:
        """Return the voxels within a distance of a point along each axis; empty slices where there are none."""
        limits = []
        for count, step, middle, reach in zip(self.shape, self.spacing_mm, centre_mm, reach_mm, strict=True):
            first = int(np.ceil((middle - reach) / step + (count - 1) / 2))
            last = int(np.floor((middle + reach) / step + (count - 1) / 2))
            start = min(max(first, 0), count)
            limits.append(slice(start, max(start, min(last + 1, count))))
        return limits[0], limits[1], limits[2]

    def layered(self, layers: int) -> "Grid":
        """Return the same space with each slice cut into thinner layers."""
        slices, rows, columns = self.shape
        depth, height, width = self.spacing_mm
        return Grid(shape=(slices * layers, rows, columns), spacing_mm=(depth / layers, height, width))


def layers_for(spacing_mm: Triple) -> int:
    """Return into how many layers a slice is cut, so that a layer is about as thick as a pixel is wide."""
    return int(np.clip(round(spacing_mm[0] / spacing_mm[1]), 1, 5))


def thick(layered: FloatArray, layers: int) -> FloatArray:
    """Average layers into slices: partial volume over the slice thickness."""
    depth, rows, columns = layered.shape
    return np.asarray(layered.reshape(depth // layers, layers, rows, columns).mean(axis=1), np.float32)
