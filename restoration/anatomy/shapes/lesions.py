"""Pairs of dark and bright round lesions in one tissue that do not touch one another. Pure."""

from collections.abc import Callable

import numpy as np

from restoration.anatomy.shapes.grid import Triple
from restoration.anatomy.shapes.labelled import Part
from restoration.anatomy.shapes.solids import Ellipsoid

NAMES = ("bright lesion", "dark lesion")

_TRIES = 2000

Lump = tuple[Triple, float]
"""Centre and radius [mm]."""


def lesions(count: int, drawn: Callable[[int], Lump | None], *, apart_mm: float, only_in: str) -> list[Part]:
    """Place as many lesions as find room, bright and dark by turns.

    Parameters
    ----------
    count
        Lesions that are wanted.
    drawn
        Draws one, told how many are placed already; None where it would leave the tissue.
    apart_mm
        Least distance between the rims of two [mm].
    only_in
        Tissue that is replaced.
    """
    placed: list[Lump] = []
    for _ in range(_TRIES):
        if len(placed) == count:
            break
        lump = drawn(len(placed))
        if lump and all(np.linalg.norm(np.subtract(lump[0], c)) > lump[1] + r + apart_mm for c, r in placed):
            placed.append(lump)
    return [
        Part(
            name=NAMES[index % 2],
            solid=Ellipsoid(centre_mm=centre, radii_mm=(radius, radius, radius)),
            only_in=only_in,
        )
        for index, (centre, radius) in enumerate(placed)
    ]
