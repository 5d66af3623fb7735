"""Coordinator process: registers, cuts, decides, delivers, keeps the timetable. Touches: database, store."""

import os
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import datetime

import structlog

from dicom_node.complete import cut
from dicom_node.config.model import DestinationSection
from dicom_node.database.engine import Database
from dicom_node.decide import act, rulebook
from dicom_node.decide.eligibility import cards
from dicom_node.deliver.queue import Courier, hold_unknown
from dicom_node.deliver.queue import return_lost as return_lost_deliveries
from dicom_node.domain.clock import SystemClock
from dicom_node.domain.errors import NodeError
from dicom_node.processes import processes_file
from dicom_node.processes.start import Child, begin
from dicom_node.provenance.record import alert
from dicom_node.register.arrivals import Registrar
from dicom_node.restore.queue import return_lost as return_lost_jobs
from dicom_node.sandbox.client import Sandbox
from dicom_node.storage.doorbell import Doorbell
from dicom_node.upkeep.schedule import Schedule

TICK_S = 0.25
ROUND_S = 60.0
AFTER_RING_S = 1.0
FAILED_S = 5.0
LAST_WORDS_S = 5.0
"""For couriers to finish an object; one that a hanging destination holds is given up [s]."""


def main() -> None:
    """Run the stations' sweeps until asked to stop."""
    child = begin()
    clock = SystemClock()
    database = Database(child.config.database.url)
    with closing(Sandbox()) as sandbox, Doorbell(child.layout) as doorbell:
        registrar = Registrar(database, child.layout, sandbox, clock, child.config)
        return_lost_deliveries(database, living=(), clock=clock)
        hold_unknown(database, child.config, clock)
        _seed_rules(child, database)
        couriers = [
            _courier(child, destination, database)
            for destination in child.config.destinations
            for _ in range(destination.associations)
        ]
        schedule = Schedule(database, child.layout, clock, child.config)
        schedule.start()
        _loop(child, database, registrar, doorbell)
        schedule.stop()
        leave_at = clock.monotonic() + LAST_WORDS_S
        for courier in couriers:
            courier.join(timeout=max(0.0, leave_at - clock.monotonic()))
    database.close()
    # pynetdicom's threads would keep the process until a hanging destination has used up its time
    os._exit(0)


def _seed_rules(child: Child, database: Database) -> None:
    names = rulebook.Names(
        pipelines=cards().keys(), destinations=[destination.name for destination in child.config.destinations]
    )
    rulebook.seed_from_config(database, child.config.rules, clock=SystemClock(), names=names)
    if rulebook.differs_from_config(database, child.config.rules):
        structlog.get_logger().warning(
            "rules in force differ from the configuration", remedy="dicom-node rules import FILE --why …"
        )


def _courier(child: Child, destination: DestinationSection, database: Database) -> threading.Thread:
    courier = Courier(
        destination,
        database=database,
        layout=child.layout,
        clock=SystemClock(),
        config=child.config,
        start_id=child.start_id,
    )
    thread = threading.Thread(target=courier.run, args=(child.stop,), name=f"courier {destination.name}", daemon=True)
    thread.start()
    return thread


def _loop(child: Child, database: Database, registrar: Registrar, doorbell: Doorbell) -> None:
    clock, rounds, arrivals = SystemClock(), Rounds(), Arrivals(child, registrar)
    stations: dict[str, Callable[[], object]] = {
        "register": arrivals.register,
        "complete": lambda: cut.sweep(database, child.config, clock),
        "decide": lambda: act.sweep(database, child.config, clock),
        "return jobs": lambda: return_lost_jobs(database, living=processes_file.living(child.layout), clock=clock),
    }
    while not child.stop.is_set():
        if not all([_sound(database, name, sweep) for name, sweep in stations.items()]):
            child.stop.wait(FAILED_S)
        rung = doorbell.wait(TICK_S)
        arrivals.folders |= rung
        if rounds.due(clock.monotonic(), rung=bool(rung)):
            arrivals.folders |= set(registrar.recent_folders())


def _sound(database: Database, name: str, sweep: Callable[[], object]) -> bool:
    """Run one station's sweep and tell people if it fails."""
    try:
        sweep()
    except Exception as error:  # noqa: BLE001  a failing station must not keep the others from their work
        structlog.get_logger().exception("sweep failed", station=name)
        message = f"{name}: {error if isinstance(error, NodeError) else type(error).__name__}"
        with database.write() as session:
            alert(session, kind="sweep failed", message=message, at=SystemClock().now(), key=f"sweep:{name}")
        return False
    return True


class Arrivals:
    """What is to be registered: folders that were rung for, and all that a receiver left behind that is gone."""

    def __init__(self, child: Child, registrar: Registrar) -> None:
        self.folders: set[str] = set()
        self._child = child
        self._registrar = registrar
        self._since: datetime | None = None

    def register(self) -> None:
        """Adopt after each start of a receiver, then register."""
        since = processes_file.receiving_since(self._child.layout)
        if since not in (None, self._since):
            self._registrar.adopt(since)
            self._since = since
            self.folders |= set(self._registrar.recent_folders())
        self._registrar.register(sorted(self.folders), stop=self._child.stop)
        self.folders.clear()


class Rounds:
    """When to look at all recent folders: every minute, and a second after the doorbell was rung.

    The kernel queues a handful of rings only; what is dropped in a burst is found by the round that follows it.
    """

    def __init__(self) -> None:
        self._last = 0.0
        self._owed = False

    def due(self, now: float, *, rung: bool) -> bool:
        """Whether a round is due; `now` is monotonic [s]."""
        self._owed = self._owed or rung
        wait = AFTER_RING_S if self._owed else ROUND_S
        if now - self._last < wait:
            return False
        self._last, self._owed = now, rung
        return True


if __name__ == "__main__":
    main()
