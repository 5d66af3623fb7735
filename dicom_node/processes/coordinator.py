"""Coordinator process: registers, cuts, decides, delivers, keeps the timetable. Touches: database, store."""

import threading
from contextlib import closing

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
from dicom_node.processes.processes_file import living
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
        registrar.adopt(child.node_started_at)
        couriers = [
            _courier(child, destination, database)
            for destination in child.config.destinations
            for _ in range(destination.associations)
        ]
        schedule = Schedule(database, child.layout, clock, child.config)
        schedule.start()
        _loop(child, database, registrar, doorbell)
        schedule.stop()
        for courier in couriers:
            courier.join(timeout=10)
    database.close()


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
    clock = SystemClock()
    rounds = Rounds()
    folders = set(registrar.recent_folders())
    while not child.stop.is_set():
        try:
            registrar.register(sorted(folders))
            cut.sweep(database, child.config, clock)
            act.sweep(database, child.config, clock)
            return_lost_jobs(database, living=living(child.layout), clock=clock)
            folders = set()
        except NodeError as error:
            structlog.get_logger().error("sweep failed", error=str(error))
            with database.write() as session:
                alert(session, kind="sweep failed", message=str(error), at=clock.now())
            child.stop.wait(5.0)
        rung = doorbell.wait(TICK_S)
        folders |= rung
        if rounds.due(clock.monotonic(), rung=bool(rung)):
            folders |= set(registrar.recent_folders())


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
