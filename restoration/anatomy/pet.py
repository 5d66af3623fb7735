"""PET activity to train and test on: organs by their uptake, hot and cold lesions, spheres to measure. Pure.

Uptake relative to soft tissue follows common FDG values (doi:10.2967/jnumed.111.098475 and reviews of physiologic
uptake); sizes of the spheres are those of NEMA NU 2 and one of 12 mm.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from restoration.anatomy.shapes.grid import BoolArray, FloatArray, Grid, Triple
from restoration.anatomy.shapes.leaves import leaves_volume, texture_volume
from restoration.anatomy.shapes.solids import Ellipsoid, random_axes, random_waves
from restoration.anatomy.spheres import SpherePhantom, planted

SPHERES_MM = (10.0, 12.0, 13.0, 17.0, 22.0, 28.0, 37.0)
"""Diameters of the spheres of the test phantom [mm]."""

FWHM_PER_SIGMA = 2 * np.sqrt(2 * np.log(2))

_SOFT_BQ_ML = (2000.0, 6000.0)
_FWHM_MM = (4.0, 7.0)


@dataclass(frozen=True, kw_only=True)
class Organ:
    """An organ: where it lies, how large it is, how much it takes up.

    Attributes
    ----------
    centre_mm
        Distance below the crown; towards the back; towards the left [mm].
    radii_mm
        Radii along the same axes [mm].
    uptake
        Least and greatest activity against soft tissue.
    wall_mm
        Thickness of its wall where it is hollow; 0 if it is not [mm].
    """

    centre_mm: Triple
    radii_mm: Triple
    uptake: tuple[float, float]
    wall_mm: float = 0.0


_HEAD = Organ(centre_mm=(120, 0, 0), radii_mm=(130, 98, 78), uptake=(0.7, 1.0))
_TRUNK = Organ(centre_mm=(600, 0, 0), radii_mm=(420, 115, 175), uptake=(0.9, 1.2))
_ORGANS = (
    Organ(centre_mm=(100, 0, 0), radii_mm=(62, 80, 64), uptake=(3.0, 8.0)),
    Organ(centre_mm=(90, -5, 0), radii_mm=(22, 32, 22), uptake=(1.0, 3.0)),
    Organ(centre_mm=(370, 5, -80), radii_mm=(115, 72, 52), uptake=(0.2, 0.5)),
    Organ(centre_mm=(370, 5, 80), radii_mm=(115, 72, 50), uptake=(0.2, 0.5)),
    Organ(centre_mm=(420, -30, 35), radii_mm=(48, 38, 42), uptake=(1.2, 6.0), wall_mm=11.0),
    Organ(centre_mm=(500, -5, -70), radii_mm=(75, 75, 85), uptake=(1.8, 3.0)),
    Organ(centre_mm=(495, 25, 95), radii_mm=(50, 35, 25), uptake=(1.2, 2.0)),
    Organ(centre_mm=(560, 45, -65), radii_mm=(52, 26, 28), uptake=(2.0, 8.0), wall_mm=13.0),
    Organ(centre_mm=(550, 45, 65), radii_mm=(52, 26, 28), uptake=(2.0, 8.0), wall_mm=13.0),
    Organ(centre_mm=(640, -40, -40), radii_mm=(60, 28, 40), uptake=(0.8, 3.0), wall_mm=5.0),
    Organ(centre_mm=(650, -45, 50), radii_mm=(70, 22, 28), uptake=(0.8, 3.0), wall_mm=5.0),
    Organ(centre_mm=(790, -45, 0), radii_mm=(35, 35, 45), uptake=(6.0, 30.0)),
)
_MASKS_MM = (0.0, 6.0, 12.0)
_VERTEBRA_MM = 32.0
_LESIONS_PER_MM = 0.03


def pet_anatomy_volume(slices: int, size: int, rng: np.random.Generator, *, spacing_mm: Triple) -> FloatArray:
    """Draw a part of a body as a scanner of 4–7 mm resolution would see it without noise.

    Parameters
    ----------
    slices, size
        Slices; rows and columns [voxels].
    rng
        Source of chance.
    spacing_mm
        Distance between slices, rows and columns [mm].

    Returns
    -------
    FloatArray
        (slices, size, size) float32 [Bq/mL], never negative.
    """
    grid = Grid(shape=(slices, size, size), spacing_mm=spacing_mm)
    crown = -rng.uniform(60, 820)
    narrow = min(1.0, 0.47 * grid.extent_mm[2] / _TRUNK.radii_mm[2]) * rng.uniform(0.85, 1.0)
    volume = np.zeros(grid.shape, np.float32)
    tissue = _tissue(grid, rng)
    for part in (_TRUNK, _HEAD):
        where, mask = _placed(part, grid, crown, narrow, rng).inside(grid)
        volume[where] = np.where(mask, rng.uniform(*part.uptake) * tissue[where], volume[where])
    body = volume > 0
    for organ in _ORGANS:
        _paint(volume, grid, organ, _placed(organ, grid, crown, narrow, rng), rng)
    _marrow(volume, grid, crown, narrow, rng)
    _lesions(volume, grid, rng)
    volume *= body * (1 + np.float32(0.06) * texture_volume(grid, 1.5, rng))
    return scanned(np.float32(rng.uniform(*_SOFT_BQ_ML)) * volume, grid, rng.uniform(*_FWHM_MM))


def scanned(activity: FloatArray, grid: Grid, fwhm_mm: float) -> FloatArray:
    """Return an activity blurred to a scanner's resolution [unit of the activity], never negative."""
    sigma = [fwhm_mm / FWHM_PER_SIGMA / step for step in grid.spacing_mm]
    return np.asarray(ndimage.gaussian_filter(activity, sigma).clip(0), np.float32)


