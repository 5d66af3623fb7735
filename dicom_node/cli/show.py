"""Printing rows as a table for people or as JSON for programs. Touches: standard output."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

PIPED_WIDTH = 200


def as_json(value: object) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201  standard output is the command's product


def raw(text: str) -> None:
    """Print a text for programs, unchanged."""
    sys.stdout.write(text)


def line(text: str) -> None:
    """Print one line, as it is."""
    _console().print(Text(_printable(text)))


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Print the named columns of rows; numbers are set right, absent values stay empty."""
    console = _console()
    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    listed = [[row.get(column) for column in columns] for row in rows]
    for index, column in enumerate(columns):
        numbers = bool(listed) and all(isinstance(row[index], int | float | None) for row in listed)
        shown.add_column(column.replace("_", " "), justify="right" if numbers else "left", overflow="fold")
    for row in listed:
        shown.add_row(*(Text(_printable(_word(value))) for value in row))
    console.print(shown)


def _console() -> Console:
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=PIPED_WIDTH)


def _word(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(item) for item in value) if isinstance(value, list | tuple) else str(value)


def _printable(text: str) -> str:
    """Replace control characters: a terminal obeys them, and texts from the network may hold them."""
    return "".join(sign if sign.isprintable() or sign == "\n" else "�" for sign in text)
