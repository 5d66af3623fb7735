"""Spheres of low contrast in a faintly textured body of thin slices: the discs' twin in three dimensions. Pure."""

from dataclasses import dataclass, field

import numpy as np
from scipy import ndimage

from restoration.anatomy.discs import DIAMETERS_MM
from restoration.anatomy.shapes.grid import BoolArray, Box, FloatArray, Grid, Triple
from restoration.anatomy.shapes.leaves import texture_volume
from restoration.anatomy.shapes.solids import Ellipsoid, ball

MASKS_MM = (0.7, 2.0, 6.0)
"""How far the core of a sphere ends before its surface, and the shell begins and ends behind it [mm]."""

_PER_SIZE = 4
_PITCH_MM = 26.0
_JITTER_MM = 1.5


@dataclass(frozen=True, kw_only=True, eq=False)
class Sphere:
    """One sphere and where to measure it.

    Attributes
    ----------
    diameter_mm
        Diameter [mm].
    contrast
        Value against the body [unit of the picture].
    index
        The slice through its centre.
    shape
        Slices, rows, columns of the volume.
    where
        Box that holds both masks.
    core, shell
        Masks in that box: the sphere without its edge, and the surroundings.
    """

    diameter_mm: float
    contrast: float
    index: int
    shape: tuple[int, int, int]
    where: Box = field(repr=False)
    core: BoolArray = field(repr=False)
    shell: BoolArray = field(repr=False)

    @property
    def inside(self) -> BoolArray:
        """(slices, rows, columns) bool: the sphere without its edge."""
        return self._placed(self.core)

    @property
    def ring(self) -> BoolArray:
        """(slices, rows, columns) bool: the surroundings."""
        return self._placed(self.shell)

    def recovered(self, volume: FloatArray) -> float:
        """Return the mean within it against the mean round it [unit of the volume]."""
        part = volume[self.where]
        return float(part[self.core].mean(dtype=np.float64) - part[self.shell].mean(dtype=np.float64))

    def _placed(self, mask: BoolArray) -> BoolArray:
        whole = np.zeros(self.shape, bool)
        whole[self.where] = mask
        return whole


@dataclass(frozen=True, kw_only=True, eq=False)
class SpherePhantom:
    """A textured body with and without spheres.

    Attributes
    ----------
    bare, full
        (slices, rows, columns) float32: without and with the spheres.
    body
        (slices, rows, columns) bool: the inside of the body.
    spheres
        Spheres whose surroundings do not meet.
    pixel_mm, slice_mm
        Pixel spacing, and distance of the slices, which are as thick [mm].
    """

    bare: FloatArray
    full: FloatArray
    body: BoolArray
    spheres: tuple[Sphere, ...]
    pixel_mm: float
    slice_mm: float


@dataclass(frozen=True, kw_only=True)
class Body:
    """What a sphere phantom is made of.

    Attributes
    ----------
    level, outside, contrast
        Value of the body, of what surrounds it, and of a sphere against the body [unit of the picture].
    """

    level: float = 50.0
    outside: float = -1000.0
    contrast: float = 20.0


def sphere_body(
    rng: np.random.Generator,
    *,
    body: Body,
    slices: int = 24,
    size: int = 384,
    slice_mm: float = 1.25,
    pixel_mm: float = 0.7,
) -> SpherePhantom:
    """Draw a faintly textured body with four spheres of either sign of each diameter.

    Parameters
    ----------
    rng
        Source of chance.
    body
        Values.
    slices, size
        Slices; rows and columns [voxels].
    slice_mm, pixel_mm
        Slice distance and thickness, pixel spacing [mm].

    Returns
    -------
    SpherePhantom
        Both volumes have the same texture; spheres fill voxels by their share.
    """
    grid = Grid(shape=(slices, size, size), spacing_mm=(slice_mm, pixel_mm, pixel_mm))
    _, height, width = grid.extent_mm
    trunk = Ellipsoid(centre_mm=(0.0, 0.0, 0.0), radii_mm=(1e4, 0.38 * height, 0.46 * width))
    inside = trunk.level(grid, (slice(None), slice(None), slice(None))) < 0
    bare = np.where(inside, body.level + 0.2 * abs(body.contrast) * texture_volume(grid, 2.5, rng), body.outside)
    bare = bare.astype(np.float32)
    full, spheres = bare.copy(), []
    for place, (diameter, sign) in zip(_places(grid), _mixed(rng), strict=False):
        z, row, column = rng.uniform(-_JITTER_MM, _JITTER_MM, 3)
        centre = (float(z), place[0] + float(row), place[1] + float(column))
        spheres.append(planted(full, grid, (centre, diameter, sign * body.contrast)))
    return SpherePhantom(
        bare=_blurred(bare),
        full=_blurred(full),
        body=ndimage.binary_erosion(inside, np.ones((1, 3, 3), bool), iterations=8, border_value=1),
        spheres=tuple(spheres),
        pixel_mm=pixel_mm,
        slice_mm=slice_mm,
    )


def planted(volume: FloatArray, grid: Grid, what: tuple[Triple, float, float], masks_mm: Triple = MASKS_MM) -> Sphere:
    """Add a sphere to a volume by the share of each voxel that it fills.

    Parameters
    ----------
    volume
        (slices, rows, columns) float32, changed.
    grid
        Shape and spacing [mm].
    what
        Its centre and diameter [mm], and its value against the body [unit of the volume].
    masks_mm
        How far the core ends before the surface, and the shell begins and ends behind it [mm].

    Returns
    -------
    Sphere
        At least the voxel at its centre belongs to the core.
    """
    centre, diameter, contrast = what
    inside, share = ball(grid, centre, diameter)
    volume[inside] += np.float32(contrast) * share
    edge, first, last = masks_mm
    radius = diameter / 2
    reach = radius + last
    where = grid.box(centre, (reach, reach, reach))
    z, y, x = (grid.axis_mm(axis)[where[axis]] - centre[axis] for axis in range(3))
    distance = np.sqrt(z[:, None, None] ** 2 + y[:, None] ** 2 + x**2)
    return Sphere(
        diameter_mm=diameter,
        contrast=contrast,
        index=int(np.argmin(np.abs(grid.axis_mm(0) - centre[0]))),
        shape=grid.shape,
        where=where,
        core=(distance < radius - edge) | (distance == distance.min()),
        shell=(distance > radius + first) & (distance < reach),
    )


def _mixed(rng: np.random.Generator) -> list[tuple[float, int]]:
    """Return diameters and signs in an order of chance."""
    kinds = [(diameter, sign) for diameter in DIAMETERS_MM for sign in (1, -1) for _ in range(_PER_SIZE)]
    return [kinds[index] for index in rng.permutation(len(kinds))]


def _places(grid: Grid) -> list[tuple[float, float]]:
    """Return rows and columns [mm] of a hexagonal pattern, the nearest to the centre first."""
    _, height, width = grid.extent_mm
    steps = range(-12, 13)
    places = [
        (row * _PITCH_MM * np.sqrt(0.75), (column + 0.5 * (row % 2)) * _PITCH_MM) for row in steps for column in steps
    ]
    return sorted(places, key=lambda place: float(np.hypot(place[0] / height, place[1] / width)))


def _blurred(volume: FloatArray) -> FloatArray:
    return np.asarray(ndimage.gaussian_filter(volume, (0.0, 0.6, 0.6)), np.float32)
