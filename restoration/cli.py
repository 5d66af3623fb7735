"""Commands on volumes and bundles: ``python -m restoration``. Touches: the bundle folder (reads), standard output."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Final

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from restoration.card import Bounds, Card, load_card, names
from restoration.errors import RestorationError

app = typer.Typer(no_args_is_help=True, add_completion=False)

Name = Annotated[str, typer.Argument(help="Name of the pipeline.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Data = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Folder of real volumes; without it simulated ones only."),
]

_SCOPES: Final[Mapping[str, str]] = {
    "slice": "each slice by itself",
    "slab": "each slice with its neighbours, {} in all; evenly spaced slices only",
    "volume": "the volume as a whole; evenly spaced slices only",
}
_BOUNDS: Final[Mapping[str, str]] = {
    "noise": "noise of the input",
    "spectrum": "its mean frequency, of Nyquist",
    "values": "values of the input",
    "fill": "filled share of k-space",
    "bias": "mean change of a tissue",
    "amplitude": "change against the noise",
    "peak": "largest change, in noise",
    "anchor": "change of coarse structure",
    "structure": "structure in the change",
    "erased": "largest blob erased",
    "created": "largest blob created",
    "stability": "difference when turned",
    "kept": "change of measured k-space",
}
_APART: Final = ("figure", "tier", "n", "interval")


@app.callback()
def _root() -> None:
    """Restoration of medical volumes. Not a medical device."""


@app.command()
def models(
    name: Annotated[str | None, typer.Argument(help="One pipeline, in full.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the shipped pipelines, or show the card of one with its measured figures."""
    cards = [load_card(one) for one in ([name] if name else names())]
    if as_json:
        typer.echo(json.dumps([dataclasses.asdict(card) for card in cards], ensure_ascii=False, indent=2))
    elif name:
        _show(cards[0])
    else:
        _list(cards)


@app.command()
def evaluate(
    name: Name,
    data: Data = None,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder for evaluation.json and pictures.")] = None,
    as_json: AsJson = False,
    quick: Annotated[bool, typer.Option("--quick", help="A few cases only: minutes instead of hours.")] = False,
) -> None:
    """Measure a pipeline beside its yardsticks, by the protocol that the figures on its card come from."""
    load_card(name)
    # Evaluation needs torch and minutes; the rest of this module needs neither.
    from restoration.evaluation.run import run

    run(name, data=data, out=out, as_json=as_json, quick=quick)


@app.command()
def calibrate(
    name: Name,
    data: Data = None,
    series: Annotated[int, typer.Option(min=1, help="Simulated clean series that set the bounds.")] = 800,
    prove: Annotated[int, typer.Option(min=0, help="Further ones that show how many are withheld.")] = 500,
    lesions: Annotated[int, typer.Option(min=0, help="Lesions planted into or erased from results.")] = 10_000,
    write: Annotated[bool, typer.Option("--write", help="Write bounds and detection into the card.")] = False,
) -> None:
    """Set the bounds of a pipeline's gates on simulated series, and measure what the gates then find."""
    load_card(name)
    from restoration.calibrate import run

    run(name, data=data, series=series, prove=prove, lesions=lesions, write=write)


def main() -> None:
    """Run the command line; an error of ours ends in one sentence and status 1."""
    try:
        app()
    except RestorationError as error:
        typer.echo(str(error), err=True)
        raise SystemExit(1) from error


def _list(cards: list[Card]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("pipeline", "for", "release"):
        table.add_column(heading, no_wrap=True)
    table.add_column("what it is")
    for card in cards:
        table.add_row(card.name, card.eligibility.modality, card.release, escape(card.title))
    console = Console()
    console.print(table)
    console.print("Not a medical device. «models NAME» shows a card with its measured figures.")


def _show(card: Card) -> None:
    console = Console(highlight=False)
    console.print(f"[bold]{card.name} {card.version}[/bold]  {escape(card.title)}\nNot a medical device.")
    for heading, rows in (("", _promises(card)), ("Bounds", _bounds(card)), ("Calibration", _calibration(card))):
        table = Table(box=None, show_header=False, pad_edge=False, title=heading or None, title_justify="left")
        table.add_column(no_wrap=True)
        table.add_column()
        for key, text in rows:
            table.add_row(key, escape(text))
        console.print(table)
    console.print("[italic]Measured figures[/italic]" if card.figures else "No figures measured yet.")
    for figure in card.figures:
        console.print(f"• {escape(_figure(figure))}")


def _promises(card: Card) -> Iterator[tuple[str, str]]:
    wanted = card.eligibility
    finer = zip(("through plane", "in plane"), card.factors[:2], strict=True)
    yield "operation", ", ".join([card.operation, *(f"{by} times finer {where}" for where, by in finer if by > 1)])
    yield "looks at", _SCOPES[card.scope].format(card.slab)
    yield "weights", card.digest_label
    default, full = (f"{100 * share:.3g} %" for share in (card.default_share, card.full_share))
    yield "strength", f"{card.default_strength:g} % unless asked otherwise: {default} of its change; 100 %: {full}"
    yield "release", f"{card.release}; a rule can be stricter, not looser"
    yield "draws", "may draw structure that was not measured" if card.generative else "no structure of its own"
    yield (
        "keeps",
        f"what is coarser than {card.anchor_mm:g} mm (Gaussian sigma)" if card.anchor_mm else "no coarse part",
    )
    sizes = f"pixels of {_said(wanted.pixel_mm)} mm, slices of {_said(wanted.thickness_mm)} mm"
    yield "takes", f"{wanted.modality} in {card.unit}, {sizes}, {_said(wanted.matrix)} rows"
    yield "slices", f"at least {wanted.min_slices}"
    yield "refuses", ", ".join(wanted.refuse) or "nothing by name"


def _bounds(card: Card) -> Iterator[tuple[str, str]]:
    for field in dataclasses.fields(Bounds):
        value = getattr(card.bounds, field.name)
        if value is not None:
            limit = _said(value) if isinstance(value, tuple) else f"at most {_said(value)}"
            yield _BOUNDS[field.name], limit
    yield "amounts are in", "HU" if card.unit == "HU" else "shares of the volume's reference level"


def _calibration(card: Card) -> Iterator[tuple[str, str]]:
    if not card.calibration:
        yield "never calibrated", ""
    for key, value in card.calibration.items():
        yield key, _said(value)


def _figure(figure: Mapping[str, object]) -> str:
    """One sentence: what was measured, on what and how often, then the values."""
    values = ", ".join(f"{key} {_said(value)}" for key, value in figure.items() if key not in _APART)
    evidence = ", ".join(
        f"{label}{_said(figure[key])}"
        for key, label in (("tier", ""), ("n", "n = "), ("interval", ""))
        if key in figure
    )
    return f"{figure.get('figure', 'figure')} ({evidence}): {values}"


def _said(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} {_said(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        pair = len(value) == 2 and all(isinstance(part, int | float) for part in value)
        return (" to " if pair else ", ").join(_said(part) for part in value)
    return str(value)
