"""Copying a node: database first, files after, so that no row lacks its file. Touches: database file, files."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from dicom_node.domain.errors import StorageError
from dicom_node.storage.layout import Layout


def copy_node(layout: Layout, database: Path, target: Path) -> int:
    """Copy a node's database and files into a new folder that can serve as ``data_dir``.

    Parameters
    ----------
    layout
        Of the node, which may be running.
    database
        Its SQLite file.
    target
        Must not exist.

    Returns
    -------
    int
        Files copied besides the database.

    Raises
    ------
    StorageError
        The target exists or cannot be written.
    """
    try:
        target.mkdir(parents=True)
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(target / "node.db")) as copy:
            source.backup(copy)
        return sum(_copy(path, target / layout.relative(path)) for path in _files(layout))
    except FileExistsError:
        raise StorageError(happened="it exists already", subject=str(target), remedy="Name a new folder.") from None
    except OSError as error:
        raise StorageError(
            happened=f"the copy failed ({error})", subject=str(target), remedy="Free space there and start again."
        ) from error


def _files(layout: Layout) -> Iterator[Path]:
    for folder in (layout.store, layout.derived, layout.previews, layout.checkpoints, layout.keys):
        yield from (path for path in folder.rglob("*") if path.is_file() and path.suffix != ".part")


def _copy(source: Path, target: Path) -> bool:
    """Copy one file; one that retention or registration removed meanwhile is passed over."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(source, target)
    except FileNotFoundError:
        return False
    return True
