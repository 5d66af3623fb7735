"""Procedural anatomy with exact truth: dead leaves for training, textured bodies with discs for contrast. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]

DIAMETERS_MM = (4.0, 6.0, 8.0, 12.0)
"""Diameters of the discs of a phantom [mm]."""

_CT_MEANS = (-870, -750, -100, -70, 10, 35, 45, 55, 70, 120, 250, 700, 1200)
_CT_SHARES = (0.08, 0.04, 0.12, 0.05, 0.1, 0.14, 0.14, 0.1, 0.08, 0.05, 0.04, 0.04, 0.02)
_CT_COARSE = (-870, -750, 700, 1200)
_MR_MEANS = (0.02, 0.15, 0.3, 0.45, 0.6, 0.8, 1.0)

Levels = Callable[[np.random.Generator], tuple[float, float]]
"""Draws the mean and the texture's standard deviation of one shape."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Disc:
    """One disc and where to measure it.

    Attributes
    ----------
    inside, ring
        (rows, columns) bool: the disc without its edge, and the surroundings.
    diameter_mm
        Diameter [mm].
    """

    inside: BoolArray
    ring: BoolArray
    diameter_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscPhantom:
    """A textured body with and without low-contrast discs.

    Attributes
    ----------
    bare, full
        (rows, columns) float32: without and with the discs.
    body
        (rows, columns) bool: the inside of the body.
    discs
        Discs of alternating sign.
    pixel_mm
        Pixel spacing [mm].
    """

    bare: FloatArray
    full: FloatArray
    body: BoolArray
    discs: tuple[Disc, ...]
    pixel_mm: float

    def cut(self, where: tuple[slice, slice]) -> "DiscPhantom":
        """Return a part of it, with those discs whose surroundings lie inside altogether."""
        whole = [disc for disc in self.discs if disc.ring[where].sum() == disc.ring.sum()]
        return DiscPhantom(
            bare=self.bare[where],
            full=self.full[where],
            body=self.body[where],
            discs=tuple(replace(disc, inside=disc.inside[where], ring=disc.ring[where]) for disc in whole),
            pixel_mm=self.pixel_mm,
        )


def texture(size: int, slope: float, rng: np.random.Generator) -> FloatArray:
    """Return (size, size) noise with an amplitude spectrum of 1 / f^slope, mean 0, standard deviation 1."""
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(size), np.fft.rfftfreq(size), indexing="ij"))
    frequency[0, 0] = np.inf
    picture = np.fft.irfft2(np.fft.rfft2(rng.normal(size=(size, size))) / frequency**slope, s=(size, size))
    return np.asarray(picture / picture.std(), np.float32)


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
    inside = ndimage.gaussian_filter(_leaves(size, 260, _ct_levels, rng), rng.uniform(0.45, 0.9))
    centre = (size / 2 + rng.normal(0, size / 50), size / 2)
    radii = (size * rng.uniform(0.25, 0.42), size * rng.uniform(0.32, 0.46))
    body = np.zeros((size, size), np.float32)
    where, mask = _shape(size, centre, radii, 0.04, rng)
    body[where] = mask
    edge = ndimage.gaussian_filter(body, 0.8)
    return np.asarray(inside * edge - 1000 * (1 - edge), np.float32)


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
    inside = np.clip(_leaves(size, 160, _mr_levels, rng), 0, 1.3)
    inside = ndimage.gaussian_filter(inside, rng.uniform(0.4, 0.8))
    rows, columns = np.mgrid[:size, :size] - (size - 1) / 2
    body = (columns / (0.42 * size)) ** 2 + (rows / (0.45 * size)) ** 2 < 1
    return np.asarray(inside * ndimage.gaussian_filter(body.astype(np.float32), 0.6), np.float32)


def disc_body(
    rng: np.random.Generator,
    *,
    level: float,
    outside: float,
    contrast: float,
    pixel_mm: float,
    size: int = 512,
) -> DiscPhantom:
    """Draw a faintly textured elliptical body with sixteen discs of alternating sign.

    Parameters
    ----------
    rng
        Source of chance (texture only).
    level, outside, contrast
        Value of the body, of what surrounds it, and of a disc against the body [unit of the picture].
    pixel_mm, size
        Grid: spacing [mm], rows and columns.

    Returns
    -------
    DiscPhantom
        Both pictures have the same texture.
    """
    rows, columns = np.mgrid[:size, :size].astype(np.float32) - np.float32((size - 1) / 2)
    body = (columns / (0.44 * size)) ** 2 + (rows / (0.34 * size)) ** 2 < 1
    bare = np.where(body, level + 0.2 * abs(contrast) * texture(size, 2.0, rng), outside).astype(np.float32)
    full, discs = bare.copy(), []
    for index, (row, column) in enumerate(_disc_places(size)):
        diameter = DIAMETERS_MM[(index // 2) % len(DIAMETERS_MM)]
        distance = np.hypot(rows - row, columns - column) * pixel_mm
        full[distance < diameter / 2] += contrast if index % 2 == 0 else -contrast
        ring = (distance > diameter / 2 + 2) & (distance < diameter / 2 + 8)
        discs.append(Disc(inside=distance < diameter / 2 - 0.7, ring=ring, diameter_mm=diameter))
    return DiscPhantom(
        bare=ndimage.gaussian_filter(bare, 0.6),
        full=ndimage.gaussian_filter(full, 0.6),
        body=ndimage.binary_erosion(body, iterations=8),
        discs=tuple(discs),
        pixel_mm=pixel_mm,
    )


def _disc_places(size: int) -> list[tuple[float, float]]:
    """Return offsets of sixteen discs from the centre [pixels]: two rings, the outer one turned by half a step."""
    places = []
    for ring, radius in enumerate((0.12, 0.24)):
        for step in range(8):
            angle = 2 * np.pi * (step + 0.5 * ring) / 8
            places.append((radius * size * np.sin(angle), 1.2 * radius * size * np.cos(angle)))
    return places


def _shape(
    size: int,
    centre: tuple[float, float],
    radii: tuple[float, float],
    wobble: float,
    rng: np.random.Generator,
) -> tuple[tuple[slice, slice], BoolArray]:
    """Return the box and the mask in it of a turned ellipse with a wavy outline."""
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


def _leaves(size: int, count: int, levels: Levels, rng: np.random.Generator) -> FloatArray:
    """Shapes over shapes (dead leaves): sizes from a power law, value and texture drawn per shape."""
    picture = np.zeros((size, size), np.float32)
    textures = [texture(size, slope, rng) for slope in (1.0, 1.6, 2.2)]
    for _ in range(count):
        radius = min(size / 4, 2.0 / rng.uniform(0.015, 1) ** 0.9)
        centre = (rng.uniform(0, size), rng.uniform(0, size))
        where, mask = _shape(size, centre, (radius * rng.uniform(0.4, 1), radius), 0.15, rng)
        mean, spread = levels(rng)
        filling = mean + spread * textures[rng.integers(3)][where]
        picture[where] = np.where(mask, filling, picture[where])
    return picture


def _ct_levels(rng: np.random.Generator) -> tuple[float, float]:
    mean = rng.choice(_CT_MEANS, p=_CT_SHARES)
    coarse = 30 * rng.uniform(0, 1.5) if mean in _CT_COARSE else 0.0
    return mean + rng.normal(0, 12), abs(rng.normal(0, 3)) + coarse


def _mr_levels(rng: np.random.Generator) -> tuple[float, float]:
    return rng.choice(_MR_MEANS) + rng.normal(0, 0.03), abs(rng.normal(0, 0.015))
