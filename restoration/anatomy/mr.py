"""MR anatomy to train on: overlapping tissues in slices; heads and other bodies in volumes. Pure."""

from types import MappingProxyType

import numpy as np
from scipy import ndimage

from restoration.anatomy.head import AIR, drawn_pose, head
from restoration.anatomy.shapes.grid import FloatArray, Grid, Triple, layers_for, thick
from restoration.anatomy.shapes.leaves import leaves, leaves_volume, texture_volume
from restoration.anatomy.shapes.solids import Ellipsoid, random_waves

SIGNALS = MappingProxyType(
    {
        "T1": (0.0, 1.0, 0.04, 0.8, 0.15, 0.45, 0.66, 0.54, 0.4, 0.1, 0.36),
        "T2": (0.0, 0.6, 0.03, 0.4, 1.0, 0.52, 0.36, 0.42, 0.22, 0.05, 0.75),
        "FLAIR": (0.0, 0.6, 0.03, 0.4, 0.08, 0.56, 0.42, 0.5, 0.25, 0.06, 0.9),
        "T1 with gadolinium": (0.0, 1.0, 0.04, 0.8, 0.15, 0.47, 0.68, 0.56, 0.45, 1.1, 1.0),
    }
)
"""Signal of each tissue of a head, by its number [share of the brightest tissue]."""

_MEANS = (0.02, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)
_HEADS = 0.7


def mr_anatomy(size: int, rng: np.random.Generator) -> FloatArray:
    """Draw a body of overlapping tissues on an empty background.

    Parameters
    ----------
    size
        Rows and columns [pixels].
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        (size, size) float32 [share of the brightest tissue], never negative.
    """
    inside = np.clip(leaves(size, 160, _levels, rng), 0, 1.3)
    inside = ndimage.gaussian_filter(inside, rng.uniform(0.4, 0.8))
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    body = (columns / (0.42 * size)) ** 2 + (rows / (0.45 * size)) ** 2 < 1
    return np.asarray(inside * ndimage.gaussian_filter(body.astype(np.float32), 0.6), np.float32)


def mr_anatomy_volume(slices: int, size: int, rng: np.random.Generator, *, spacing_mm: Triple) -> FloatArray:
    """Draw a head at a T1, T2 or FLAIR contrast, or now and then another body, on an empty background.

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
        (slices, size, size) float32 [share of the brightest tissue], never negative, with partial volume over the
        slice thickness.
    """
    layers = layers_for(spacing_mm)
    grid = Grid(shape=(slices, size, size), spacing_mm=spacing_mm).layered(layers)
    volume = _head(grid, rng) if rng.uniform() < _HEADS else _body(grid, rng)
    blur = rng.uniform(0.4, 0.8)
    blurred = ndimage.gaussian_filter(thick(volume, layers), (0.0, blur, blur))
    return np.asarray(blurred.clip(0), np.float32)


def _head(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Give the tissues of a head their signals; muscle and fat are interspersed with what else there is."""
    labels = head(grid, drawn_pose(grid, rng), rng)
    signals = np.array(SIGNALS[str(rng.choice(list(SIGNALS)))], np.float32)
    signals *= rng.uniform(0.88, 1.12, signals.size).astype(np.float32)
    signals[AIR] = 0
    volume = signals[labels] * (1 + np.float32(rng.uniform(0.01, 0.05)) * texture_volume(grid, 1.6, rng))
    return np.asarray(volume.clip(0), np.float32)


def _body(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Lay leaves over leaves in a wavy trunk or limb."""
    volume = leaves_volume(grid, rng, organs=_levels, levels=_levels, per_slice=int(rng.uniform(150, 400))).clip(0, 1.3)
    _, height, width = grid.extent_mm
    trunk = Ellipsoid(
        centre_mm=(0.0, 0.0, 0.0),
        radii_mm=(rng.uniform(150, 1500), height * rng.uniform(0.3, 0.46), width * rng.uniform(0.3, 0.46)),
        waves=random_waves(rng, 0.06),
    )
    level = trunk.level(grid, (slice(None), slice(None), slice(None)))
    np.copyto(volume, np.float32(rng.uniform(0.6, 1.0)), where=level > rng.uniform(-0.25, 0.0))
    return np.asarray(volume * (level < 0), np.float32)


def _levels(rng: np.random.Generator) -> tuple[float, float]:
    return rng.choice(_MEANS) + rng.normal(0, 0.03), abs(rng.normal(0, 0.015))
