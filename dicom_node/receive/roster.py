"""Who is connected now: counts for admission, and an end for each association. Touches: threads, journal.

An association that is released or aborted says so by an event; one whose threads died is found by a sweep.
"""

import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal

from pynetdicom.association import Association

from dicom_node.receive.arrival import Arrival
from dicom_node.receive.stream import INVALID_PDU

MOST_CONNECTIONS: Final = 200
MOST_CONNECTIONS_OF_ONE_ADDRESS: Final = 100
"""Connections, with or without an association: each costs two threads before its peer has said who it is."""


@dataclass
class _Entry:
    address: str
    counted_as: str | None = None
    arrival: Arrival | None = None


class Roster:
    """Connections of this process; its methods may be called by any thread."""

    def __init__(self) -> None:
        self._entries: dict[Association, _Entry] = {}
        self._lock = threading.Lock()
        self._an_end = threading.Event()

    def welcome(self, address: str) -> bool:
        """Whether one more connection from this address can be served."""
        with self._lock:
            addresses = Counter(entry.address for entry in self._entries.values())
        return addresses.total() < MOST_CONNECTIONS and addresses[address] < MOST_CONNECTIONS_OF_ONE_ADDRESS

    def add(self, association: Association, address: str) -> None:
        """Note a connection."""
        with self._lock:
            self._entries[association] = _Entry(address=address)

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Yield what the open associations are counted by, while nobody else is admitted."""
        with self._lock:
            yield [entry.counted_as for entry in self._entries.values() if entry.counted_as is not None]

    def admit(self, association: Association, counted_as: str, arrival: Arrival) -> None:
        """Note an association that is opened; to be called within `counting`."""
        entry = self._entries.setdefault(association, _Entry(address=""))
        entry.counted_as, entry.arrival = counted_as, arrival

    def end(self, association: Association, outcome: Literal["released", "aborted"]) -> None:
        """End what an association brought, once."""
        with self._lock:
            entry = self._entries.pop(association, None)
        if entry is not None and entry.arrival is not None:
            entry.arrival.end(outcome)
        self._an_end.set()

    def sweep(self) -> None:
        """End associations whose threads are gone, and abort those whose data set does not come to its end."""
        with self._lock:
            entries = list(self._entries.items())
        for association, entry in entries:
            if association.ident is not None and not association.is_alive():
                self.end(association, "released" if association.is_released else "aborted")
            elif entry.arrival is not None and entry.arrival.overdue():
                association.dul.event_queue.put(INVALID_PDU)

    def any_alive(self) -> bool:
        """Whether anybody is connected."""
        self.sweep()
        with self._lock:
            return bool(self._entries)

    def wait_for_an_end(self, timeout: float) -> None:
        """Wait until an association has ended, at most `timeout` [s]."""
        self._an_end.wait(timeout)
        self._an_end.clear()

    def abort_all(self) -> None:
        """Abort every association; who listens hears it."""
        with self._lock:
            associations = list(self._entries)
        for association in associations:
            if association.is_established:
                association.abort(block=False)

    def close_all(self) -> None:
        """Close every connection and end what its association brought."""
        with self._lock:
            associations = list(self._entries)
        for association in associations:
            wire = association.dul.socket
            if wire is not None and wire.socket is not None:
                wire.close()
            self.end(association, "aborted")
