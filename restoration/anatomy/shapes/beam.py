"""Line integrals of simple solids along a beam: what an X-ray picture adds up. Pure.

The beam is parallel and runs through the picture; a map holds the length of the beam in a solid [mm].
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from restoration.anatomy.shapes.grid import FloatArray
from restoration.anatomy.shapes.leaves import texture

Point = tuple[float, float]
Window = tuple[slice, slice]


@dataclass(frozen=True, kw_only=True)
class Detector:
    """A square of pixels, with the origin of all millimetres in its centre.

    Attributes
    ----------
    size
        Rows and columns.
    pixel_mm
        Pixel spacing [mm].
    """

    size: int
    pixel_mm: float

    @property
    def extent_mm(self) -> float:
        """Length of a side [mm]."""
        return self.size * self.pixel_mm

    def axis_mm(self) -> FloatArray:
        """Return the pixel centres along a side [mm]."""
        return np.asarray((np.arange(self.size) - (self.size - 1) / 2) * self.pixel_mm, np.float32)

    def window(self, low: Point, high: Point) -> tuple[Window, FloatArray, FloatArray]:
        """Return the pixels between two corners [mm] and their rows (n, 1) and columns (m,) [mm]."""
        axes, parts, middle = [], [], (self.size - 1) / 2
        for first, last in zip(low, high, strict=True):
            start = min(max(int(np.ceil(first / self.pixel_mm + middle)), 0), self.size)
            stop = min(max(int(np.floor(last / self.pixel_mm + middle)) + 1, start), self.size)
            parts.append(slice(start, stop))
            axes.append(np.arange(start - middle, stop - middle, dtype=np.float32) * np.float32(self.pixel_mm))
        return (parts[0], parts[1]), axes[0][:, None], axes[1]

    def empty(self) -> FloatArray:
        """Return (size, size) float32 of zeros."""
        return np.zeros((self.size, self.size), np.float32)


def ellipsoid(detector: Detector, centre_mm: Point, radii_mm: Point, depth_mm: float, turn: float = 0.0) -> FloatArray:
    """Return the beam's length in an ellipsoid.

    Parameters
    ----------
    detector
        Pixels.
    centre_mm, radii_mm
        Row and column of its centre; its radii along rows and columns before it is turned [mm].
    depth_mm
        Its whole depth along the beam [mm].
    turn
        Turn in the picture [rad].

    Returns
    -------
    FloatArray
        (size, size) float32 [mm].
    """
    axis = detector.axis_mm()
    y, x = axis[:, None] - centre_mm[0], axis - centre_mm[1]
    down, across = y * np.cos(turn) - x * np.sin(turn), y * np.sin(turn) + x * np.cos(turn)
    inside = 1 - (down / radii_mm[0]) ** 2 - (across / radii_mm[1]) ** 2
    return np.asarray(depth_mm * np.sqrt(inside.clip(0)), np.float32)


def add_rod(target: FloatArray, detector: Detector, ends_mm: tuple[Point, Point], radii_mm: Point) -> None:
    """Lay a round rod that thins from end to end over a map; where rods meet the longer way counts once.

    Parameters
    ----------
    target
        (size, size) float32 [mm], changed.
    detector
        Pixels.
    ends_mm
        Row and column of both ends [mm].
    radii_mm
        Radius at both ends [mm].
    """
    (row, column), (last_row, last_column) = ends_mm
    reach = max(radii_mm)
    low = (min(row, last_row) - reach, min(column, last_column) - reach)
    high = (max(row, last_row) + reach, max(column, last_column) + reach)
    where, y, x = detector.window(low, high)
    step = np.array((last_row - row, last_column - column))
    along = ((y - row) * step[0] + (x - column) * step[1]) / max(float(step @ step), 1e-6)
    along = along.clip(0, 1)
    distance = (y - row - along * step[0]) ** 2 + (x - column - along * step[1]) ** 2
    radius = radii_mm[0] + along * (radii_mm[1] - radii_mm[0])
    np.maximum(target[where], 2 * np.sqrt((radius**2 - distance).clip(0)), out=target[where], casting="same_kind")


def add_strand(target: FloatArray, detector: Detector, points_mm: FloatArray, radius_mm: float) -> None:
    """Lay a round strand along (points, 2) rows and columns [mm] over a map [mm], changed."""
    for first, second in zip(points_mm[:-1].tolist(), points_mm[1:].tolist(), strict=True):
        add_rod(target, detector, (tuple(first), tuple(second)), (radius_mm, radius_mm))


def add_tree(
    target: FloatArray, detector: Detector, root: tuple[Point, float, float], rng: np.random.Generator
) -> None:
    """Grow a tree of vessels over a map: each branch is thinner and shorter than its parent.

    Parameters
    ----------
    target
        (size, size) float32 [mm], changed.
    detector
        Pixels.
    root
        Row and column [mm], direction [rad], radius [mm] of the trunk.
    rng
        Source of chance.
    """
    open_ends = [root]
    while open_ends:
        (row, column), direction, radius = open_ends.pop()
        if radius < max(0.45, 0.8 * detector.pixel_mm):
            continue
        length = radius * rng.uniform(4, 9)
        end = (row + length * np.sin(direction), column + length * np.cos(direction))
        add_rod(target, detector, ((row, column), end), (radius, 0.85 * radius))
        spread, share = rng.uniform(0.25, 0.9), rng.uniform(0.35, 0.65)
        open_ends.append((end, direction + spread * share, radius * (1 - share) ** (1 / 2.7)))
        open_ends.append((end, direction - spread * (1 - share), radius * share ** (1 / 2.7)))


def bent(maps: FloatArray, detector: Detector, rng: np.random.Generator, *, amplitude_mm: float) -> FloatArray:
    """Bend a map by a smooth field, so that no outline stays an ellipse.

    Parameters
    ----------
    maps
        (size, size) float32.
    detector
        Pixels.
    rng
        Source of chance.
    amplitude_mm
        Standard deviation of the shift [mm].

    Returns
    -------
    FloatArray
        (size, size) float32, same unit.
    """
    rows, columns = (
        amplitude_mm / detector.pixel_mm * texture(detector.size, 3.0, rng) + index
        for index in np.meshgrid(*(np.arange(detector.size),) * 2, indexing="ij")
    )
    return np.asarray(ndimage.map_coordinates(maps, (rows, columns), order=1, mode="nearest"), np.float32)