def pet_spheres(
    rng: np.random.Generator,
    *,
    spacing_mm: Triple = (3.0, 2.5, 2.5),
    ratios: tuple[float, float] = (4.0, 8.0),
    background: float = 5000.0,
    fwhm_mm: float = 5.5,
) -> SpherePhantom:
    """Draw a warm body with a cold middle and hot spheres: all sizes at two ratios, and six more of 12 mm.

    Parameters
    ----------
    rng
        Source of chance: order of the spheres, texture of one per cent.
    spacing_mm
        Distance between slices, rows and columns [mm].
    ratios
        Activity of the spheres of the two rings of all sizes against the background; the 12 mm ones have the first.
    background
        Activity of the body [Bq/mL].
    fwhm_mm
        Resolution that both volumes are blurred to [mm].

    Returns
    -------
    SpherePhantom
        A sphere's `contrast` is what its activity exceeds the background by, before the blur [Bq/mL].
    """
    slices, rows, columns = (round(side / step) for side, step in zip((192, 360, 360), spacing_mm, strict=True))
    grid = Grid(shape=(slices, rows, columns), spacing_mm=spacing_mm)
    body, cold = _cylinder(grid, (115.0, 150.0)), _cylinder(grid, (22.0, 22.0))
    bare = np.float32(background) * body * (1 + np.float32(0.01) * texture_volume(grid, 1.5, rng))
    bare[cold] = 0
    full = bare.copy()
    places = _nema(ratios, rng)
    spheres = [
        planted(full, grid, (centre, diameter, background * (ratio - 1)), _MASKS_MM)
        for centre, diameter, ratio in places
    ]
    return SpherePhantom(
        bare=scanned(bare, grid, fwhm_mm),
        full=scanned(full, grid, fwhm_mm),
        body=ndimage.binary_erosion(body & ~cold, np.ones((1, 3, 3), bool), iterations=4, border_value=1),
        spheres=tuple(spheres),
        pixel_mm=spacing_mm[1],
        slice_mm=spacing_mm[0],
    )


def _cylinder(grid: Grid, radii_mm: tuple[float, float]) -> BoolArray:
    """Return the voxels of an elliptic cylinder through all slices."""
    solid = Ellipsoid(centre_mm=(0.0, 0.0, 0.0), radii_mm=(1e4, *radii_mm))
    return solid.level(grid, (slice(None), slice(None), slice(None))) < 0


