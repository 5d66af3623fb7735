"""``extract``: volumes for training, without a node. Touches: standard output, files."""

from pathlib import Path
from typing import Annotated

import typer


def extract(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Folder with DICOM files.", exists=True)],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the arrays.")],
) -> None:
    """Write original CT and MR stacks as arrays for training: no name, no date, no identifier goes along."""
    from dicom_node.domain.clock import SystemClock
    from dicom_node.folder import extract as folder

    for one in folder.extract(source, target, clock=SystemClock()):
        typer.echo(f"{one.description}: {one.reason or f'{one.slices} slices in {one.name}.npz'}")
