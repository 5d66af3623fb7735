"""``serve`` and ``demo``: a node that runs. Touches: everything a node touches."""

from pathlib import Path
from typing import Annotated

import typer

from dicom_node.cli.opened import ConfigOption, path_of


def serve(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Run the node until it is stopped."""
    from dicom_node.processes import supervisor

    raise typer.Exit(supervisor.serve(path_of(ctx, config)))


def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the table.")] = False,
    source: Annotated[Path | None, typer.Option("--from", metavar="FOLDER", help="Send this DICOM folder.")] = None,
    target: Annotated[
        Path | None, typer.Option("--to", metavar="FOLDER", help="Write here instead of ./dicom-node-demo/<time>/.")
    ] = None,
) -> None:
    """Push a CT and an MR series through a node of its own and show what came back; needs no configuration."""
    from dicom_node.cli.demo import run

    raise typer.Exit(run.demo(once=once, source=source, target=target))
