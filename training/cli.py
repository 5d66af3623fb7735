"""`python -m training`: list recipes, train one, export a bundle. Touches: run and bundle folders (writes)."""

from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from restoration.card import BUNDLES
from training.errors import TrainingError
from training.export import borrow_card, export_bundle, write_figures
from training.figures import read_evaluation
from training.fit import CHECKPOINT, Row, fit, load_checkpoint
from training.recipe import load_recipe
from training.sources import batch_source

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Train the shipped models and export them.")
console = Console()

RECIPES = Path(__file__).parent / "recipes"
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
    TextColumn("{task.fields[said]}"),
)

RecipePath = Annotated[Path, typer.Argument(help="Recipe (YAML).", exists=True, dir_okay=False)]
Runs = Annotated[Path, typer.Option(help="Folder for checkpoints, curves and simulated data.")]


@app.command("list")
def list_recipes(runs: Runs = Path("training-runs")) -> None:
    """List the recipes beside this package and how far each has come."""
    table = Table("recipe", "simulation", "steps", "reached")
    for path in sorted(RECIPES.glob("*.yaml")):
        recipe = load_recipe(path)
        kept = runs / recipe.name / CHECKPOINT
        reached = str(load_checkpoint(recipe, kept)[1]) if kept.exists() else "–"
        table.add_row(recipe.name, recipe.simulation.kind, str(recipe.schedule.steps), reached)
    console.print(table)


@app.command()
def train(
    recipe_path: RecipePath,
    data: Annotated[Path | None, typer.Option(help="Folder of real volumes; phantoms only where absent.")] = None,
    runs: Runs = Path("training-runs"),
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    steps: Annotated[int | None, typer.Option(min=1, help="Stop after this step.")] = None,
) -> None:
    """Train a recipe; called again, it goes on where it stopped."""
    torch.set_num_threads(threads)
    recipe = load_recipe(recipe_path)
    with Progress(*_COLUMNS, console=console, disable=not console.is_terminal) as bar:
        prepared = bar.add_task("preparing", total=None, said="")
        source = batch_source(
            recipe, data, runs / "cache", lambda done, total: bar.update(prepared, completed=done, total=total)
        )
        bar.remove_task(prepared)
        trained = bar.add_task(recipe.name, total=steps or recipe.schedule.steps, said="")

        def reached(row: Row) -> None:
            said = f"pixel {row.pixel:.4f}, transfer {row.transfer:.4f}"
            bar.update(trained, completed=row.step, said=said)
            if not console.is_terminal:
                console.print(f"step {row.step} of {recipe.schedule.steps}: {said}")

        fit(recipe, source, runs / recipe.name, stop_after=steps, report=reached)


@app.command()
def export(
    recipe_path: RecipePath,
    runs: Runs = Path("training-runs"),
    bundles: Path = BUNDLES,
    like: Annotated[str | None, typer.Option(help="Shipped bundle whose card a yardstick without one borrows.")] = None,
) -> None:
    """Write the trained weights into the recipe's bundle, and their checksum into its card."""
    recipe = load_recipe(recipe_path)
    network, step = load_checkpoint(recipe, runs / recipe.name / CHECKPOINT)
    if like is not None:
        borrow_card(recipe.name, BUNDLES / like, bundles / recipe.name)
    digest = export_bundle(recipe, network, bundles / recipe.name)
    console.print(f"{recipe.name}: step {step} of {recipe.schedule.steps}, weights {digest[:12]}")


@app.command()
def figures(
    evaluation: Annotated[Path, typer.Argument(help="What «restoration evaluate --json» printed.", exists=True)],
    bundles: Path = BUNDLES,
) -> None:
    """Write an evaluation's figures into the card of the pipeline it measured."""
    outcome = read_evaluation(evaluation.read_text(encoding="utf-8"))
    count = write_figures(outcome, bundles / outcome.pipeline)
    console.print(f"{outcome.pipeline}: {count} figures")


def main() -> None:
    """Run the command line; a training error is one sentence and exit status 1."""
    try:
        app()
    except TrainingError as error:
        console.print(str(error), style="red", markup=False)
        raise SystemExit(1) from error
