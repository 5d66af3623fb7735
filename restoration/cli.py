"""Commands on volumes and bundles: ``python -m restoration``. Touches: the bundle folder (reads), standard output."""

import dataclasses
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from restoration.card import Card, load_card, names
from restoration.errors import RestorationError

app = typer.Typer(no_args_is_help=True, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


@app.callback()
def _root() -> None:
    """Restoration of medical volumes. Not a medical device."""


@app.command()
def models(as_json: AsJson = False) -> None:
    """List the shipped pipelines with their measured figures."""
    cards = [load_card(name) for name in names()]
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(card) for card in cards], ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(_table(cards))
    for card in cards:
        for figure in card.figures:
            console.print(f"{card.name}: " + ", ".join(f"{key} {value}" for key, value in figure.items()))


@app.command()
def evaluate(
    name: Annotated[str, typer.Argument(help="Name of the pipeline.")],
    data: Annotated[Path | None, typer.Option(help="Folder of real volumes; without it phantoms only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure a pipeline on phantoms and on real slices, beside its classical yardsticks."""
    # Evaluation needs torch and minutes; listing models needs neither.
    from restoration.evaluate import run

    run(name, data, as_json)


def main() -> None:
    """Run the command line; an error of ours ends in one sentence and status 1."""
    try:
        app()
    except RestorationError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from error


def _table(cards: list[Card]) -> Table:
    table = Table("pipeline", "version", "kind", "unit", "anchor mm", "strength %", "weights", "what it is")
    for card in cards:
        table.add_row(
            card.name,
            card.version,
            card.kind,
            card.unit,
            f"{card.anchor_mm:g}",
            f"{card.default_strength:g}",
            card.digest_label,
            card.title,
        )
    return table
