"""What a gate says: a number, its bounds and its place; and what all gates together say. Pure."""

import math
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a figure was found.

    Attributes
    ----------
    slice_index
        Index of the slice in the volume, from 0.
    row, column
        Pixel, from 0; None where the figure speaks of the whole slice.
    """

    slice_index: int
    row: int | None = None
    column: int | None = None

    def as_json(self) -> dict[str, int | None]:
        """Return numbers from 1, as people count."""
        return {
            "slice": self.slice_index + 1,
            "row": None if self.row is None else self.row + 1,
            "column": None if self.column is None else self.column + 1,
        }

    def __str__(self) -> str:
        words = f"slice {self.slice_index + 1}"
        return words if self.row is None else f"{words}, row {self.row + 1}, column {(self.column or 0) + 1}"


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured number with the bounds it must keep.

    Attributes
    ----------
    gate
        File name of the gate (``bias``, ``anchor``, …).
    name
        What was measured, in words that fit «… is 3.1 HU».
    value
        The number; not a number counts as a failure.
    low, high
        Smallest and largest allowed value; None where there is none.
    unit
        Unit in words; empty for bare numbers.
    place
        Where the worst value stands; None where it speaks of the whole volume.
    needed
        Smallest bound of the card under which the figure passes; None where that is the value itself.
    """

    gate: str
    name: str
    value: float
    low: float | None = None
    high: float | None = None
    unit: str = ""
    place: Place | None = None
    needed: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the value lies within its bounds."""
        above = self.low is None or self.value >= self.low
        below = self.high is None or self.value <= self.high
        return above and below and math.isfinite(self.value)

    @property
    def strain(self) -> float:
        """How much of its allowance the value uses: 1 at a bound, more beyond it."""
        if not math.isfinite(self.value):
            return math.inf
        if self.low is None or self.high is None:
            return self._one_sided_strain()
        half = (self.high - self.low) / 2
        away = abs(self.value - (self.high + self.low) / 2)
        if half > 0:
            return away / half
        return math.inf if away > 0 else 1.0

    def _one_sided_strain(self) -> float:
        if self.high is not None:
            over = self.value - self.high
            return 1 + over / (abs(self.high) or 1.0)
        if self.low is not None:
            return 1 + (self.low - self.value) / (abs(self.low) or 1.0)
        return 0.0

    def sentence(self) -> str:
        """Say the figure, its bounds and its place in one sentence without a full stop; shares in percent."""
        where = f"; {self.place}" if self.place else ""
        return f"{self.name} is {self._worded(self.value)}{self._unit_words()} (allowed {self._allowed()}{where})"

    def _unit_words(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def _worded(self, value: float) -> str:
        """Say a number; shares «of …» in percent."""
        return f"{_number(100 * value)} %" if self.unit.startswith("of ") else _number(value)

    def _allowed(self) -> str:
        if self.low is not None and self.high is not None:
            low, high = self._worded(self.low), self._worded(self.high)
            return low if low == high else f"{low} to {high}"
        if self.high is not None:
            return f"at most {self._worded(self.high)}"
        return f"at least {self._worded(self.low)}" if self.low is not None else "any"

    def as_json(self) -> dict[str, object]:
        """Return plain values for a database row or a page."""
        place = self.place
        return {
            "gate": self.gate,
            "name": self.name,
            "value": self.value if math.isfinite(self.value) else None,
            "low": self.low,
            "high": self.high,
            "unit": self.unit,
            "place": place and place.as_json(),
            "passed": self.passed,
        }


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The figures of all gates that could be computed, the worst of each kind."""

    figures: tuple[Figure, ...]

    @property
    def passed(self) -> bool:
        """Whether every figure lies within its bounds."""
        return not self.failures

    @property
    def failures(self) -> tuple[Figure, ...]:
        """Return the figures outside their bounds, the worst first."""
        return tuple(sorted((f for f in self.figures if not f.passed), key=lambda f: -f.strain))

    def sentence(self) -> str:
        """Say what failed, by how much and where; for people who look at the pictures."""
        if self.passed:
            return f"All {len(self.figures)} figures lie within their bounds."
        said = "; ".join(figure.sentence() for figure in self.failures)
        return said[0].upper() + said[1:] + "."

    def as_json(self) -> dict[str, object]:
        """Return plain values for a database row or a page."""
        return {
            "passed": self.passed,
            "sentence": self.sentence(),
            "figures": [figure.as_json() for figure in self.figures],
        }


def worst(figures: Iterable[Figure]) -> tuple[Figure, ...]:
    """Keep, of figures with the same gate and name, the one that uses most of its allowance."""
    kept: dict[tuple[str, str], Figure] = {}
    for figure in figures:
        key = (figure.gate, figure.name)
        if key not in kept or _severity(figure) > _severity(kept[key]):
            kept[key] = figure
    return tuple(kept.values())


def _severity(figure: Figure) -> tuple[float, float]:
    """Rank by strain, and figures without bounds by size."""
    return figure.strain, abs(figure.value)


def _number(value: float) -> str:
    digits = f"{value:.0f}" if math.isfinite(value) and abs(value) >= 100 else f"{value:.3g}"
    return digits.replace("-", "−")
