"""MR anatomy to test on, unlike what is trained on: a head of ellipses with named tissues and lesions. Pure.

After the Shepp-Logan phantom (doi:10.1109/TNS.1974.6499235), with tissues' signals at a T1 or a T2 contrast.
"""

from types import MappingProxyType

import numpy as np

from restoration.anatomy.shapes.grid import Triple
from restoration.anatomy.shapes.labelled import Labelled, Part, Tissues, painted
from restoration.anatomy.shapes.lesions import Lump, lesions
from restoration.anatomy.shapes.solids import Ellipsoid

NAMES = (
    "air",
    "scalp",
    "skull",
    "fluid",
    "grey matter",
    "white matter",
    "deep grey matter",
    "ventricle",
    "vessel",
    "dark lesion",
    "bright lesion",
)
"""Tissues in the order of the labels."""

LESION_SIGNAL = 0.12
"""What lesions differ by from white matter [share of the brightest tissue]."""

_SIGNALS = MappingProxyType(
    {
        "T1": (0.0, 0.95, 0.05, 0.18, 0.47, 0.64, 0.53, 0.16, 0.98),
        "T2": (0.0, 0.62, 0.04, 0.96, 0.55, 0.4, 0.46, 1.0, 0.08),
    }
)
_WHITE = NAMES.index("white matter")
_GRAIN = 0.006
_LONG_MM = 85.0
_TALLEST_MM = 100.0
_PAIRS = 5


def mr_test_anatomy(size: int, rng: np.random.Generator, *, pixel_mm: float = 0.8) -> Labelled:
    """Draw one slice of a head.

    Parameters
    ----------
    size, pixel_mm
        Rows and columns; spacing [mm].
    rng
        Source of chance.

    Returns
    -------
    Labelled
        (size, size) [share of the brightest tissue].
    """
    return mr_test_anatomy_volume(1, size, rng, spacing_mm=(pixel_mm, pixel_mm, pixel_mm)).slice(0)


def mr_test_anatomy_volume(slices: int, size: int, rng: np.random.Generator, *, spacing_mm: Triple) -> Labelled:
    """Draw a head of nested ellipsoids with lesions of known contrast in the white matter.

    Parameters
    ----------
    slices, size
        Slices; rows and columns [voxels].
    rng
        Source of chance: places, sizes, contrast.
    spacing_mm
        Distance between slices (which are as thick), rows and columns [mm].

    Returns
    -------
    Labelled
        (slices, size, size) [share of the brightest tissue], never negative.
    """
    fits = min(1.0, 0.48 * size * spacing_mm[1] / _TALLEST_MM) * rng.uniform(0.92, 1.0)
    signals = _SIGNALS[str(rng.choice(list(_SIGNALS)))]
    lesions = (signals[_WHITE] - LESION_SIGNAL, signals[_WHITE] + LESION_SIGNAL)
    parts = [*_shells(fits), *_gyri(fits), *_inner_parts(fits, rng), *_lesions(fits, slices * spacing_mm[0], rng)]
    tissues = Tissues(values=dict(zip(NAMES, (*signals, *lesions), strict=True)), grain=_GRAIN)
    drawn = painted(parts, tissues, (slices, size, size), spacing_mm, rng)
    return Labelled(picture=drawn.picture.clip(0), labels=drawn.labels, names=drawn.names, values=drawn.values)


def _part(name: str, centre: Triple, radii: Triple, fits: float, only_in: str = "") -> Part:
    place = [value * fits for value in centre]
    sizes = [value * fits for value in radii]
    solid = Ellipsoid(centre_mm=(place[0], place[1], place[2]), radii_mm=(sizes[0], sizes[1], sizes[2]))
    return Part(name=name, solid=solid, only_in=only_in)


def _shells(fits: float) -> list[Part]:
    shells = (
        ("scalp", 98, 79),
        ("skull", 92, 73),
        ("fluid", 85, 66),
        ("grey matter", 83, 64),
        ("white matter", 77, 58),
    )
    return [_part(name, (0, 0, 0), (_LONG_MM + down, down, across), fits) for name, down, across in shells]


def _gyri(fits: float) -> list[Part]:
    """Fissures that point inwards all round, grey on both sides."""
    parts = []
    for angle in np.linspace(0, 2 * np.pi, 22, endpoint=False):
        out = (0.0, float(np.sin(angle)), float(np.cos(angle)))
        axes = np.array(((1, 0, 0), out, (0, -out[2], out[1])), np.float32)
        centre = (0.0, 72 * out[1] * fits, 53 * out[2] * fits)
        for name, length, width, host in (("grey matter", 15, 4.5, "white matter"), ("fluid", 12, 1.1, "grey matter")):
            solid = Ellipsoid(centre_mm=centre, radii_mm=(_LONG_MM, length * fits, width * fits), axes=axes)
            parts.append(Part(name=name, solid=solid, only_in=host))
    return parts


def _inner_parts(fits: float, rng: np.random.Generator) -> list[Part]:
    wide = rng.uniform(0.8, 1.5)
    parts = [_part("fluid", (0, 0, 0), (_LONG_MM, 84, 0.9), fits, "grey matter")]
    for side in (-1, 1):
        parts += [
            _part("deep grey matter", (0, 8, side * 14), (22, 15, 9), fits),
            _part("deep grey matter", (0, -16, side * 22), (24, 17, 6), fits),
            _part("ventricle", (0, -14, side * 8 * wide), (30, 19, 4.5 * wide), fits),
            _part("ventricle", (0, 28, side * 16 * wide), (26, 15, 4.5 * wide), fits),
        ]
    for _ in range(8):
        row, column = rng.uniform(-60, 60), rng.uniform(-45, 45)
        parts.append(_part("vessel", (0, row, column), (_LONG_MM, 1.3, 1.3), fits, "white matter"))
    return parts


def _lesions(fits: float, depth_mm: float, rng: np.random.Generator) -> list[Part]:
    """Plant dark and bright lesions of 5–14 mm that do not touch one another, as many as find room."""

    def drawn(placed: int) -> Lump:
        radius, angle, far = rng.uniform(2.5, 7), rng.uniform(0, 2 * np.pi), rng.uniform(0.52, 0.72)
        z = rng.uniform(-0.5, 0.5) * depth_mm
        return (z, 70 * fits * far * np.sin(angle), 54 * fits * far * np.cos(angle)), radius

    return lesions(2 * _PAIRS, drawn, apart_mm=2, only_in="white matter")
