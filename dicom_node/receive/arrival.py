"""What one association brings: its folder, its files, its journal. Touches: store, doorbell.

The folder is made with the first object, so that probes and echoes leave none. Folder and file names are made of time,
process and numbers; nothing a peer sends becomes part of a path.
"""

import hashlib
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import StorageError
from dicom_node.storage import doorbell, part10
from dicom_node.storage.durable import PartFile, make_folder
from dicom_node.storage.journal import Journal, Opening
from dicom_node.storage.layout import Layout

PATIENCE_S: Final = 60.0
_FAULTS_KEPT: Final = 10
SLOWEST: Final = 4096.0
"""A data set must be whole within `PATIENCE_S` and one second more for each `SLOWEST` bytes that came."""


class Incoming:
    """One data set on its way into its file; hashed as it passes, memory independent of its length."""

    def __init__(self, path: Path, head: part10.Head, began: float) -> None:
        self._head = head
        self._began = began
        self._digest = hashlib.sha256()
        self._length = 0
        self._file = PartFile(path)
        self._file.add(head.encoded)

    def add(self, content: bytes) -> None:
        """Append a piece.

        Raises
        ------
        StorageError
            The disk did not take it.
        """
        self._digest.update(content)
        self._length += len(content)
        self._file.add(content)

    def keep(self, received_at: datetime) -> None:
        """Fill in the receipt and give the file its name; when this returns the object survives a power cut.

        Raises
        ------
        StorageError
            The disk did not take it.
        """
        receipt = part10.Receipt(length=self._length, sha256=self._digest.hexdigest(), received_at=received_at)
        self._file.keep(receipt.encoded(), self._head.receipt_at)

    def drop(self) -> None:
        """Leave nothing."""
        self._file.drop()

    def overdue(self, now: float) -> bool:
        """Whether its sender is too slow to be waited for; `now` is monotonic [s]."""
        return now - self._began > PATIENCE_S + self._length / SLOWEST


class Arrival:
    """The store's side of one association; its methods may be called by different threads.

    Parameters
    ----------
    opening
        Who opened the association.
    key
        Name of its folder: sortable, unique.
    """

    def __init__(self, opening: Opening, key: str, *, layout: Layout, clock: Clock) -> None:
        self.opening = opening
        self._key = key
        self._folder = layout.association(opening.at, key)
        self._attempts = 0
        self._layout = layout
        self._clock = clock
        self._lock = threading.Lock()
        self._journal: Journal | None = None
        self._current: Incoming | None = None
        self._number = self._stored = self._cut = 0
        self._over = False
        self._unwritten: deque[tuple[datetime, str]] = deque(maxlen=_FAULTS_KEPT)
        self._refusals: set[str] = set()

    def begin(self, head: part10.Head) -> None:
        """Begin a file.

        Raises
        ------
        StorageError
            The disk did not take it; the journal says so.
        """
        with self._lock:
            self._still_open()
            try:
                if self._journal is None:
                    self._open_folder()
                self._number += 1
                path = self._folder / f"{self._number:06d}.dcm"
                self._current = Incoming(path, head, self._clock.monotonic())
            except StorageError as error:
                self._fault(error)
                raise

    def add(self, content: bytes) -> None:
        """Append a piece to the file that was begun.

        Raises
        ------
        StorageError
            The disk did not take it; the file is gone and the journal says so.
        """
        with self._lock:
            self._still_open()
            if self._current is not None:
                self._to_disk(lambda current: current.add(content))

    def keep(self) -> None:
        """End the file that was begun; when this returns the object may be acknowledged.

        Raises
        ------
        StorageError
            The disk did not take it; the file is gone and the journal says so.
        """
        with self._lock:
            self._still_open()
            self._to_disk(lambda current: current.keep(self._clock.now()))
            self._current = None
            self._stored += 1
        self._ring()

    def refused(self, error: str) -> None:
        """Note in the journal, once, that objects are refused because the disk must not take them."""
        with self._lock:
            if error not in self._refusals and not self._over:
                self._refusals.add(error)
                self._note(error)

    def overdue(self) -> bool:
        """Whether a data set has been on its way for too long."""
        current = self._current
        return current is not None and current.overdue(self._clock.monotonic())

    def end(self, outcome: Literal["released", "aborted"]) -> None:
        """Drop what is not whole and end the journal; only the first call counts."""
        with self._lock:
            if self._over:
                return
            self._over = True
            if self._current is not None:
                self._current.drop()
                self._current = None
                self._cut += 1
            if self._unwritten:
                with suppress(StorageError):
                    self._open_folder()
            if self._journal is not None:
                self._journal.end(outcome, self._clock.now(), stored=self._stored, cut=self._cut)
        if self._journal is not None:
            self._ring()

    def _to_disk(self, action: Callable[[Incoming], None]) -> None:
        current = self._current
        if current is None:
            raise StorageError(happened="no file was begun", subject=str(self._folder), remedy="Send the object again.")
        try:
            action(current)
        except StorageError as error:
            current.drop()
            self._current = None
            self._fault(error)
            raise

    def _open_folder(self) -> None:
        # a folder that an attempt left half made is not used again
        key = f"{self._key}-{self._attempts}" if self._attempts else self._key
        self._attempts += 1
        self._folder = self._layout.association(self.opening.at, key)
        make_folder(self._folder, root=self._layout.data_dir)
        self._journal = Journal(self._folder, self.opening)
        for at, error in self._unwritten:
            self._journal.fault(at, error)
        self._unwritten.clear()

    def _fault(self, error: StorageError) -> None:
        self._note(f"{error.happened} ({error.subject})")

    def _note(self, error: str) -> None:
        at = self._clock.now()
        if self._journal is None:
            self._unwritten.append((at, error))
        else:
            self._journal.fault(at, error)

    def _still_open(self) -> None:
        if self._over:
            raise StorageError(
                happened="the association is over", subject=str(self._folder), remedy="Send the object again."
            )

    def _ring(self) -> None:
        doorbell.ring(self._layout, self._layout.relative(self._folder))
