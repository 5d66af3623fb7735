"""What a check says, and what it looks at. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset

from dicom_node.restore.derive.making import Making
from dicom_node.restore.derive.uids import StoredArray
from dicom_node.restore.stored_values import Domain


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: a number that must not exceed its bound.

    Attributes
    ----------
    name
        What must hold, in one or two words.
    number, bound
        Most often a count of violations, and 0.
    place
        The object and attributes where the worst was found; empty where all is well.
    """

    name: str
    number: float
    bound: float
    place: str

    @property
    def passed(self) -> bool:
        """Whether the number keeps its bound; no number never does."""
        return self.number <= self.bound

    def sentence(self) -> str:
        """Say the check in words."""
        return f"{self.name}: {self.number:.3g}, allowed at most {self.bound:.3g} ({self.place or 'everywhere'})"

    def as_json(self) -> dict[str, object]:
        """Return plain values, in the form of a guard's figure."""
        return {
            "gate": "stored file",
            "name": self.name,
            "value": self.number if math.isfinite(self.number) else None,
            "low": None,
            "high": self.bound,
            "unit": "",
            "place": {"text": self.place} if self.place else None,
            "passed": self.passed,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Pair:
    """A source object and the stored object that answers it, as read back.

    Attributes
    ----------
    place
        Words for where it stands in the series.
    source, derived
        Headers; the derived one with its File Meta.
    neighbours
        Headers of the other objects that the pipeline looked at for it, nearest first.
    source_values, derived_values
        (rows, columns) stored values.
    domain
        Of the source's stored values.
    digest
        Pixel digest that the derived object was named by.
    """

    place: str
    source: Dataset
    neighbours: tuple[Dataset, ...]
    derived: Dataset
    source_values: StoredArray
    derived_values: StoredArray
    domain: Domain
    digest: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """All pairs of a derived series, stack by stack in the order of their positions, and what they were made by.

    Attributes
    ----------
    stacks
        Pairs of each stack.
    making
        What the objects share.
    clipped
        Share of pixels cut to what the bits hold that were not so in the source, before writing.
    """

    stacks: Sequence[Sequence[Pair]]
    making: Making
    clipped: float

    @property
    def pairs(self) -> list[Pair]:
        """Return the pairs of all stacks."""
        return [pair for stack in self.stacks for pair in stack]


def counted(name: str, violations: Iterable[str]) -> Check:
    """Return a check that counts violations; the first few are its place."""
    found = list(violations)
    return Check(name=name, number=float(len(found)), bound=0.0, place="; ".join(found[:3]))


def text(header: Dataset, keyword: str) -> str:
    """Return a value as text without padding, for comparing; empty where absent."""
    value = header.get(keyword)
    if value is None:
        return ""
    parts = [value] if isinstance(value, str) or not hasattr(value, "__iter__") else list(value)
    return "\\".join(str(part).strip(" \0") for part in parts)
