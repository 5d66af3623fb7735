"""Telling open pages that something has changed. Touches: database (watches), processes.json; one thread.

The thread runs while a page listens; pages are told at most twice a second.
"""

import asyncio
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass

from dicom_node.database.engine import Database
from dicom_node.storage.layout import Layout

LOOK_S = 1.0
PAUSE_S = 0.5


@dataclass(frozen=True, eq=False)
class _Listener:
    loop: asyncio.AbstractEventLoop
    event: asyncio.Event

    def tell(self) -> None:
        try:
            self.loop.call_soon_threadsafe(self.event.set)
        except RuntimeError:
            # The loop was closed between the page's leaving and this call.
            return


class Changes:
    """Watches the database for any number of listening pages."""

    def __init__(self, database: Database, layout: Layout) -> None:
        self._database = database
        self._layout = layout
        self._lock = threading.Lock()
        self._listeners: set[_Listener] = set()
        self._thread: threading.Thread | None = None

    async def stream(self) -> AsyncIterator[dict[str, str]]:
        """Yield a server-sent event for each change, the first at once."""
        listener = _Listener(asyncio.get_running_loop(), asyncio.Event())
        self._add(listener)
        try:
            yield {"event": "changed", "data": ""}
            while True:
                await listener.event.wait()
                await asyncio.sleep(PAUSE_S)
                listener.event.clear()
                yield {"event": "changed", "data": ""}
        finally:
            with self._lock:
                self._listeners.discard(listener)

    def join(self) -> None:
        """Wait until the watching thread has ended; it ends when nobody listens."""
        thread = self._thread
        if thread is not None:
            thread.join()

    def _add(self, listener: _Listener) -> None:
        with self._lock:
            self._listeners.add(listener)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="changes", daemon=True)
                self._thread.start()

    def _watch(self) -> None:
        processes = self._stamp()
        self._database.wait(0.0)
        while True:
            changed = self._database.wait(LOOK_S)
            stamp = self._stamp()
            changed, processes = changed or stamp != processes, stamp
            with self._lock:
                if not self._listeners:
                    self._thread = None
                    return
                if changed:
                    for listener in self._listeners:
                        listener.tell()

    def _stamp(self) -> int:
        try:
            return self._layout.processes.stat().st_mtime_ns
        except OSError:
            return 0
