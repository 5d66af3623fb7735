"""What an evaluation says: tables, bars met or missed, curves and pictures, all as plain values. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from restoration.metrics.bootstrap import TOO_SMALL, Estimate
from restoration.volume import FloatArray

Row = dict[str, object]


class Tier(StrEnum):
    """What a figure was measured on, from the strongest truth to the most real picture."""

    PHANTOM = "phantom"
    SIMULATED = "simulated on real"
    REAL = "real"


class Sense(StrEnum):
    """Which side of a bar is the right one."""

    AT_LEAST = "at least"
    AT_MOST = "at most"


NOT_RUN = "not run"


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A number that a pipeline is held to.

    Attributes
    ----------
    name
        What is measured, with strength and range in the name.
    unit
        Unit of the number.
    sense, wanted
        At least or at most so much.
    found
        What was measured; None: not run.
    tier
        Tier of evidence.
    note
        What a reader must know besides; empty for nothing.
    """

    name: str
    unit: str
    sense: Sense
    wanted: float
    found: Estimate | None
    tier: Tier
    note: str = ""

    @property
    def missed_by(self) -> float | None:
        """How far on the wrong side the mean lies [unit]; 0 where the bar is met, None where it was not run."""
        if self.found is None:
            return None
        gap = self.wanted - self.found.mean if self.sense is Sense.AT_LEAST else self.found.mean - self.wanted
        return max(0.0, gap) if np.isfinite(gap) else float("inf")

    @property
    def verdict(self) -> str:
        """``met``, ``missed by …`` or ``not run``."""
        missed = self.missed_by
        if missed is None:
            return NOT_RUN
        return "met" if missed == 0 else f"missed by {missed:.3g}"

    def as_row(self) -> Row:
        """Return the bar as a row of a table and of the JSON."""
        interval = self.found.interval if self.found is not None else None
        return {
            "bar": self.name,
            "unit": self.unit,
            "wanted": f"{self.sense} {self.wanted:g}",
            "found": None if self.found is None else self.found.mean,
            "interval": list(interval) if interval is not None else TOO_SMALL,
            "n": 0 if self.found is None else self.found.n,
            "tier": str(self.tier),
            "verdict": self.verdict,
            "note": self.note,
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """A named line: `x` and `y` are (points,) float64."""

    label: str
    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Plot:
    """Curves over one another.

    Attributes
    ----------
    name
        File name without suffix.
    title, x_label, y_label
        Words of the plot.
    curves
        Lines; points are marked where there are few.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sight:
    """Pictures side by side: before, after, their difference on a scale of its own.

    Attributes
    ----------
    name, title
        File name without suffix, and words.
    before, after
        (rows, columns) float32 [unit].
    truth
        (rows, columns) float32 [unit]; None where nobody knows it.
    window
        Darkest and brightest value shown [unit].
    unit
        Unit of the values.
    """

    name: str
    title: str
    before: FloatArray
    after: FloatArray
    truth: FloatArray | None
    window: tuple[float, float]
    unit: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Section:
    """The outcome of one step.

    Attributes
    ----------
    title
        What the table shows.
    tier, n
        Tier of evidence and number of independent cases behind each row.
    rows
        The table; all rows have the same keys.
    bars, plots, sights
        What the pipeline is held to, curves, and pictures.
    notes
        Sentences below the table.
    """

    title: str
    tier: Tier
    n: int
    rows: tuple[Row, ...]
    bars: tuple[Bar, ...] = ()
    plots: tuple[Plot, ...] = ()
    sights: tuple[Sight, ...] = ()
    notes: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, object]:
        """Return the section as plain values, curves included and pictures left out."""
        curves = [
            {"plot": plot.name, "x": plot.x_label, "y": plot.y_label, "label": curve.label, "points": _points(curve)}
            for plot in self.plots
            for curve in plot.curves
        ]
        return {
            "title": self.title,
            "tier": str(self.tier),
            "n": self.n,
            "rows": [{key: plain(value) for key, value in row.items()} for row in self.rows],
            "bars": [bar.as_row() for bar in self.bars],
            "curves": curves,
            "notes": list(self.notes),
        }


def plain(value: object) -> object:
    """Return a value as JSON knows it: estimates as mean, n and interval, NaN as None."""
    if isinstance(value, Estimate):
        return value.as_json()
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value


def _points(curve: Curve) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in zip(curve.x, curve.y, strict=True) if np.isfinite(x) and np.isfinite(y)]
