"""The courier of one destination: takes what is due from the rows, attempts it, asks for confirmation.

Touches: database (writes delivery), network, files (reads). No transaction is open while a socket is.
"""

import threading
from collections.abc import Collection
from typing import Final
from uuid import uuid4

import structlog
from sqlalchemy import ColumnElement, or_

from dicom_node.config.model import Config, DestinationSection
from dicom_node.database.engine import Database
from dicom_node.database.tables import Delivery
from dicom_node.deliver import confirm, rows
from dicom_node.deliver.attempt import Attempt
from dicom_node.deliver.parcel import read
from dicom_node.deliver.sent_before import carry_over
from dicom_node.domain.clock import Clock
from dicom_node.domain.reasons import reason
from dicom_node.provenance.record import alert
from dicom_node.storage.layout import Layout

IDLE_S: Final = 0.25
"""Pause between two looks at an empty queue [s]."""
STUMBLED_S: Final = 5.0
"""Pause after an unforeseen error [s]."""
_PORTION: Final = 50


class Courier:
    """Delivers to one destination, one delivery at a time; several may serve one destination.

    Parameters
    ----------
    destination
        Whom it serves.
    start_id
        Of the process it lives in; `return_lost` gives back what processes that are gone have claimed.
    """

    def __init__(
        self,
        destination: DestinationSection,
        *,
        database: Database,
        layout: Layout,
        clock: Clock,
        config: Config,
        start_id: str = "",
    ) -> None:
        self._destination = destination
        self._database, self._layout, self._clock, self._config = database, layout, clock, config
        self._start_id = start_id
        self._key = uuid4().hex

    def run(self, stop: threading.Event) -> None:
        """Work until `stop`: the outermost loop of its thread."""
        fault = ""
        while not stop.is_set():
            try:
                if fault:
                    self._stumbled(fault)
                    fault = ""
                if not self.step(stop):
                    stop.wait(IDLE_S)
            except Exception as error:  # noqa: BLE001  one destination's fault must end neither it nor the others
                fault = type(error).__name__
                structlog.get_logger().exception("courier failed", destination=self._destination.name, error=fault)
                stop.wait(STUMBLED_S)

    def _stumbled(self, error: str) -> None:
        name = self._destination.name
        with self._database.write() as session:
            message = f"{name}: the courier failed ({error}) and goes on"
            alert(session, kind="courier failed", message=message, at=self._clock.now(), key=f"courier:{name}")
        _return(self._database, Delivery.claim.startswith(self._key), self._clock)

    def step(self, stop: threading.Event) -> bool:
        """Do one piece of work; whether there was one."""
        name, now = self._destination.name, self._clock.now()
        late = rows.expired(name, now)
        with self._database.read() as session:
            is_late = rows.any_waiting(session, late)
            is_paused = rows.paused(session, name, now)
            is_due = not is_paused and rows.next_due(session, name, now) is not None
        if is_late:
            with self._database.write() as session:
                return rows.hold_waiting(session, late, reason("expired"), now, most=_PORTION) > 0
        if is_due:
            return self._deliver_next(stop)
        return (
            self._destination.confirm
            and not is_paused
            and confirm.confirm_next(self._destination, database=self._database, clock=self._clock, config=self._config)
        )

    def _deliver_next(self, stop: threading.Event) -> bool:
        with self._database.write() as session:
            delivery_id = rows.claim_next(
                session,
                self._destination.name,
                claim=f"{self._key}:{uuid4().hex}",
                worker=self._start_id,
                at=self._clock.now(),
            )
        if delivery_id is None:
            return False
        carry_over(self._database, delivery_id)
        with self._database.read() as session:
            parcel = read(session, delivery_id, self._layout)
        attempt = Attempt(
            parcel, destination=self._destination, database=self._database, clock=self._clock, config=self._config
        )
        ending = attempt.run(stop)
        with self._database.write() as session:
            rows.end(session, parcel, ending, self._clock.now())
        return True


def return_lost(database: Database, living: Collection[str], clock: Clock) -> int:
    """Put deliveries back to waiting that a process with a start id outside `living` was sending; return how many."""
    return _return(database, or_(Delivery.worker.is_(None), Delivery.worker.not_in(list(living))), clock)


def hold_unknown(database: Database, config: Config, clock: Clock) -> int:
    """Hold waiting deliveries whose destination is not in the configuration; return how many."""
    known = [destination.name for destination in config.destinations]
    with database.read() as session:
        stray = rows.strays(session, known)
    held = 0
    for name in stray:
        more = True
        while more:
            with database.write() as session:
                count = rows.hold_waiting(
                    session,
                    Delivery.destination == name,
                    reason("destination unknown", destination=name),
                    clock.now(),
                    most=_PORTION,
                )
            held, more = held + count, count == _PORTION
    return held


def _return(database: Database, which: ColumnElement[bool], clock: Clock) -> int:
    returned = 0
    while True:
        with database.write() as session:
            count = rows.return_sending(session, which, clock.now(), most=_PORTION)
        returned += count
        if count < _PORTION:
            return returned
