"""``echo`` and ``push``: asking and sending outside any queue. Touches: network, files named, standard output."""

from pathlib import Path
from typing import Annotated

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, config_of, destination_of

DestinationArgument = Annotated[str, typer.Argument(metavar="DEST", help="Name of a destination.")]
SUCCESS = 0x0000


def echo(ctx: typer.Context, destination: DestinationArgument, config: ConfigOption = None) -> None:
    """Ask a destination by C-ECHO whether it answers."""
    from dicom_node.deliver.send import echo as ask

    settings = config_of(ctx, config)
    answer = ask(destination_of(settings, destination), settings.node.ae_title)
    show.line(f"{destination}: {answer.sentence}")
    if answer.status != SUCCESS:
        raise typer.Exit(1)


def push(
    ctx: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="PATH", help="A DICOM file, or a folder of them.")],
    destination: DestinationArgument,
    config: ConfigOption = None,
    json: JsonOption = False,
) -> None:
    """Send DICOM files to a destination at once."""
    from dicom_node.deliver.send import push as send
    from dicom_node.domain.errors import NotFound

    settings = config_of(ctx, config)
    target = destination_of(settings, destination)
    files = _part10_files(path)
    if not files:
        raise NotFound(happened="there is no DICOM file", subject=str(path), remedy="Name a file or a folder of files.")
    results = send(files, target, settings.node.ae_title)
    rows = [{"path": str(item.path), "sent": item.sent, "detail": item.detail} for item in results]
    failed = [row for row in rows if not row["sent"]]
    if json:
        show.as_json(rows)
    else:
        show.line(f"{len(rows) - len(failed)} of {len(files)} sent to {destination}")
        if failed:
            show.table(failed, ("path", "detail"))
    if failed or len(rows) < len(files):
        raise typer.Exit(1)


def _part10_files(path: Path) -> list[Path]:
    """List the files that begin as PS3.10 says; others in a folder are passed over."""
    candidates = sorted(item for item in path.rglob("*") if item.is_file()) if path.is_dir() else [path]
    return [item for item in candidates if _is_part10(item)]


def _is_part10(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False
