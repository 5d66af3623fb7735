"""CT anatomy to test on, unlike what is trained on: an abdomen of ellipses with named organs and lesions. Pure.

In the spirit of the Shepp-Logan phantom (doi:10.1109/TNS.1974.6499235) and of XCAT (doi:10.1118/1.3480985): every organ
is where it lies in people, and no shape, texture or value is drawn from the training's.
"""

from types import MappingProxyType

import numpy as np

from restoration.anatomy.shapes.grid import Triple
from restoration.anatomy.shapes.labelled import Labelled, Part, Tissues, painted
from restoration.anatomy.shapes.lesions import Lump, lesions
from restoration.anatomy.shapes.solids import Ellipsoid, Tube

LESION_HU = 25.0
"""What lesions differ by from the liver [HU]."""

VALUES_HU = MappingProxyType(
    {
        "air": -1000.0,
        "skin": 15.0,
        "subcutaneous fat": -105.0,
        "muscle": 52.0,
        "visceral fat": -95.0,
        "liver": 60.0,
        "spleen": 48.0,
        "kidney": 34.0,
        "vessel": 150.0,
        "cancellous bone": 190.0,
        "cortical bone": 800.0,
        "spinal canal": 20.0,
        "bowel": 28.0,
        "gas": -950.0,
        "dark lesion": 60.0 - LESION_HU,
        "bright lesion": 60.0 + LESION_HU,
    }
)
"""Tissues and their values [HU], in the order of the labels."""

_GRAIN_HU = 1.5
_LONG = 1e4
_LESIONS = 5
_WIDEST_MM = 172.0


def ct_test_anatomy(size: int, rng: np.random.Generator, *, pixel_mm: float = 0.7) -> Labelled:
    """Draw one slice of an abdomen.

    Parameters
    ----------
    size, pixel_mm
        Rows and columns; spacing [mm].
    rng
        Source of chance.

    Returns
    -------
    Labelled
        (size, size) [HU].
    """
    return ct_test_anatomy_volume(1, size, rng, spacing_mm=(pixel_mm, pixel_mm, pixel_mm)).slice(0)


def ct_test_anatomy_volume(slices: int, size: int, rng: np.random.Generator, *, spacing_mm: Triple) -> Labelled:
    """Draw an abdomen of organs, vessels, ribs, bowel with gas, and liver lesions of known contrast.

    Parameters
    ----------
    slices, size
        Slices; rows and columns [voxels].
    rng
        Source of chance: places and sizes of the organs.
    spacing_mm
        Distance between slices (which are as thick), rows and columns [mm].

    Returns
    -------
    Labelled
        (slices, size, size) [HU].
    """
    fits = min(1.0, 0.47 * size * spacing_mm[2] / _WIDEST_MM) * rng.uniform(0.92, 1.0)
    liver = _ellipsoid((0, -12, -68), (90, 72, 74), fits, rng)
    parts = [
        *_wall(fits),
        Part(name="liver", solid=liver),
        Part(name="spleen", solid=_ellipsoid((0, 22, 98), (60, 40, 22), fits, rng)),
        *_kidneys(fits, rng),
        *_bowel(fits, rng),
        *_vessels(fits, rng),
        *_lesions(liver, slices * spacing_mm[0], rng),
        *_spine(fits),
        *_ribs(fits, rng),
    ]
    tissues = Tissues(values=dict(VALUES_HU), grain=_GRAIN_HU)
    return painted(parts, tissues, (slices, size, size), spacing_mm, rng)


def _ellipsoid(centre: Triple, radii: Triple, fits: float, rng: np.random.Generator) -> Ellipsoid:
    """Return an ellipsoid in a body of that size, a little moved and resized."""
    moved = [value * fits + rng.normal(0, 3) for value in centre]
    sizes = [value * fits * rng.uniform(0.93, 1.07) for value in radii]
    return Ellipsoid(centre_mm=(moved[0], moved[1], moved[2]), radii_mm=(sizes[0], sizes[1], sizes[2]))


def _wall(fits: float) -> list[Part]:
    shells = ((118, 172, "skin"), (116, 170, "subcutaneous fat"), (103, 152, "muscle"), (90, 139, "visceral fat"))
    return [
        Part(
            name=name,
            solid=Ellipsoid(centre_mm=(0.0, 0.0, 0.0), radii_mm=(_LONG, height * fits, width * fits)),
        )
        for height, width, name in shells
    ]


