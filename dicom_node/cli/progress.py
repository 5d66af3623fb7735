"""Progress over the series of a folder: a bar on a terminal, one plain line per series elsewhere. Touches: output."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

Tell = Callable[[int, int, str], None]
"""Told after each series: how many are done, of how many, and a sentence about the last one."""


@contextmanager
def progress(what: str, *, json: bool) -> Iterator[Tell]:
    """Show how far a command is.

    Parameters
    ----------
    what
        Word for what is done.
    json
        Whether standard output belongs to a program: then a terminal's bar stands on standard error, and off a
        terminal nothing is told.
    """
    console = Console(stderr=json, highlight=False)
    if not console.is_terminal:
        yield _nothing if json else _line(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(what, total=None)

        def tell(done: int, total: int, sentence: str) -> None:
            bar.update(task, completed=done, total=total)
            console.print(printable(sentence), markup=False)

        yield tell


def printable(text: str) -> str:
    """Replace what a terminal would obey: the text comes from strangers' files."""
    return "".join(sign if sign.isprintable() else "�" for sign in text)


def _line(console: Console) -> Tell:
    def tell(done: int, total: int, sentence: str) -> None:
        console.print(f"{done} of {total}: {printable(sentence)}", soft_wrap=True, markup=False)

    return tell


def _nothing(_done: int, _total: int, _sentence: str) -> None:
    """Keep standard output for the program that reads it."""
