"""The journal of one association: JSON lines beside the files it brought. Touches: store.

Evidence for completion (a released association has sent all it wanted), and the only way in which a receiver, which has
no database, can say that the disk failed. A journal without an end belongs to an association that is open or died with
its receiver. Lines that cannot be read are passed over: the files are the truth.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from dicom_node.domain.errors import StorageError
from dicom_node.storage.durable import sync_folder

NAME: Final = "journal"
Outcome = Literal["open", "released", "aborted"]


@dataclass(frozen=True, kw_only=True)
class Opening:
    """Who opened the association.

    Attributes
    ----------
    at
        When it was requested, UTC.
    calling_ae, called_ae
        AE titles, trimmed.
    address
        Of the peer.
    peer
        Name of the peer in the configuration; empty for one that is not configured.
    """

    at: datetime
    calling_ae: str
    called_ae: str
    address: str
    peer: str


@dataclass(frozen=True, kw_only=True)
class DiskFault:
    """A write or sync that failed, so that an object was refused."""

    at: datetime | None
    error: str


@dataclass(frozen=True, kw_only=True)
class JournalRecord:
    """What a journal says; what it does not say is empty.

    Attributes
    ----------
    opening
        Who opened the association; absent where the line never reached the disk.
    outcome
        ``open`` where no end is written.
    ended_at
        When it ended, UTC.
    stored
        Objects acknowledged, by the journal's end.
    cut
        Data sets that began and did not end.
    faults
        In order.
    """

    opening: Opening | None = None
    outcome: Outcome = "open"
    ended_at: datetime | None = None
    stored: int = 0
    cut: int = 0
    faults: tuple[DiskFault, ...] = field(default=())


class Journal:
    """Writes the journal of one association; synced at its opening and at its end.

    Raises
    ------
    StorageError
        The disk did not take the opening.
    """

    def __init__(self, folder: Path, opening: Opening) -> None:
        self._path = folder / NAME
        try:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise _no_journal(self._path, error) from error
        self._kept_back: list[Mapping[str, object]] = []
        self._write(
            "opened",
            opening.at,
            calling_ae=opening.calling_ae,
            called_ae=opening.called_ae,
            address=opening.address,
            peer=opening.peer,
        )
        try:
            os.fdatasync(self._handle)
        except OSError as error:
            os.close(self._handle)
            raise _no_journal(self._path, error) from error
        sync_folder(folder)

    def fault(self, at: datetime, error: str) -> None:
        """Write that the disk failed; where even this line is refused it is tried again with the next one."""
        self._write("disk fault", at, error=error)

    def end(self, outcome: Literal["released", "aborted"], at: datetime, *, stored: int, cut: int) -> None:
        """Write how the association ended, sync and close; a disk that refuses leaves the journal open-ended."""
        self._write(outcome, at, stored=stored, cut=cut)
        with suppress(OSError):
            os.fdatasync(self._handle)
        with suppress(OSError):
            os.close(self._handle)

    def _write(self, event: str, at: datetime, **values: object) -> None:
        lines = [*self._kept_back, {"event": event, "at": at.isoformat(), **values}]
        text = "".join(json.dumps(line, ensure_ascii=True) + "\n" for line in lines)
        # the leading line break keeps a line whole where the one before it was cut by a full disk
        content = ("\n" + text if self._kept_back else text).encode("ascii")
        try:
            whole = os.write(self._handle, content) == len(content)
        except OSError:
            whole = False
        self._kept_back = [] if whole else lines


def read(folder: Path) -> JournalRecord:
    """Return what the journal in an association folder says; a missing or damaged one says little: that is no error."""
    try:
        text = (folder / NAME).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return JournalRecord()
    opening: Opening | None = None
    end: Mapping[str, Any] = {}
    faults: list[DiskFault] = []
    for line in _lines(text):
        match line.get("event"):
            case "opened":
                opening = _opening(line) or opening
            case "disk fault":
                fault = DiskFault(at=_time(line), error=str(line.get("error", "")))
                faults += [fault] if fault not in faults else []
            case "released" | "aborted":
                end = line
    return JournalRecord(
        opening=opening,
        outcome=end.get("event", "open"),
        ended_at=_time(end),
        stored=_count(end, "stored"),
        cut=_count(end, "cut"),
        faults=tuple(faults),
    )


def _lines(text: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for line in text.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            found.append(value)
    return found


def _opening(line: Mapping[str, Any]) -> Opening | None:
    at = _time(line)
    words = [str(line.get(key, "")) for key in ("calling_ae", "called_ae", "address", "peer")]
    if at is None:
        return None
    return Opening(at=at, calling_ae=words[0], called_ae=words[1], address=words[2], peer=words[3])


def _time(line: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(line.get("at", "")))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _count(line: Mapping[str, Any], key: str) -> int:
    value = line.get(key, 0)
    return value if isinstance(value, int) else 0


def _no_journal(path: Path, error: OSError) -> StorageError:
    return StorageError(
        happened=f"the journal cannot be written: {error.strerror or error}",
        subject=str(path),
        remedy="Look at free space and health of the disk.",
    )
