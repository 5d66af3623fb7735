"""Series Number of a derived series: recognisable beside its source, free in the study. Pure."""

from collections.abc import Collection
from typing import Final

FALLBACK: Final = 900_000
LARGEST_SOURCE: Final = 2_000_000
"""A thousand times more no longer fits into an Integer String (PS3.5 6.2: at most 2**31 - 1)."""


def series_number(source: str, *, slot: int, taken: Collection[int]) -> int:
    """Return ``1000 × source + slot``, or the next number that is free in the study.

    Parameters
    ----------
    source
        Series Number of the source as text; empty, negative, too large or no number: counted from 900,000.
    slot
        Two-digit slot of the pipeline's card.
    taken
        Numbers that other series of the study carry.
    """
    try:
        given = int(source)
    except ValueError:
        given = -1
    number = 1000 * given + slot if 0 <= given <= LARGEST_SOURCE else FALLBACK + slot
    while number in taken:
        number += 1
    return number
