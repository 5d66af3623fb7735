"""Prometheus metrics from the database, the process list and the disk. Touches: database (reads), processes.json, disk.

No label carries a patient attribute or a description.
"""

import shutil
from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dicom_node import VERSION
from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert, Delivery, Job
from dicom_node.domain.clock import Clock
from dicom_node.storage.layout import Layout
from dicom_node.views.counts import DELIVERY_STATES, JOB_STATES, counts
from dicom_node.views.processes import Running, running


def metrics(database: Database, layout: Layout, clock: Clock) -> bytes:
    """Return the text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Node(database, layout, clock))
    return generate_latest(registry)


class _Node(Collector):
    def __init__(self, database: Database, layout: Layout, clock: Clock) -> None:
        self._database, self._layout, self._clock = database, layout, clock

    def collect(self) -> Iterator[Metric]:
        now = running(self._layout)
        yield _gauge("dicom_node_healthy", "1 while every process runs.", bool(now and now.healthy))
        yield _labelled("dicom_node_build", "Version of the program.", ("version",), [((VERSION,), 1)])
        yield from _processes(now)
        yield _gauge(
            "dicom_node_free_bytes", "Free space below data_dir.", shutil.disk_usage(self._layout.data_dir).free
        )
        with self._database.read() as session:
            yield from _totals(session, self._layout)
            yield from _work(session)
            yield from _oldest(session, self._clock.now())


def _processes(now: Running | None) -> Iterator[Metric]:
    listed = now.processes if now else ()
    up = {(item["name"],): item["state"] == "running" for item in listed}
    yield _labelled("dicom_node_process_running", "1 while the process runs.", ("process",), up.items())
    restarts = CounterMetricFamily(
        "dicom_node_process_restarts", "Restarts since the node's start.", labels=["process"]
    )
    for item in listed:
        restarts.add_metric([item["name"]], item["restarts"])
    yield restarts


def _totals(session: Session, layout: Layout) -> Iterator[Metric]:
    found = counts(session, layout)
    for name in ("instances", "unregistered", "quarantined", "conflicts"):
        yield _gauge(f"dicom_node_{name}", f"Objects: {name}.", found[name])
    series = {(state,): count for state, count in found["series"].items()}
    yield _labelled("dicom_node_series", "Series by state.", ("state",), series.items())
    kinds = select(Alert.kind, func.count()).where(Alert.ended_at.is_(None)).group_by(Alert.kind)
    alerts = {(kind,): count for kind, count in session.execute(kinds)}
    yield _labelled("dicom_node_alerts", "Open alerts by kind.", ("kind",), alerts.items())


def _work(session: Session) -> Iterator[Metric]:
    jobs = select(Job.pipeline, Job.state, func.count()).group_by(Job.pipeline, Job.state)
    deliveries = select(Delivery.destination, Delivery.state, func.count())
    deliveries = deliveries.group_by(Delivery.destination, Delivery.state)
    for name, label, states, statement in (
        ("jobs", "pipeline", JOB_STATES, jobs),
        ("deliveries", "destination", DELIVERY_STATES, deliveries),
    ):
        rows = {(owner, state): count for owner, state, count in session.execute(statement)}
        owners = sorted({owner for owner, _ in rows})
        filled = {(owner, state): rows.get((owner, state), 0) for owner in owners for state in states}
        yield _labelled(
            f"dicom_node_{name}", f"{name.capitalize()} by {label} and state.", (label, "state"), filled.items()
        )


def _oldest(session: Session, now: datetime) -> Iterator[Metric]:
    job = session.scalar(select(func.min(Job.created_at)).where(Job.state == "queued"))
    delivery = session.scalar(select(func.min(Delivery.created_at)).where(Delivery.state == "waiting"))
    ages = {
        (kind,): (now - since).total_seconds() if since else 0.0
        for kind, since in (("queued job", job), ("waiting delivery", delivery))
    }
    yield _labelled("dicom_node_oldest_seconds", "Age of the oldest that waits.", ("what",), ages.items())


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, help_text, value=float(value))


def _labelled(
    name: str, help_text: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> Metric:
    family = GaugeMetricFamily(name, help_text, labels=list(labels))
    for key, value in values:
        family.add_metric(list(key), float(value))
    return family
