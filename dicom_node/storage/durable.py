"""Files that survive a power cut once a call returns: part, sync, rename, folder sync. Touches: disk.

A failed write or sync is final for its file: after a failed fsync the kernel may have dropped the dirty pages, so that
a second fsync succeeds without them (LWN 752063, «fsyncgate»). The file is removed and the sender keeps the object.
"""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from dicom_node.domain.errors import StorageError

PART: Final = ".part"
_BATCH_BYTES: Final = 1 << 20
_BATCH_COUNT: Final = 512  # IOV_MAX is 1024 on Linux
_MODE: Final = 0o640


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable.

    Raises
    ------
    StorageError
        The disk did not take it.
    """
    with _disk("the folder cannot be synced", folder):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def sync_file(path: Path) -> None:
    """Make the content of a written file durable (its name needs `sync_folder`).

    Raises
    ------
    StorageError
        The disk did not take it.
    """
    with _disk("the file cannot be synced", path):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def make_folder(folder: Path, *, root: Path) -> None:
    """Create a folder that must not exist yet, and what is missing above it, all durable.

    Parameters
    ----------
    folder
        The folder, below `root`.
    root
        Names from here down are synced, also those that another process has just made.

    Raises
    ------
    StorageError
        The folder exists, or the disk did not take it.
    """
    with _disk("the folder cannot be made", folder):
        folder.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        folder.mkdir(mode=0o750)
    for above in folder.parents:
        sync_folder(above)
        if above == root:
            return


def write_file(path: Path, content: bytes) -> None:
    """Put a small file in place, whole or not at all, durable; an older one of that name is replaced.

    Raises
    ------
    StorageError
        The disk did not take it; what stood there before still stands.
    """
    part = path.with_name(path.name + PART)
    part.unlink(missing_ok=True)
    file = PartFile(path)
    try:
        file.add(content)
        file.keep()
    finally:
        file.drop()


class PartFile:
    """A file on its way: bytes are added, then it is kept or dropped.

    Small pieces are gathered and written together; memory stays below about one mebibyte whatever the file's length.
    Not for use by two threads at once.

    Raises
    ------
    StorageError
        A part of that name exists, or the disk did not take it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._part = path.with_name(path.name + PART) if path.suffix != ".dcm" else path.with_suffix(PART)
        self._handle: int | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        with _disk("the file cannot be made", self._part):
            self._handle = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)

    def add(self, content: bytes) -> None:
        """Append bytes.

        Raises
        ------
        StorageError
            The disk did not take them; the file is gone.
        """
        self._waiting.append(content)
        self._waiting_bytes += len(content)
        if self._waiting_bytes >= _BATCH_BYTES or len(self._waiting) >= _BATCH_COUNT:
            self._attempt(self._flush)

    def keep(self, patch: bytes = b"", at: int = 0) -> None:
        """Write what waits, put `patch` at offset `at`, sync, give the file its name, sync the folder.

        Raises
        ------
        StorageError
            The disk did not take it; the file is gone.
        """

        def finish() -> None:
            self._flush()
            handle = self._open_handle()
            if patch and os.pwrite(handle, patch, at) != len(patch):
                raise OSError("short write")
            os.fdatasync(handle)
            self._handle = None
            os.close(handle)
            self._part.rename(self._path)

        self._attempt(finish)
        try:
            sync_folder(self._path.parent)
        except StorageError:
            with contextlib.suppress(OSError):
                self._path.unlink()
            raise

    def drop(self) -> None:
        """Leave no part; a kept file stays. May be called twice."""
        self._waiting.clear()
        self._waiting_bytes = 0
        handle, self._handle = self._handle, None
        if handle is not None:
            with contextlib.suppress(OSError):
                os.close(handle)
            with contextlib.suppress(OSError):
                self._part.unlink()

    def _attempt(self, action: Callable[[], None]) -> None:
        try:
            with _disk("the file cannot be written", self._part):
                action()
        except StorageError:
            self.drop()
            with contextlib.suppress(OSError):
                self._part.unlink()
            raise

    def _flush(self) -> None:
        handle = self._open_handle()
        waiting, total = self._waiting, self._waiting_bytes
        self._waiting, self._waiting_bytes = [], 0
        if not waiting:
            return
        written = os.writev(handle, waiting)
        if written < total:
            rest = memoryview(b"".join(waiting))[written:]
            while rest:
                rest = rest[os.write(handle, rest) :]

    def _open_handle(self) -> int:
        if self._handle is None:
            raise OSError("the file is closed")
        return self._handle


@contextlib.contextmanager
def _disk(happened: str, subject: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageError(
            happened=f"{happened}: {error.strerror or error}",
            subject=str(subject),
            remedy="Look at free space and health of the disk.",
        ) from error
