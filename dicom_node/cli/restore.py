"""``restore``: from folder to folder, without a node or a configuration. Touches: files named, device."""

from pathlib import Path
from typing import Annotated, Any

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import JsonOption

FAILED = 1
NOT_ALL_RESTORED = 3


def restore(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Folder with DICOM files.")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Each derived series gets a folder in it.")],
    pipeline: Annotated[str, typer.Option("--pipeline", metavar="NAME", help="Such as ct-denoise or mr-denoise.")],
    strength: Annotated[
        float | None,
        typer.Option("--strength", min=0, max=100, help="Percent; the pipeline's own default if left out."),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Restore the series of a folder: derived, read back and guarded as by a node; exit status 3 if not all were."""
    from dicom_node.domain.clock import SystemClock
    from dicom_node.folder.restore import restore_folder
    from dicom_node.restore.pipelines import Restorers

    outcomes = restore_folder(
        source,
        target,
        pipeline=pipeline,
        strength=strength,
        restorers=Restorers({}),
        clock=SystemClock(),
    )
    rows: list[dict[str, Any]] = [
        {
            "series_instance_uid": item.series_instance_uid,
            "description": item.description,
            "ended": str(item.ended),
            "reason": item.reason,
            "instances": item.instances,
            "folder": str(item.folder) if item.folder else None,
        }
        for item in outcomes
    ]
    if json:
        show.as_json(rows)
    else:
        show.table(rows, ("ended", "description", "instances", "reason", "folder", "series_instance_uid"))
    _exit_by({row["ended"] for row in rows})


def _exit_by(ended: set[str]) -> None:
    if "failed" in ended:
        raise typer.Exit(FAILED)
    if ended != {"restored"}:
        raise typer.Exit(NOT_ALL_RESTORED)
