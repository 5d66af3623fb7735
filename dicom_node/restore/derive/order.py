"""In which order a series' objects stand, and the Instance Numbers of those that answer them. Pure."""

from collections.abc import Sequence

from pydicom.dataset import Dataset


def instance_numbers(sources: Sequence[Dataset]) -> tuple[int, ...]:
    """Return the Instance Numbers of the answers: the source's where all have one and no two are equal.

    Parameters
    ----------
    sources
        In the order of their positions; it numbers them from 1 where the source's numbers cannot be used.
    """
    given = [_number(source) for source in sources]
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


def _number(source: Dataset) -> int | None:
    try:
        return int(str(source.get("InstanceNumber", "")))
    except ValueError:
        return None
