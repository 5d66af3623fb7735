"""What a command needs of a node: its configuration, database, data folder. Touches: configuration, database."""

import getpass
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from dicom_node.config.load import load
from dicom_node.config.model import Config, DestinationSection
from dicom_node.database.engine import Database
from dicom_node.domain.clock import Clock, SystemClock
from dicom_node.domain.errors import DatabaseError, NotFound
from dicom_node.storage.layout import Layout

DEFAULT = Path("config.yaml")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Configuration file.", show_default="./config.yaml")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
WhyOption = Annotated[str, typer.Option("--why", metavar="TEXT", help="Reason, kept with your login name.")]


def one_of(words: Collection[str]) -> Callable[[str], str]:
    """Return a check that an option is one of these words, or left out."""

    def check(word: str) -> str:
        if word and word not in words:
            raise typer.BadParameter(f"«{word}» is none of {', '.join(sorted(words))}")
        return word

    return check


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A node's parts, open for one command."""

    config: Config
    database: Database
    layout: Layout
    clock: Clock


def path_of(ctx: typer.Context, config: Path | None) -> Path:
    """Return the configuration file: given after the sub-command, before it, or the default."""
    before = ctx.find_root().obj
    return config or (before if isinstance(before, Path) else DEFAULT)


def config_of(ctx: typer.Context, config: Path | None) -> Config:
    """Load the configuration."""
    return load(path_of(ctx, config))


@contextmanager
def opened(ctx: typer.Context, config: Path | None) -> Iterator[Opened]:
    """Open the node that a configuration describes.

    Raises
    ------
    DatabaseError
        The node was never started.
    """
    from dicom_node.views.status import is_ready

    settings = config_of(ctx, config)
    with database_of(settings) as database:
        if database is None or not is_ready(database):
            raise DatabaseError(
                happened="there is no database yet",
                subject=settings.database.url,
                remedy="Start the node once: dicom-node serve.",
            )
        yield Opened(config=settings, database=database, layout=Layout(settings.node.data_dir), clock=SystemClock())


@contextmanager
def database_of(config: Config) -> Iterator[Database | None]:
    """Open the database; None, and nothing is created, before the node's first start."""
    if not Path(config.database.url.removeprefix("sqlite:///")).is_file():
        yield None
        return
    database = Database(config.database.url)
    try:
        yield database
    finally:
        database.close()


def destination_of(config: Config, name: str) -> DestinationSection:
    """Return a destination by name.

    Raises
    ------
    NotFound
        There is none; the sentence names those there are.
    """
    found = config.destination(name)
    if found is None:
        known = ", ".join(item.name for item in config.destinations) or "none"
        raise NotFound(happened="no such destination", subject=name, remedy=f"In the configuration: {known}.")
    return found


def who() -> str:
    """Return the login name that actions are recorded under."""
    return getpass.getuser()