def _nema(ratios: tuple[float, float], rng: np.random.Generator) -> list[tuple[Triple, float, float]]:
    """Return centre [mm], diameter [mm] and ratio of all spheres: a ring per ratio, a ring of 12 mm between them."""
    rings = (
        (-58.0, SPHERES_MM, ratios[0]),
        (0.0, (12.0,) * 6, ratios[0]),
        (58.0, SPHERES_MM, ratios[1]),
    )
    result = []
    for z, diameters, ratio in rings:
        turn = rng.uniform(0, 2 * np.pi)
        for step, diameter in enumerate(rng.permutation(diameters)):
            angle = turn + 2 * np.pi * step / len(diameters)
            result.append(((z, 72.0 * np.sin(angle), 96.0 * np.cos(angle)), float(diameter), ratio))
    return result


def _tissue(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Draw muscle, fat and what else differs a little, round 1."""

    def levels(draw: np.random.Generator) -> tuple[float, float]:
        return float(draw.choice((0.6, 0.8, 0.9, 1.0, 1.1, 1.3)) * draw.uniform(0.9, 1.1)), 0.03

    picture = leaves_volume(grid, rng, organs=levels, levels=levels, per_slice=120, smallest_mm=3.0)
    return np.asarray(picture.clip(0.1), np.float32)


def _placed(organ: Organ, grid: Grid, crown: float, narrow: float, rng: np.random.Generator) -> Ellipsoid:
    """Return an organ where and as large as this body has it, with `crown` the height of the crown [mm]."""
    z, y, x = organ.centre_mm
    centre = (z + crown + rng.normal(0, 6), y * narrow + rng.normal(0, 4), x * narrow + rng.normal(0, 4))
    radii = tuple(
        radius * scale * rng.uniform(0.88, 1.1)
        for radius, scale in zip(organ.radii_mm, (1, narrow, narrow), strict=True)
    )
    return Ellipsoid(centre_mm=centre, radii_mm=(radii[0], radii[1], radii[2]), waves=random_waves(rng, 0.1))


def _paint(volume: FloatArray, grid: Grid, organ: Organ, solid: Ellipsoid, rng: np.random.Generator) -> None:
    """Give an organ its uptake, in its wall only where it is hollow."""
    where = grid.box(solid.centre_mm, solid.reach_mm)
    level = solid.level(grid, where)
    mask = (level < 0) & (volume[where] > 0)
    uptake = rng.uniform(*organ.uptake)
    volume[where][mask] = uptake
    if organ.wall_mm:
        hollow = mask & (level < -2 * organ.wall_mm / min(solid.radii_mm))
        volume[where][hollow] = min(uptake, rng.uniform(0.8, 1.6))


def _marrow(volume: FloatArray, grid: Grid, crown: float, narrow: float, rng: np.random.Generator) -> None:
    """Paint the vertebrae one by one."""
    uptake, depth = rng.uniform(1.0, 2.0), rng.uniform(50, 65) * narrow
    for height in np.arange(230.0, 850.0, _VERTEBRA_MM):
        solid = Ellipsoid(centre_mm=(height + crown, depth, 0.0), radii_mm=(14.0, 17.0 * narrow, 20.0 * narrow))
        where, mask = solid.inside(grid)
        volume[where][mask] = uptake * rng.uniform(0.9, 1.1)


def _lesions(volume: FloatArray, grid: Grid, rng: np.random.Generator) -> None:
    """Plant hot lesions of 2–12 times their surroundings, 6–40 mm, and a few cold spots."""
    half = [extent / 2 for extent in grid.extent_mm]
    for _ in range(2 + int(rng.poisson(_LESIONS_PER_MM * grid.extent_mm[0]))):
        radius = 3.0 * (40.0 / 6.0) ** (rng.uniform() ** 1.5)
        solid = Ellipsoid(
            centre_mm=(
                rng.uniform(-1, 1) * half[0],
                rng.uniform(-0.3, 0.3) * half[1],
                rng.uniform(-0.4, 0.4) * half[2],
            ),
            radii_mm=(radius, radius * rng.uniform(0.6, 1), radius * rng.uniform(0.6, 1)),
            axes=random_axes(rng),
            waves=random_waves(rng, 0.1),
        )
        where, mask = solid.inside(grid)
        volume[where][mask] *= rng.uniform(0.1, 0.5) if rng.uniform() < 0.25 else 2 * 6 ** rng.uniform()
