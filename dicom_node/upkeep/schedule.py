"""The node's timetable: watchdog, checkpoints, retention, integrity. Touches: threads; each task says what else.

A task that fails raises an alert and runs again at its next time (APScheduler 3: missed runs are made up once).
"""

import itertools
from collections.abc import Callable
from typing import Final

import structlog
from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.schedulers.background import BackgroundScheduler

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NodeError
from dicom_node.provenance import checkpoint
from dicom_node.provenance.record import alert
from dicom_node.storage.layout import Layout
from dicom_node.upkeep import integrity, retention, watchdog

WATCHDOG_S: Final = 60.0
RETENTION_S: Final = 3600.0
INTEGRITY_S: Final = 600.0


class Schedule:
    """Runs the tasks in threads of its own between `start` and `stop`."""

    def __init__(self, database: Database, layout: Layout, clock: Clock, config: Config) -> None:
        self._database, self._layout, self._clock, self._config = database, layout, clock, config
        self._turns = itertools.count(int(clock.now().timestamp() // INTEGRITY_S))
        self._scheduler = BackgroundScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )

    def start(self) -> None:
        """Write the first checkpoint and begin; the watchdog looks at once."""
        seal(self._database, self._layout, self._config, self._clock)
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        for name, task, every in self._tasks():
            self._scheduler.add_job(task, "interval", seconds=every, id=name, name=name)
        self._scheduler.modify_job("watchdog", next_run_time=self._clock.now())
        self._scheduler.start()

    def stop(self) -> None:
        """End, waiting for running tasks; the last checkpoint is the supervisor's, when all else has ended."""
        self._scheduler.shutdown(wait=True)

    def _tasks(self) -> tuple[tuple[str, Callable[[], object], float], ...]:
        return (
            ("watchdog", self._watch, WATCHDOG_S),
            ("checkpoint", self._checkpoint, max(self._config.provenance.checkpoint_every, 1.0)),
            ("retention", self._retain, RETENTION_S),
            ("integrity", self._sample, INTEGRITY_S),
        )

    def _watch(self) -> None:
        watchdog.sweep(self._database, self._layout, self._config, self._clock)

    def _checkpoint(self) -> None:
        seal(self._database, self._layout, self._config, self._clock)

    def _retain(self) -> None:
        retention.sweep(self._database, self._layout, self._config, self._clock)

    def _sample(self) -> None:
        integrity.sweep(self._database, self._layout, self._clock, turn=next(self._turns))

    def _failed(self, event: JobExecutionEvent) -> None:
        self._fault(event.job_id, event.exception)

    def _fault(self, task: str, error: BaseException) -> None:
        structlog.get_logger().error("upkeep failed", task=task, exc_info=error)
        _tell(self._database, self._clock, task, f"{type(error).__name__}")


def seal(database: Database, layout: Layout, config: Config, clock: Clock) -> None:
    """Write a checkpoint; a folder that does not take it must not keep scanners waiting for the node: an alert."""
    try:
        checkpoint.write(database, layout, clock, copy_to=config.provenance.checkpoint_to)
    except NodeError as error:
        structlog.get_logger().error("checkpoint failed", error=str(error))
        _tell(database, clock, "checkpoint", str(error))


def _tell(database: Database, clock: Clock, task: str, error: str) -> None:
    with database.write() as session:
        alert(session, kind="upkeep failed", message=f"{task}: {error}", at=clock.now(), key=f"upkeep:{task}")
