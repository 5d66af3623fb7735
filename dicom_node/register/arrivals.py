"""Registers what associations brought: list, read, compare, write, one batch after the other.

Touches: store, sandbox, database (writes association, reception, study, series, instance). A file is registered once
its reception row is committed; superfluous duplicates are deleted after that, and again by the next call if the process
died in between. Everything may be repeated.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import BadInstance
from dicom_node.domain.reasons import reason
from dicom_node.provenance.record import alert
from dicom_node.register import rows
from dicom_node.register.compare import Comparison, candidate_of
from dicom_node.register.parts import settle_parts
from dicom_node.register.planned import Arrival, Planned, quarantined
from dicom_node.sandbox.client import Header, Sandbox, Unreadable
from dicom_node.storage import journal, part10
from dicom_node.storage.layout import Layout

BATCH: Final = 50
"""Files a transaction; each takes up to four rows."""
_TRIES: Final = 3
_DAY_DEPTH: Final = 3
_NEWEST_DAYS: Final = 2
_FINISHED_KEPT: Final = 50_000


class Registrar:
    """The registering station.

    Parameters
    ----------
    database, layout, sandbox, clock
        Where rows go, where files lie, where headers are parsed, what time it is.
    config
        The whole configuration.
    """

    def __init__(self, database: Database, layout: Layout, sandbox: Sandbox, clock: Clock, config: Config) -> None:
        self._database = database
        self._layout = layout
        self._sandbox = sandbox
        self._clock = clock
        self._settled: dict[str, set[str]] = {}  # folders of open associations: files with a reception
        self._finished: dict[str, int] = {}  # folders of ended ones: when their files last changed
        self._started_at: datetime | None = None

    def register(self, folders: Iterable[str], *, stop: threading.Event | None = None) -> int:
        """Register all files of association folders that have no reception yet.

        Parameters
        ----------
        folders
            Relative to the data folder; what is no folder below the store is passed over.
        stop
            Ends it early, between two batches, once set.

        Returns
        -------
        int
            Receptions written.
        """
        count, stop = 0, stop or threading.Event()
        for folder in sorted(set(folders)):
            if self._is_association(folder):
                changed_at = self._layout.absolute(folder).stat().st_mtime_ns
                if self._finished.get(folder) != changed_at and not stop.is_set():
                    count += self._register_folder(folder, changed_at, stop)
        return count

    def recent_folders(self, days: int = 2) -> list[str]:
        """Return the association folders of the last days, and of the newest two days that have any."""
        since = (self._clock.now() - timedelta(days=days)).date()
        found = sorted((folder for folder in self._days()), reverse=True)
        chosen = [
            folder for rank, folder in enumerate(found) if rank < _NEWEST_DAYS or _date_of(folder) >= since.isoformat()
        ]
        return sorted(self._layout.relative(path) for folder in chosen for path in folder.iterdir() if path.is_dir())

    def all_folders(self) -> list[str]:
        """Return all association folders."""
        return sorted(self._layout.relative(path) for day in self._days() for path in day.iterdir() if path.is_dir())

    def adopt(self, started_at: datetime) -> int:
        """Settle what receivers that are gone left in recent folders: parts whole or not, and open journals.

        Parameters
        ----------
        started_at
            When the first of the living receivers was started; what is older belongs to none of them.

        Returns
        -------
        int
            Receptions written.
        """
        self._started_at = started_at
        folders = self.recent_folders()
        settled = [part for folder in folders for part in settle_parts(self._layout, folder, started_at)]
        return self.quarantine_parts(part.path for part in settled if part.damaged)

    def quarantine_parts(self, paths: Iterable[str]) -> int:
        """Give parts whose receipt does not match their content a reception and an alert, once.

        Parameters
        ----------
        paths
            Relative to the data folder.
        """
        count = 0
        for path in paths:
            association_id, settled = self._association(str(PurePosixPath(path).parent))
            if path not in settled:
                arrival = self._unreceipted(association_id, path)
                count += self._write([quarantined(arrival, reason("receipt wrong"))], [])
        return count

    def _days(self) -> Iterator[Path]:
        return (path for path in self._layout.store.glob("*/" * (_DAY_DEPTH - 1) + "*") if path.is_dir())

    def _is_association(self, folder: str) -> bool:
        parts = PurePosixPath(folder).parts
        inside = len(parts) == _DAY_DEPTH + 2 and parts[0] == self._layout.store.name and ".." not in parts
        return inside and self._layout.absolute(folder).is_dir()

    def _register_folder(self, folder: str, changed_at: int, stop: threading.Event) -> int:
        association_id, settled = self._association(folder)
        files = sorted(self._layout.absolute(folder).glob("*.dcm"), key=lambda path: (len(path.name), path.name))
        new = [path for path in files if self._layout.relative(path) not in settled]
        count = 0
        for first in range(0, len(new), BATCH):
            if stop.is_set():
                break
            batch = [self._arrival(association_id, path) for path in new[first : first + BATCH]]
            written = self._register_batch([one for one in batch if one is not None])
            settled.update(written)
            count += len(written)
        if folder not in self._settled and count == len(new):
            if len(self._finished) >= _FINISHED_KEPT:
                self._finished.clear()
            self._finished[folder] = changed_at
        return count

    def _association(self, folder: str) -> tuple[int, set[str]]:
        """Refresh the association's row and return it with the files that have a reception."""
        said = journal.read(self._layout.absolute(folder))
        dead = self._started_at is not None and said.opening is not None and said.opening.at < self._started_at
        with self._database.write() as session:
            association_id = rows.save_association(session, folder, said, dead=dead, at=self._clock.now())
        settled = self._settled.get(folder)
        if settled is None:
            with self._database.read() as session:
                receptions = rows.receptions(session, association_id)
            for path, superfluous in receptions.items():
                if superfluous:
                    self._layout.absolute(path).unlink(missing_ok=True)
            settled = set(receptions)
        if said.outcome == "open" and not dead:
            self._settled[folder] = settled
        else:
            self._settled.pop(folder, None)
        return association_id, settled

    def _arrival(self, association_id: int, path: Path) -> Arrival | Planned | None:
        """Read a file's receipt; a file without a right one is quarantined, one that the disk withholds is left."""
        relative = self._layout.relative(path)
        try:
            receipt = part10.read_receipt(path)
            whole = path.stat().st_size - part10.data_set_offset(path) == receipt.length
        except BadInstance:
            return quarantined(self._unreceipted(association_id, relative), reason("receipt wrong"))
        except OSError as error:
            message = f"{relative} cannot be read: {error.strerror or error}"
            with self._database.write() as session:
                alert(session, kind="disk fault", message=message, at=self._clock.now(), key=f"disk fault:{relative}")
            return None
        arrival = Arrival(
            association_id=association_id,
            path=relative,
            size=receipt.length,
            sha256=receipt.sha256,
            received_at=receipt.received_at,
        )
        return arrival if whole else quarantined(arrival, reason("receipt wrong"))

    def _unreceipted(self, association_id: int, path: str) -> Arrival:
        size = self._layout.absolute(path).stat().st_size
        return Arrival(association_id=association_id, path=path, size=size, sha256="", received_at=self._clock.now())

    def _register_batch(self, batch: Sequence[Arrival | Planned]) -> list[str]:
        """Return the paths that have a reception now; none if other processes were always faster."""
        arrivals = [arrival for arrival in batch if isinstance(arrival, Arrival)]
        headers = self._sandbox.headers([self._layout.absolute(arrival.path) for arrival in arrivals])
        for _ in range(_TRIES):
            planned, compared = self._compare(arrivals, headers)
            planned += [arrival for arrival in batch if isinstance(arrival, Planned)]
            if self._write(planned, compared):
                return [one.arrival.path for one in planned]
        return []

    def _compare(
        self, arrivals: Sequence[Arrival], headers: Sequence[Header | Unreadable]
    ) -> tuple[list[Planned], list[str]]:
        candidates = [candidate_of(arrival, header) for arrival, header in zip(arrivals, headers, strict=True)]
        uids = {one.identity.sop_instance_uid for one in candidates if not isinstance(one, Planned)}
        with self._database.read() as session:
            known = rows.known(session, uids)
        comparison = Comparison(known, self._sandbox, self._layout)
        planned: list[Planned] = []
        for arrival, candidate, header in zip(arrivals, candidates, headers, strict=True):
            if isinstance(candidate, Planned):
                planned.append(candidate)
            elif isinstance(header, Header):
                planned.append(comparison.plan(arrival, candidate, header))
        compared = [candidate.path for candidates in known.values() for candidate in candidates]
        return planned, compared

    def _write(self, planned: Sequence[Planned], compared: Sequence[str]) -> int:
        """Write a batch and delete its superfluous files; 0 if another process has registered some of it meanwhile."""
        with self._database.write() as session:
            if not rows.fresh(session, planned, compared):
                return 0
            rows.store(session, planned, at=self._clock.now())
        for one in planned:
            if one.superfluous:
                self._layout.absolute(one.arrival.path).unlink(missing_ok=True)
        return len(planned)


def _date_of(day: Path) -> str:
    return "-".join(day.parts[-_DAY_DEPTH:])
