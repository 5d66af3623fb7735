"""Opening the database, the one way to write, reading, and waiting for a change. Touches: database.

SQLite runs in WAL mode with ``synchronous=FULL``: NORMAL loses acknowledged rows at a power cut. Every write begins
with BEGIN IMMEDIATE: a deferred BEGIN that turns into a write fails at once when another writer came between.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import Session

from dicom_node.domain.clock import Clock, SystemClock
from dicom_node.domain.errors import DatabaseError

BUSY_MS = 30_000
POLL_S = 0.02


class Database:
    """One process's access to the node's database.

    Parameters
    ----------
    url
        SQLAlchemy URL; only SQLite files are supported here.
    clock
        Measures how long `wait` has waited.

    Raises
    ------
    DatabaseError
        The URL names another engine, or the file system did not accept WAL with full synchronisation.
    """

    def __init__(self, url: str, *, clock: Clock | None = None) -> None:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite" or not parsed.database:
            raise DatabaseError(
                happened="only SQLite files are supported by this version",
                subject=parsed.render_as_string(hide_password=True),
                remedy="Set database.url to sqlite:///PATH.",
            )
        self.path = Path(parsed.database)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._clock = clock or SystemClock()
        self._writer = _engine(url, "BEGIN IMMEDIATE")
        self._reader = _engine(url, "BEGIN")
        self._lock = threading.Lock()
        self._watch: sqlite3.Connection | None = None
        self._seen = -1
        with self._reader.connect() as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
            synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        if mode != "wal" or synchronous != 2:
            raise DatabaseError(
                happened=f"journal mode is {mode}, synchronous is {synchronous}; wal and 2 are needed",
                subject=str(self.path),
                remedy="Put data_dir on a local file system.",
            )

    @property
    def writer(self) -> Engine:
        """The writing engine, for migrations."""
        return self._writer

    @contextmanager
    def write(self) -> Iterator[Session]:
        """Open the one kind of writing transaction; commits at the end, rolls back on any error.

        Only SQL inside: no file, no socket, no parsing, at most 200 rows.
        """
        with self._lock, Session(self._writer, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """Open a consistent reading view."""
        with Session(self._reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    def wait(self, timeout: float, stop: threading.Event | None = None) -> bool:
        """Wait until another connection has written, or the time is over, or `stop` is set.

        One thread of a process may wait at a time.

        Parameters
        ----------
        timeout
            Longest wait [s].
        stop
            Ends the wait early.

        Returns
        -------
        bool
            Whether something was written since the last call.
        """
        if self._watch is None:
            self._watch = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        idle = stop or threading.Event()
        until = self._clock.monotonic() + timeout
        while True:
            version = int(self._watch.execute("PRAGMA data_version").fetchone()[0])
            if version != self._seen:
                self._seen = version
                return True
            if self._clock.monotonic() >= until or idle.wait(POLL_S):
                return False

    def close(self) -> None:
        """Give all connections back."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._writer.dispose()
        self._reader.dispose()


def _engine(url: str, begin: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_MS / 1000, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"busy_timeout={BUSY_MS}"):
            connection.execute(f"PRAGMA {pragma}")
        if begin == "BEGIN":
            connection.execute("PRAGMA query_only=ON")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine
