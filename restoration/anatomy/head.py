"""Heads for MR and CT: scalp, skull, folded brain, ventricles, eyes, vessels and lesions as numbers of tissues. Pure.

Fissures are the zero sheets of a smooth random field; what lies near one, or near the surface, is grey matter.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.anatomy.shapes.grid import FloatArray, Grid, Triple
from restoration.anatomy.shapes.leaves import noise_volume, texture_volume
from restoration.anatomy.shapes.solids import Ellipsoid, Tube, random_waves

TissueArray = npt.NDArray[np.uint8]

AIR, FAT, BONE, MARROW, FLUID, GREY, WHITE, DEEP, MUSCLE, VESSEL, LESION = range(11)
"""Numbers of the tissues."""

_PLANES = ((0, 1, 2), (1, 0, 2), (2, 0, 1))
"""Axial, coronal, sagittal: which axis of the head (up, back, left) each axis of the volume is."""

_BRAIN_MM = (62.0, 80.0, 65.0)
_SHELLS_MM = ((15.0, MUSCLE), (13.5, FAT), (8.5, BONE), (6.5, MARROW), (4.2, BONE), (2.2, FLUID))
_FISSURE_MM, _GREY_MM = 0.5, 2.6
_SIDES = (-1, 1)


@dataclass(frozen=True, kw_only=True)
class Pose:
    """How a head lies in a volume.

    Attributes
    ----------
    plane
        Which axis of the head (up, back, left) each axis of the volume is.
    scale
        Size against a large head.
    shift_mm
        Where the middle of the brain lies along slices, rows and columns [mm].
    """

    plane: tuple[int, int, int]
    scale: float
    shift_mm: Triple

    def ellipsoid(self, centre: Triple, radii: Triple, waves: FloatArray) -> Ellipsoid:
        """Return an ellipsoid given by up, back and left of the middle of the brain [mm]."""
        upright = -1 if self.plane[0] else 1  # rows count downwards
        turned = (upright * centre[0], centre[1], centre[2])
        place = [turned[axis] * self.scale + shift for axis, shift in zip(self.plane, self.shift_mm, strict=True)]
        size = [radii[axis] * self.scale for axis in self.plane]
        return Ellipsoid(centre_mm=(place[0], place[1], place[2]), radii_mm=(size[0], size[1], size[2]), waves=waves)


def drawn_pose(grid: Grid, rng: np.random.Generator) -> Pose:
    """Draw a pose in which the head fits the rows and columns."""
    widest = 97.0
    fits = min(1.0, *(0.48 * extent / widest for extent in grid.extent_mm[1:]))
    plane = _PLANES[int(rng.choice(3, p=(0.6, 0.2, 0.2)))]
    beyond = max(8.0, 60.0 * fits - grid.extent_mm[0] / 2)
    return Pose(
        plane=plane,
        scale=fits * rng.uniform(0.82, 1.0),
        shift_mm=(rng.uniform(-beyond, beyond), rng.normal(0, 2), rng.normal(0, 2)),
    )


def head(grid: Grid, pose: Pose, rng: np.random.Generator) -> TissueArray:
    """Draw a head.

    Parameters
    ----------
    grid
        Shape and spacing [mm].
    pose
        How it lies.
    rng
        Source of chance.

    Returns
    -------
    TissueArray
        (slices, rows, columns) uint8: number of the tissue of each voxel.
    """
    labels = np.zeros(grid.shape, np.uint8)
    _fill(labels, grid, pose.ellipsoid((-110, 15, 0), (95, 62, 60), random_waves(rng, 0.08)), MUSCLE)
    brain = pose.ellipsoid((0, 0, 0), _BRAIN_MM, random_waves(rng, 0.05))
    level = brain.level(grid, (slice(None), slice(None), slice(None)))
    depth = np.float32(70 * pose.scale) * (1 - np.sqrt((level + 1).clip(0)))
    swell = 1 + np.float32(0.2) * texture_volume(grid, 3.0, rng)
    for reach, tissue in _SHELLS_MM:
        np.copyto(labels, np.uint8(tissue), where=depth > -np.float32(reach) * swell)
    _brain(labels, grid, depth, rng)
    _inner_parts(labels, grid, pose, rng)
    for side in _SIDES:
        _fill(labels, grid, pose.ellipsoid((-32, -80, side * 31), (17, 17, 17), random_waves(rng, 0.05)), FAT)
        _fill(labels, grid, pose.ellipsoid((-32, -84, side * 31), (12, 12, 12), random_waves(rng, 0.0)), FLUID)
    _vessels(labels, grid, rng)
    _lesions(labels, grid, pose, rng)
    return labels


def _fill(labels: TissueArray, grid: Grid, solid: Ellipsoid, tissue: int) -> None:
    where, mask = solid.inside(grid)
    labels[where][mask] = tissue


def _sheets_mm(grid: Grid, wavelength_mm: float, rng: np.random.Generator) -> FloatArray:
    """Return the distance from the zero sheets of a smooth field, about [mm]."""
    squared_mean, squared_width = wavelength_mm**-2, 0.8 * wavelength_mm**-2

    def gain(squared: FloatArray) -> FloatArray:
        return np.asarray(
            np.exp(-(((squared - np.float32(squared_mean)) / np.float32(squared_width)) ** 2)), np.float32
        )

    return np.asarray(np.abs(noise_volume(grid, gain, rng)) * (wavelength_mm / (2 * np.pi)), np.float32)


def _brain(labels: TissueArray, grid: Grid, depth: FloatArray, rng: np.random.Generator) -> None:
    """Fill the inside of the skull with folded grey matter over white matter."""
    sheet = _sheets_mm(grid, rng.uniform(20, 28), rng)
    sheet += np.float32(0.35) * (depth - np.float32(rng.uniform(14, 20))).clip(0)
    brain = depth > 0
    near = np.minimum(sheet - np.float32(_FISSURE_MM), depth - np.float32(rng.uniform(0.5, 2)))
    labels[brain] = WHITE
    labels[brain & (near < _GREY_MM)] = GREY
    labels[brain & (near < 0)] = FLUID


def _inner_parts(labels: TissueArray, grid: Grid, pose: Pose, rng: np.random.Generator) -> None:
    """Paint what lies in the middle: fissure, cerebellum, brain stem, nuclei, ventricles."""

    def part(centre: Triple, radii: Triple, tissue: int, wobble: float = 0.08) -> None:
        size = rng.uniform(0.85, 1.15)
        solid = pose.ellipsoid(centre, (radii[0] * size, radii[1] * size, radii[2] * size), random_waves(rng, wobble))
        _fill(labels, grid, solid, tissue)

    part((38, 0, 0), (32, 76, 0.9), FLUID, 0.02)
    part((-45, 42, 0), (24.0, 33, 51), FLUID)
    _cerebellum(labels, grid, pose, rng)
    part((-45, 8, 0), (42, 13, 15), WHITE)
    wide = rng.uniform(0.7, 1.9)
    for side in _SIDES:
        part((-4, 6, side * 13), (13, 17, 10), DEEP)
        part((4, -18, side * 23), (13, 22, 7), DEEP)
        part((14, -2, side * 10), (8, 34, 5.0 * wide), FLUID, 0.15)
        part((4, 34, side * 22), (10, 16, 5.0 * wide), FLUID, 0.15)
    part((-2, 2, 0), (14, 16, 1.6 * wide), FLUID)


def _cerebellum(labels: TissueArray, grid: Grid, pose: Pose, rng: np.random.Generator) -> None:
    solid = pose.ellipsoid((-45, 42, 0), (23, 31, 49), random_waves(rng, 0.06))
    where, mask = solid.inside(grid)
    if not mask.any():
        return
    part = Grid(shape=(mask.shape[0], mask.shape[1], mask.shape[2]), spacing_mm=grid.spacing_mm)
    leaf = _sheets_mm(part, rng.uniform(8, 11), rng)
    labels[where][mask] = np.where(leaf[mask] < 0.25, FLUID, np.where(leaf[mask] < 1.3, GREY, WHITE))


def _vessels(labels: TissueArray, grid: Grid, rng: np.random.Generator) -> None:
    """Thread vessels through what is not air or bone."""
    for _ in range(int(rng.integers(10, 35))):
        tube = Tube(
            centre_mm=(rng.uniform(-60, 60), rng.uniform(-60, 60)),
            slope=(rng.normal(0, 0.8), rng.normal(0, 0.8)),
            radius_mm=rng.uniform(0.5, 2.2),
            bend_mm=(rng.normal(0, 4), rng.normal(0, 4)),
            wavelength_mm=rng.uniform(20, 70),
            phase=rng.uniform(0, 2 * np.pi),
        )
        for where, mask in tube.crossings(grid):
            part = labels[where]
            part[mask & (part >= FLUID)] = VESSEL


def _lesions(labels: TissueArray, grid: Grid, pose: Pose, rng: np.random.Generator) -> None:
    """Plant lesions in white matter, many small ones and now and then a large one anywhere in the brain."""
    radii = [*rng.uniform(1.2, 5.0, int(rng.integers(4, 30))), *rng.uniform(7, 18, int(rng.uniform() < 0.25))]
    for radius in radii:
        place = rng.uniform(-0.75, 0.75, 3) * _BRAIN_MM
        centre = (float(place[0]), float(place[1]), float(place[2]))
        solid = pose.ellipsoid(centre, (radius, radius * rng.uniform(0.6, 1), radius), random_waves(rng, 0.15))
        where, mask = solid.inside(grid)
        part = labels[where]
        part[mask & ((part == WHITE) | ((part > FLUID) & (radius > 6)))] = LESION