def _kidneys(fits: float, rng: np.random.Generator) -> list[Part]:
    parts = []
    for side in (-1, 1):
        height = rng.uniform(-20, 20)
        parts.append(Part(name="kidney", solid=_ellipsoid((height, 48, side * 62), (55, 24, 29), fits, rng)))
        pelvis = _ellipsoid((height, 47, side * 49), (22, 8, 13), fits, rng)
        parts.append(Part(name="visceral fat", solid=pelvis))
    return parts


def _bowel(fits: float, rng: np.random.Generator) -> list[Part]:
    """Loops with gas that has risen to the front."""
    parts = []
    for column in (-20.0, 18.0, 52.0, 84.0):
        for row in (-58.0, -26.0):
            centre = (rng.uniform(-25, 25), row * (1 - 0.003 * column) * fits, column * fits)
            loop = _ellipsoid((centre[0], centre[1] / fits, centre[2] / fits), (70, 14, 16), fits, rng)
            parts.append(Part(name="bowel", solid=loop))
            z, y, x = loop.centre_mm
            gas = Ellipsoid(centre_mm=(z, y - 4 * fits, x), radii_mm=(50 * fits, 6 * fits, 10 * fits))
            if rng.uniform() < 0.6:
                parts.append(Part(name="gas", solid=gas, only_in="bowel"))
    return parts


def _vessels(fits: float, rng: np.random.Generator) -> list[Part]:
    """Aorta, vena cava, and branches in the liver that run through the slices."""
    tubes = [
        Tube(centre_mm=(36 * fits, 14 * fits), slope=(0.03, 0.02), radius_mm=11 * fits),
        Tube(centre_mm=(33 * fits, -16 * fits), slope=(-0.02, 0.03), radius_mm=12 * fits),
    ]
    parts = [Part(name="vessel", solid=tube) for tube in tubes]
    for _ in range(9):
        branch = Tube(
            centre_mm=(rng.uniform(-55, 35) * fits, rng.uniform(-125, -25) * fits),
            slope=(rng.uniform(-0.8, 0.8), rng.uniform(-0.8, 0.8)),
            radius_mm=rng.uniform(1.2, 3.5),
        )
        parts.append(Part(name="vessel", solid=branch, only_in="liver"))
    return parts


def _spine(fits: float) -> list[Part]:
    def column(row: float, radii: tuple[float, float], name: str) -> Part:
        solid = Ellipsoid(centre_mm=(0.0, row * fits, 0.0), radii_mm=(_LONG, radii[0] * fits, radii[1] * fits))
        return Part(name=name, solid=solid)

    return [
        column(99, (17, 5), "cortical bone"),
        column(86, (13, 16), "cortical bone"),
        column(64, (19, 24), "cortical bone"),
        column(64, (17, 22), "cancellous bone"),
        column(86, (8, 10), "spinal canal"),
    ]


def _ribs(fits: float, rng: np.random.Generator) -> list[Part]:
    parts = []
    for side in (-1, 1):
        for angle in np.array((-0.55, -0.15, 0.25, 0.62, 0.95)) + rng.normal(0, 0.05, 5):
            row, column = 96 * fits * np.sin(angle), side * 145 * fits * np.cos(angle)
            slope = (-0.8 * np.cos(angle), side * 0.9 * np.sin(angle))
            for radius, name in ((5.0, "cortical bone"), (3.2, "cancellous bone")):
                parts.append(Part(name=name, solid=Tube(centre_mm=(row, column), slope=slope, radius_mm=radius * fits)))
    return parts


def _lesions(liver: Ellipsoid, depth_mm: float, rng: np.random.Generator) -> list[Part]:
    """Plant dark and bright lesions of 6–16 mm in the liver that do not touch one another, as many as find room."""

    def drawn(placed: int) -> Lump | None:
        radius = rng.uniform(3, 8) if placed % 5 else rng.uniform(3, 4)
        z = rng.uniform(-0.5, 0.5) * depth_mm
        row, column = (
            middle + rng.uniform(-0.9, 0.9) * reach
            for middle, reach in zip(liver.centre_mm[1:], liver.radii_mm[1:], strict=True)
        )
        own = np.divide(np.subtract((z, row, column), liver.centre_mm), np.subtract(liver.radii_mm, radius + 2))
        return ((z, row, column), radius) if own @ own < 1 else None

    return lesions(2 * _LESIONS, drawn, apart_mm=3, only_in="liver")
