"""``restore``: from folder to folder, without a node or a configuration. Touches: files named, device."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import JsonOption
from dicom_node.cli.progress import progress

if TYPE_CHECKING:
    from dicom_node.folder.restore import Outcome

FAILED = 1
NOT_ALL_RESTORED = 3


def restore(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Folder with DICOM files.", exists=True)],
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
    from dicom_node.folder.restore import Asked, restore_folder
    from dicom_node.restore.pipelines import Restorers

    with progress(pipeline, json=json) as tell:

        def report(done: int, total: int, one: "Outcome") -> None:
            name = one.description or one.series_instance_uid
            tell(done, total, f"{name}: {_told(one)}")

        outcomes = restore_folder(
            source,
            target,
            asked=Asked(pipeline=pipeline, strength=strength),
            restorers=Restorers({}),
            clock=SystemClock(),
            report=report,
        )
    rows: list[dict[str, Any]] = [
        {
            "series_instance_uid": item.series_instance_uid,
            "description": item.description,
            "ended": str(item.ended),
            "reason": item.reason,
            "note": item.note,
            "instances": item.instances,
            "folder": str(item.folder) if item.folder else None,
        }
        for item in outcomes
    ]
    if json:
        show.as_json(rows)
    _exit_by({row["ended"] for row in rows})


def _told(one: "Outcome") -> str:
    """Say how a series ended, and where its result lies or why there is none."""
    if one.folder is None:
        return one.reason if one.reason.startswith(one.ended) else f"{one.ended}: {one.reason}"
    return f"{one.ended}, {one.instances} slices in {one.folder}{f' ({one.note})' if one.note else ''}"


def _exit_by(ended: set[str]) -> None:
    if "failed" in ended:
        raise typer.Exit(FAILED)
    if ended != {"restored"}:
        raise typer.Exit(NOT_ALL_RESTORED)
