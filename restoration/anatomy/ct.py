"""CT anatomy to train on: overlapping tissues of a body in air, in slices and in volumes. Pure."""

import numpy as np
from scipy import ndimage

from restoration.anatomy.head import AIR, MUSCLE, Pose, TissueArray, drawn_pose, head
from restoration.anatomy.shapes.grid import BoolArray, FloatArray, Grid, Triple, layers_for, thick
from restoration.anatomy.shapes.leaves import leaves, leaves_volume, texture_volume, wavy_ellipse
from restoration.anatomy.shapes.solids import Ellipsoid, Tube, random_axes, random_waves

AIR_HU = -1000.0

_MEANS = (-870, -750, -100, -70, 10, 35, 45, 55, 70, 120, 250, 700, 1200)
_SHARES = (0.08, 0.04, 0.12, 0.05, 0.1, 0.14, 0.14, 0.1, 0.08, 0.05, 0.04, 0.04, 0.02)
_COARSE = (-870, -750, 700, 1200)
_ORGANS = (-850, -100, 10, 35, 45, 55, 70, 120)
_ORGAN_SHARES = (0.12, 0.18, 0.08, 0.16, 0.18, 0.14, 0.1, 0.04)
_HEAD_HU = (AIR_HU, -90.0, 1150.0, 450.0, 8.0, 38.0, 29.0, 34.0, 55.0, 45.0, 60.0)
"""Of each tissue of a head, by its number."""

_HEAD_SPREAD = (0.0, 10.0, 250.0, 150.0, 4.0, 2.0, 2.0, 2.0, 10.0, 80.0, 25.0)
"""How far it differs from head to head [HU]."""

_HEAD_SLICE_MM = (2.0, 5.0)
_VESSELS_HU = (35, 55, 120, 180, 250, 320)


def ct_anatomy(size: int, rng: np.random.Generator) -> FloatArray:
    """Draw a body of overlapping tissues in air.

    Parameters
    ----------
    size
        Rows and columns [pixels].
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        (size, size) float32 [HU].
    """
    inside = ndimage.gaussian_filter(leaves(size, 260, _levels, rng), rng.uniform(0.45, 0.9))
    centre = (size / 2 + rng.normal(0, size / 50), size / 2)
    radii = (size * rng.uniform(0.25, 0.42), size * rng.uniform(0.32, 0.46))
    body = np.zeros((size, size), np.float32)
    where, mask = wavy_ellipse(size, centre, radii, 0.04, rng)
    body[where] = mask
    edge = ndimage.gaussian_filter(body, 0.8)
    return np.asarray(inside * edge - 1000 * (1 - edge), np.float32)


def ct_anatomy_volume(slices: int, size: int, rng: np.random.Generator, *, spacing_mm: Triple) -> FloatArray:
    """Draw a body of overlapping tissues, organs, vessels and lesions in air, consistent from slice to slice.

    Parameters
    ----------
    slices, size
        Slices; rows and columns [voxels].
    rng
        Source of chance.
    spacing_mm
        Distance between slices (which are as thick), rows and columns [mm].

    Returns
    -------
    FloatArray
        (slices, size, size) float32 [HU], with partial volume over the slice thickness.
    """
    layers = layers_for(spacing_mm)
    grid = Grid(shape=(slices, size, size), spacing_mm=spacing_mm).layered(layers)
    volume = leaves_volume(grid, rng, organs=_organ_levels, levels=_solid_levels, per_slice=int(rng.uniform(250, 600)))
    _vessels(volume, grid, rng)
    _lesions(volume, grid, rng)
    body = _clothe(volume, grid, rng)
    np.maximum(volume, AIR_HU, out=volume)
    volume[~body] = AIR_HU
    blur = rng.uniform(0.45, 0.9)
    return np.asarray(ndimage.gaussian_filter(thick(volume, layers), (0.0, blur, blur)), np.float32)


def ct_head(size: int, rng: np.random.Generator, *, pixel_mm: float) -> FloatArray:
    """Draw a slice of a head: scalp, skull, brain and what lies in them.

    Parameters
    ----------
    size
        Rows and columns [pixels].
    rng
        Source of chance.
    pixel_mm
        Distance between rows and columns [mm].

    Returns
    -------
    FloatArray
        (size, size) float32 [HU], with partial volume over the slice thickness.
    """
    spacing_mm = (float(rng.uniform(*_HEAD_SLICE_MM)), pixel_mm, pixel_mm)
    layers = layers_for(spacing_mm)
    grid = Grid(shape=(1, size, size), spacing_mm=spacing_mm).layered(layers)
    pose = drawn_pose(grid, rng)
    labels = head(grid, pose, rng)
    _ears(labels, grid, pose, rng)
    _air_cells(labels, grid, pose, rng)
    values = np.asarray(_HEAD_HU + rng.normal(0, 1, len(_HEAD_HU)) * _HEAD_SPREAD, np.float32)
    values[AIR] = AIR_HU
    volume = values[labels] + np.float32(rng.uniform(0.5, 3)) * texture_volume(grid, 1.6, rng) * (labels != AIR)
    blur = rng.uniform(0.45, 0.9)
    return np.asarray(ndimage.gaussian_filter(thick(volume, layers), (0.0, blur, blur))[0], np.float32)


