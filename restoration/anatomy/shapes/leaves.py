"""Dead leaves in two and three dimensions: shapes over shapes, with a size for every scale and a texture each. Pure.

Sizes follow a power law, as those of objects in natural pictures do (Lee, Mumford & Huang 2001,
doi:10.1023/A:1011109015675).
"""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import fft

from restoration.anatomy.shapes.grid import BoolArray, FloatArray, Grid
from restoration.anatomy.shapes.solids import Ellipsoid, random_axes, random_waves

Levels = Callable[[np.random.Generator], tuple[float, float]]
"""Draws the mean and the texture's standard deviation of one shape."""

SLOPES = (1.0, 1.6, 2.2)
"""Exponents of the amplitude spectra of a picture's textures."""

_VOLUME_SLOPES = (1.4, 2.0, 2.6)
"""The same for volumes, half a power steeper: so their slices look like those pictures."""
_POWER = 1.6
_LARGEST_MM = 60.0
_COAT = 40
_COAT_MM = (20.0, 70.0)
_NEEDLES = 0.12


def texture(size: int, slope: float, rng: np.random.Generator) -> FloatArray:
    """Return (size, size) noise with an amplitude spectrum of 1 / f^slope, mean 0, standard deviation 1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij"))
    frequency[0, 0] = np.inf
    picture = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(size, size))) / frequency**slope, s=(size, size))
    return np.asarray(picture / picture.std(), np.float32)


def texture_volume(grid: Grid, slope: float, rng: np.random.Generator) -> FloatArray:
    """Return noise with an amplitude spectrum of 1 / f^slope along millimetres, mean 0, standard deviation 1.

    Parameters
    ----------
    grid
        Shape and spacing [mm].
    slope
        Exponent of the amplitude spectrum.
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32.
    """
    return noise_volume(grid, lambda squared: squared ** np.float32(-slope / 2), rng)


def noise_volume(grid: Grid, gain: Callable[[FloatArray], FloatArray], rng: np.random.Generator) -> FloatArray:
    """Return noise with a spectrum of its own along millimetres, mean 0, standard deviation 1.

    Parameters
    ----------
    grid
        Shape and spacing [mm].
    gain
        Gives the amplitude at a squared spatial frequency [1/mm²]; infinity at frequency zero is given to it too.
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32.
    """
    depth = fft.next_fast_len(grid.shape[0] + grid.shape[0] // 2 + 2, real=True)
    shape = (depth, *grid.shape[1:])
    ramps = [
        transform(count, step)
        for transform, count, step in zip((fft.fftfreq, fft.fftfreq, fft.rfftfreq), shape, grid.spacing_mm, strict=True)
    ]
    z, y, x = (np.asarray(ramp, np.float32) ** 2 for ramp in ramps)
    squared = z[:, None, None] + y[:, None] + x
    squared[0, 0, 0] = np.inf
    spectrum = fft.rfftn(rng.standard_normal(shape, np.float32)) * gain(squared)
    volume = fft.irfftn(spectrum, s=shape)[: grid.shape[0]]
    return np.asarray((volume - volume.mean()) / volume.std(), np.float32)


def wavy_ellipse(
    size: int,
    centre: tuple[float, float],
    radii: tuple[float, float],
    wobble: float,
    rng: np.random.Generator,
) -> tuple[tuple[slice, slice], BoolArray]:
    """Return the box and the mask in it of a turned ellipse with a wavy outline.

    Parameters
    ----------
    size
        Rows and columns of the picture [pixels].
    centre, radii
        Row and column of the centre; radii across and along [pixels].
    wobble
        Amplitude of the longest wave of the outline [share of the radius].
    rng
        Source of chance.

    Returns
    -------
    tuple
        Rows and columns of the box, and the (rows, columns) bool mask.
    """
    reach = 1.5 * max(radii) + 2
    where = tuple(slice(max(0, int(c - reach)), max(0, min(size, int(c + reach)))) for c in centre)
    rows, columns = np.mgrid[where[0], where[1]].astype(np.float32)
    turn = rng.uniform(0, np.pi)
    along = (columns - centre[1]) * np.cos(turn) + (rows - centre[0]) * np.sin(turn)
    across = -(columns - centre[1]) * np.sin(turn) + (rows - centre[0]) * np.cos(turn)
    angle = np.arctan2(across, along)
    outline = 1 + sum(rng.normal(0, wobble / k) * np.cos(k * angle + rng.uniform(0, 2 * np.pi)) for k in (2, 3, 5))
    mask: BoolArray = (along / radii[1]) ** 2 + (across / radii[0]) ** 2 < outline**2
    return (where[0], where[1]), mask


def leaves(size: int, count: int, levels: Levels, rng: np.random.Generator) -> FloatArray:
    """Return (size, size): that many shapes over shapes, value and texture drawn per shape."""
    picture = np.zeros((size, size), np.float32)
    textures = [texture(size, slope, rng) for slope in SLOPES]
    for _ in range(count):
        radius = min(size / 4, 2.0 / rng.uniform(0.015, 1) ** 0.9)
        centre = (rng.uniform(0, size), rng.uniform(0, size))
        where, mask = wavy_ellipse(size, centre, (radius * rng.uniform(0.4, 1), radius), 0.15, rng)
        mean, spread = levels(rng)
        filling = mean + spread * textures[rng.integers(3)][where]
        picture[where] = np.where(mask, filling, picture[where])
    return picture


def leaves_volume(
    grid: Grid, rng: np.random.Generator, *, organs: Levels, levels: Levels, per_slice: int, smallest_mm: float = 1.5
) -> FloatArray:
    """Draw solids over solids, so that structure changes through the slices as it does within them.

    Parameters
    ----------
    grid
        Shape and spacing [mm].
    rng
        Source of chance.
    organs
        Draws value and texture of the large solids that are laid first.
    levels
        Draws value and texture of the solids of all sizes laid over them.
    per_slice
        How many of the latter a slice meets, about.
    smallest_mm
        Smallest radius [mm].

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32 [unit of the levels], edges hard.
    """
    textures = [texture_volume(grid, slope, rng) for slope in _VOLUME_SLOPES]
    volume = np.full(grid.shape, organs(rng)[0], np.float32)
    coat = [(radius, organs) for radius in rng.uniform(*_COAT_MM, _COAT)]
    over = [(radius, levels) for radius in _radii(grid, rng, per_slice, smallest_mm)]
    for radius, draw in coat + over:
        where, mask = _leaf(grid, rng, radius).inside(grid)
        mean, spread = draw(rng)
        filling = mean + spread * textures[rng.integers(3)][where]
        np.copyto(volume[where], filling.astype(np.float32), where=mask)
    return volume


def _radii(grid: Grid, rng: np.random.Generator, per_slice: int, smallest_mm: float) -> Iterator[float]:
    """Draw radii of all sizes [mm] until a slice meets as many solids as it should."""
    met = 0.0
    while met < per_slice:
        radius = min(_LARGEST_MM, smallest_mm / rng.uniform(1e-4, 1) ** (1 / _POWER))
        met += 2 * radius / (grid.extent_mm[0] + 2 * radius)
        yield radius


def _leaf(grid: Grid, rng: np.random.Generator, radius: float) -> Ellipsoid:
    """Draw a solid that may meet the volume: a lump, or now and then a needle."""
    flat = rng.uniform(0.12, 0.3) if rng.uniform() < _NEEDLES else 1.0
    radii = (radius, radius * rng.uniform(0.4, 1) * flat, radius * rng.uniform(0.4, 1) * flat)
    half = [extent / 2 for extent in grid.extent_mm]
    centre = (rng.uniform(-half[0] - radius, half[0] + radius), rng.uniform(-half[1], half[1]))
    return Ellipsoid(
        centre_mm=(*centre, rng.uniform(-half[2], half[2])),
        radii_mm=radii,
        axes=random_axes(rng),
        waves=random_waves(rng, 0.15),
    )
