"""Series Number and Instance Numbers of a derived series, and the order they give. Pure."""

import re
from collections.abc import Collection, Sequence
from typing import Final

from pydicom.dataset import Dataset

FALLBACK: Final = 900_000
LARGEST_SOURCE: Final = 2_000_000
"""A thousand times more no longer fits into an Integer String (PS3.5 6.2: at most 2**31 - 1)."""

_INTEGER_STRING: Final = re.compile(r"[+-]?[0-9]{1,12}")


def whole_number(text: str) -> int | None:
    """Read an Integer String; None if it is none (strangers write anything)."""
    return int(text) if _INTEGER_STRING.fullmatch(text.strip()) else None


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
    given = whole_number(source)
    number = (FALLBACK if given is None or not 0 <= given <= LARGEST_SOURCE else 1000 * given) + slot
    while number in taken:
        number += 1
    return number


def instance_numbers(sources: Sequence[Dataset]) -> tuple[int, ...]:
    """Return the Instance Numbers of the answers: the source's where all have one and no two are equal.

    Parameters
    ----------
    sources
        In the order of their positions; it numbers them from 1 where the source's numbers cannot be used.
    """
    given = [whole_number(str(source.get("InstanceNumber", ""))) for source in sources]
    numbers = [number for number in given if number is not None]
    if len(numbers) == len(given) == len(set(numbers)):
        return tuple(numbers)
    return tuple(range(1, len(sources) + 1))


def ranks(numbers: Sequence[int]) -> tuple[int, ...]:
    """Return the rank of each number, from 0."""
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    result = [0] * len(numbers)
    for rank, index in enumerate(order):
        result[index] = rank
    return tuple(result)
