"""``extract``: volumes for training, without a node. Touches: files named, standard output."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import JsonOption
from dicom_node.cli.progress import progress


def extract(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Folder with DICOM files.", exists=True)],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the arrays.")],
    json: JsonOption = False,
) -> None:
    """Write original series as arrays with spacing and unit for training: no name, date or identifier goes along."""
    from dataclasses import asdict

    from dicom_node.domain.clock import SystemClock
    from dicom_node.folder import extract as folder

    with progress("extract", json=json) as tell:

        def report(done: int, total: int, last: Sequence[folder.Extracted]) -> None:
            for one in last:
                tell(done, total, f"{one.description}: {one.reason or f'{one.slices} slices in {one.name}.npz'}")

        written = folder.extract(source, target, clock=SystemClock(), report=report)
    if json:
        show.as_json([asdict(one) for one in written])