def _ears(labels: TissueArray, grid: Grid, pose: Pose, rng: np.random.Generator) -> None:
    """Hang folds of skin in the air beside the head: nothing else is as fine and as high as their edges."""
    for side in (-1, 1):
        for _ in range(int(rng.integers(2, 6))):
            up, back, left = rng.uniform(-70, 40), rng.uniform(-20, 50), side * rng.uniform(82, 98)
            radii = (rng.uniform(6, 35), rng.uniform(4, 14), rng.uniform(2, 9))
            thick_mm = rng.uniform(1.2, 3.5)
            inner = [max(0.4, radius - thick_mm) for radius in radii]
            shift = rng.uniform(-thick_mm, thick_mm, 2)
            waves = random_waves(rng, 0.1)
            for centre, size, tissue in (
                ((up, back, left), radii, MUSCLE),
                ((up, back + shift[0], left + shift[1]), (inner[0], inner[1], inner[2]), AIR),
            ):
                where, mask = pose.ellipsoid(centre, size, waves).inside(grid)
                part = labels[where]
                part[mask & ((part == AIR) | ((part == MUSCLE) & (tissue == AIR)))] = tissue


def _air_cells(labels: TissueArray, grid: Grid, pose: Pose, rng: np.random.Generator) -> None:
    """Put cells of air low in the head, as sinuses and mastoid have them."""
    for _ in range(int(rng.integers(0, 40))):
        radius = rng.uniform(1, 6)
        centre = (rng.uniform(-70, -20), rng.uniform(-95, 60), rng.uniform(-70, 70))
        size = (radius, radius * rng.uniform(0.5, 1), radius * rng.uniform(0.5, 1))
        where, mask = pose.ellipsoid(centre, size, random_waves(rng, 0.15)).inside(grid)
        labels[where][mask] = AIR


def _vessels(volume: FloatArray, grid: Grid, rng: np.random.Generator) -> None:
    """Paint vessels that run through the slices, leaning and winding, from aorta to twig."""
    half = [extent / 2 for extent in grid.extent_mm]
    for _ in range(int(rng.integers(25, 60))):
        start = rng.uniform(-1.5, 0.8) * half[0]
        tube = Tube(
            centre_mm=(rng.uniform(-0.7, 0.7) * half[1], rng.uniform(-0.8, 0.8) * half[2]),
            slope=(rng.normal(0, 0.8), rng.normal(0, 0.8)),
            radius_mm=min(14.0, 0.8 / rng.uniform(0.02, 1) ** 0.7),
            bend_mm=(rng.normal(0, 3), rng.normal(0, 3)),
            wavelength_mm=rng.uniform(25, 120),
            phase=rng.uniform(0, 2 * np.pi),
            span_mm=(start, start + rng.uniform(0.6, 3) * half[0]),
        )
        value = rng.choice(_VESSELS_HU) + rng.normal(0, 12)
        for where, mask in tube.crossings(grid):
            volume[where][mask] = value


def _lesions(volume: FloatArray, grid: Grid, rng: np.random.Generator) -> None:
    """Add small lumps that differ a little from the tissue they lie in."""
    half = [extent / 2 for extent in grid.extent_mm]
    for _ in range(int(rng.integers(20, 60))):
        radius = rng.uniform(1.5, 8)
        solid = Ellipsoid(
            centre_mm=(
                rng.uniform(-1, 1) * half[0],
                rng.uniform(-0.7, 0.7) * half[1],
                rng.uniform(-0.8, 0.8) * half[2],
            ),
            radii_mm=(radius, radius * rng.uniform(0.6, 1), radius * rng.uniform(0.6, 1)),
            axes=random_axes(rng),
            waves=random_waves(rng, 0.1),
        )
        where, mask = solid.inside(grid)
        volume[where][mask] += rng.choice((-1, 1)) * rng.uniform(6, 60)


def _clothe(volume: FloatArray, grid: Grid, rng: np.random.Generator) -> BoolArray:
    """Lay fat and skin round the tissues, and return the voxels of the body."""
    _, height, width = grid.extent_mm
    body = Ellipsoid(
        centre_mm=(0.0, rng.normal(0, height / 50), 0.0),
        radii_mm=(rng.uniform(250, 2000), height * rng.uniform(0.27, 0.44), width * rng.uniform(0.33, 0.47)),
        waves=random_waves(rng, 0.05),
    )
    level = body.level(grid, (slice(None), slice(None), slice(None)))
    fat, skin = rng.uniform(-0.25, -0.02), rng.uniform(-0.03, -0.01)
    if rng.uniform() < 0.8:
        np.copyto(volume, np.float32(rng.normal(-100, 10)), where=level > fat)
        np.copyto(volume, np.float32(rng.normal(20, 20)), where=level > skin)
    return level < 0


def _levels(rng: np.random.Generator) -> tuple[float, float]:
    mean = rng.choice(_MEANS, p=_SHARES)
    coarse = 30 * rng.uniform(0, 1.5) if mean in _COARSE else 0.0
    return mean + rng.normal(0, 12), abs(rng.normal(0, 3)) + coarse


def _organ_levels(rng: np.random.Generator) -> tuple[float, float]:
    mean = rng.choice(_ORGANS, p=_ORGAN_SHARES)
    return mean + rng.normal(0, 12), _solid_texture(mean, rng)


def _solid_levels(rng: np.random.Generator) -> tuple[float, float]:
    mean = rng.choice(_MEANS, p=_SHARES)
    return mean + rng.normal(0, 12), _solid_texture(mean, rng)


def _solid_texture(mean: float, rng: np.random.Generator) -> float:
    """Draw a texture: bone and lung are coarse, the rest has as much as parenchyma and fat strands."""
    if mean > 200:
        return float(rng.uniform(10, 120))
    return float(rng.uniform(10, 70) if mean < -500 else abs(rng.normal(0, 5)))
