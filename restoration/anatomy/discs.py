"""Discs of low contrast in a faintly textured body: what recovery of contrast is measured on. Pure."""

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from restoration.anatomy.shapes.grid import BoolArray, FloatArray
from restoration.anatomy.shapes.leaves import texture

DIAMETERS_MM = (4.0, 6.0, 8.0, 12.0)
"""Diameters of the discs of a phantom [mm]."""


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
