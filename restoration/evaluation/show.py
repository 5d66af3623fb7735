"""Prints an evaluation as tables. Touches: standard output."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from restoration.evaluation.report import Bar, Row, Section
from restoration.metrics.bootstrap import Estimate

_PAPER = 190
"""Columns of a line where the output is no terminal."""


def console_for() -> Console:
    """Return a console as wide as the terminal, or as a sheet of paper where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=_PAPER)


def show(console: Console, title: str, sections: Sequence[Section]) -> None:
    """Print every section's table, then all bars in one."""
    console.print(title)
    for section in sections:
        heading = f"{section.title} ({section.tier}, n = {section.n})"
        if section.rows:
            console.print(_table(heading, section.rows))
        for note in section.notes:
            console.print(note)
    bars = [bar for section in sections for bar in section.bars]
    if bars:
        console.print(_table("Bars", [_bar(bar) for bar in bars]))
        console.print(verdicts(bars))


def verdicts(bars: Sequence[Bar]) -> str:
    """Count the bars that were met, missed and not run."""
    met = sum(bar.missed_by == 0 for bar in bars)
    idle = sum(bar.missed_by is None for bar in bars)
    return f"{met} of {len(bars)} bars met, {len(bars) - met - idle} missed, {idle} not run"


def _bar(bar: Bar) -> Row:
    return {
        "verdict": bar.verdict,
        "bar": bar.name,
        "wanted": f"{bar.sense} {bar.wanted:g} {bar.unit}",
        "found": None if bar.found is None else str(bar.found),
        "tier": str(bar.tier),
        "note": bar.note,
    }


def _table(title: str, rows: Sequence[Row]) -> Table:
    table = Table(*rows[0], title=title)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    return table


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, Estimate):
        if value.interval is None:
            return f"{value.mean:.4g}"
        return f"{value.mean:.4g} [{value.interval[0]:.3g}, {value.interval[1]:.3g}]"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return "[" + ", ".join(_cell(item) for item in value) + "]"
    return str(value)
