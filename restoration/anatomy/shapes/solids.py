"""Solids on a grid: wavy ellipsoids and winding tubes, evaluated in their boxes only. Pure."""

from dataclasses import dataclass, field

import numpy as np

from restoration.anatomy.shapes.grid import BoolArray, Box, FloatArray, Grid, Triple


def _straight() -> FloatArray:
    return np.eye(3, dtype=np.float32)


def _smooth() -> FloatArray:
    return np.zeros((0, 5), np.float32)


@dataclass(frozen=True, kw_only=True, eq=False)
class Ellipsoid:
    """An ellipsoid whose surface may wave.

    Attributes
    ----------
    centre_mm, radii_mm
        Centre, and radii along its own axes [mm], in the order slices, rows, columns before it is turned.
    axes
        (3, 3) float32: its own axes as rows, orthonormal.
    waves
        (waves, 5) float32: amplitude [share of the radius], phase [rad], wave vector [rad per radius].
    """

    centre_mm: Triple
    radii_mm: Triple
    axes: FloatArray = field(default_factory=_straight)
    waves: FloatArray = field(default_factory=_smooth)

    @property
    def reach_mm(self) -> Triple:
        """Half the sides of the box around it [mm]."""
        swell = float(np.sqrt(1 + 2 * np.abs(self.waves[:, 0]).sum()))
        half = swell * np.sqrt(np.sum((self.axes * np.asarray(self.radii_mm)[:, None]) ** 2, axis=0))
        return float(half[0]), float(half[1]), float(half[2])

    def level(self, grid: Grid, where: Box) -> FloatArray:
        """Return what is negative inside and zero on the surface: r² - 1 - 2 waves, with r in radii.

        It is a sum of products of a function of the slice and one of row and column: one matrix product.
        """
        z, y, x = (grid.axis_mm(axis)[where[axis]] - self.centre_mm[axis] for axis in range(3))
        own = self.axes / np.asarray(self.radii_mm, np.float32)[:, None]
        form = own.T @ own
        plane = form[1, 1] * y[:, None] ** 2 + form[2, 2] * x**2 + 2 * form[1, 2] * y[:, None] * x - 1
        tilt = 2 * (form[0, 1] * y[:, None] + form[0, 2] * x)
        along = [np.ones_like(z), z, z**2]
        across = [plane, tilt, np.full_like(plane, form[0, 0])]
        for amplitude, phase, *vector in self.waves:
            wave = np.asarray(vector, np.float32) @ own
            angle = wave[1] * y[:, None] + wave[2] * x
            along += [-2 * amplitude * np.cos(wave[0] * z + phase), 2 * amplitude * np.sin(wave[0] * z + phase)]
            across += [np.cos(angle), np.sin(angle)]
        levels = np.stack(along, axis=1) @ np.stack(across).reshape(len(across), -1)
        return np.asarray(levels.reshape(z.size, y.size, x.size), np.float32)

    def inside(self, grid: Grid) -> tuple[Box, BoolArray]:
        """Return its box on a grid and the voxels in that box whose centres lie inside."""
        where = grid.box(self.centre_mm, self.reach_mm)
        return where, self.level(grid, where) < 0


@dataclass(frozen=True, kw_only=True)
class Tube:
    """A tube that runs through the slices, leaning and winding.

    Attributes
    ----------
    centre_mm
        Row and column of its centre line in the middle of the volume [mm].
    slope
        Shift of the centre line along rows and columns per shift along slices [mm/mm].
    bend_mm, wavelength_mm, phase
        Amplitude along rows and columns, period [mm] and phase [rad] of its winding.
    radius_mm
        Radius across its centre line [mm].
    span_mm
        Where it begins and ends along the slices [mm].
    """

    centre_mm: tuple[float, float]
    slope: tuple[float, float]
    radius_mm: float
    bend_mm: tuple[float, float] = (0.0, 0.0)
    wavelength_mm: float = 60.0
    phase: float = 0.0
    span_mm: tuple[float, float] = (-1e6, 1e6)

    def crossings(self, grid: Grid) -> list[tuple[Box, BoolArray]]:
        """Return the boxes and masks of its cuts through the slices it meets; a leaning tube is cut as an ellipse."""
        cuts = []
        for index, z in enumerate(grid.axis_mm(0)):
            if self.span_mm[0] <= z <= self.span_mm[1]:
                cuts.append(self._cut(grid, index, float(z)))
        return cuts

    def _cut(self, grid: Grid, index: int, z: float) -> tuple[Box, BoolArray]:
        turn = 2 * np.pi * z / self.wavelength_mm + self.phase
        drift = 2 * np.pi / self.wavelength_mm * np.cos(turn)
        row, column = (
            c + s * z + b * np.sin(turn) for c, s, b in zip(self.centre_mm, self.slope, self.bend_mm, strict=True)
        )
        lean = [s + b * drift for s, b in zip(self.slope, self.bend_mm, strict=True)]
        length = 1 + lean[0] ** 2 + lean[1] ** 2
        reach = self.radius_mm * np.sqrt(length)
        _, rows, columns = grid.box((z, row, column), (0.0, reach, reach))
        y, x = grid.axis_mm(1)[rows, None] - row, grid.axis_mm(2)[columns] - column
        distance = y**2 + x**2 - (lean[0] * y + lean[1] * x) ** 2 / length
        return (slice(index, index + 1), rows, columns), np.asarray(distance < self.radius_mm**2)[None]


def random_axes(rng: np.random.Generator) -> FloatArray:
    """Return (3, 3) float32: three orthonormal axes of any direction."""
    axes, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    return np.asarray(axes, np.float32)


def random_waves(rng: np.random.Generator, wobble: float) -> FloatArray:
    """Return (3, 5) float32: three waves of a surface, the shorter the weaker, of amplitude `wobble` / number."""
    numbers = np.array((2.0, 3.0, 5.0))
    direction = rng.normal(size=(3, 3))
    direction *= (numbers / np.linalg.norm(direction, axis=1))[:, None]
    columns = (rng.normal(0, wobble, 3) / numbers, rng.uniform(0, 2 * np.pi, 3))
    return np.asarray(np.column_stack([*columns, direction]), np.float32)


def ball(grid: Grid, centre_mm: Triple, diameter_mm: float, *, samples: int = 5) -> tuple[Box, FloatArray]:
    """Return the box of a ball and the share of each voxel in it that the ball fills.

    Parameters
    ----------
    grid
        Shape and spacing [mm].
    centre_mm, diameter_mm
        Centre and diameter [mm].
    samples
        Points per voxel along each axis.

    Returns
    -------
    tuple
        Box, and (slices, rows, columns) float32 between 0 and 1.
    """
    radius = diameter_mm / 2
    reach = [radius + step for step in grid.spacing_mm]
    where = grid.box(centre_mm, (reach[0], reach[1], reach[2]))
    steps = (np.arange(samples, dtype=np.float32) + 0.5) / samples - 0.5
    squares = []
    for axis, step in enumerate(grid.spacing_mm):
        points = grid.axis_mm(axis)[where[axis], None] + steps * step - centre_mm[axis]
        squares.append(points.ravel() ** 2)
    z, y, x = squares
    inside = z[:, None, None] + y[:, None] + x < radius**2
    counts = [square.size // samples for square in squares]
    split = inside.reshape(counts[0], samples, counts[1], samples, counts[2], samples)
    return where, np.asarray(split.mean(axis=(1, 3, 5)), np.float32)
