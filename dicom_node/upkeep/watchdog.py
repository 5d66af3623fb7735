"""Tells people what stays too long in a state, how much a pipeline withholds, and when the disk fills.

Touches: database (writes alert), disk (reads).

The limits are those of `domain.states`; an alert ends by itself when what it speaks of has moved on.
"""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Integer, String, cast, exists, func, select, update
from sqlalchemy.orm import Session

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert, Base, Delivery, Job, ProvenanceEvent
from dicom_node.domain.clock import Clock
from dicom_node.domain.states import TABLES, StateTable
from dicom_node.provenance.record import alert
from dicom_node.storage.layout import Layout

WEEK: Final = timedelta(days=7)
SHARE_MOST: Final = 0.05
"""Share of withheld results above which a pipeline is under suspicion, not its patients."""
JOBS_LEAST: Final = 20
"""Fewer results than this say nothing about a share of 5 %."""
_PORTION: Final = 100
_MODELS: Final[Mapping[str, Any]] = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
_KINDS: Final = ("overdue", "share withheld", "disk low")


@dataclass(frozen=True, kw_only=True)
class Concern:
    """One alert that ought to be open now."""

    kind: str
    key: str
    message: str
    series_id: int | None = None


def sweep(database: Database, layout: Layout, config: Config, clock: Clock) -> int:
    """Open alerts that ought to be, end those that need not be any more; return how many ought to be."""
    now = clock.now()
    with database.read() as session:
        wanted = {found.key: found for found in (*_overdue(session, now), *_withheld(session, now))}
        opened = set(session.scalars(select(Alert.key).where(Alert.ended_at.is_(None), Alert.kind.in_(_KINDS))))
        settled = _settled(session)
    wanted.update({found.key: found for found in _disk(layout, config)})
    fresh = [wanted[key] for key in sorted(wanted.keys() - opened)]
    over = sorted((opened - wanted.keys()) | settled)
    for start in range(0, len(fresh), _PORTION):
        with database.write() as session:
            for found in fresh[start : start + _PORTION]:
                alert(
                    session,
                    kind=found.kind,
                    message=found.message,
                    at=now,
                    series_id=found.series_id,
                    key=found.key,
                )
    for start in range(0, len(over), _PORTION):
        with database.write() as session:
            keys = over[start : start + _PORTION]
            session.execute(update(Alert).where(Alert.ended_at.is_(None), Alert.key.in_(keys)).values(ended_at=now))
    return len(wanted)


def _overdue(session: Session, now: datetime) -> Iterator[Concern]:
    for table in TABLES.values():
        for state, limit in table.limits.items():
            yield from _overdue_in(session, table, state, limit, now)


def _overdue_in(session: Session, table: StateTable, state: str, limit: timedelta, now: datetime) -> Iterator[Concern]:
    model = _MODELS[table.kind]
    series = model.series_id
    since = (
        select(func.max(ProvenanceEvent.at))
        .where(ProvenanceEvent.subject == f"{table.kind}:" + cast(model.id, String))
        .scalar_subquery()
    )
    for row_id, series_id, entered in session.execute(select(model.id, series, since).where(model.state == state)):
        if entered is not None and now - entered > limit:
            yield Concern(
                kind="overdue",
                key=f"overdue:{table.kind}:{row_id}:{state}",
                message=f"{table.kind} {row_id} has been «{state}» for longer than {_words(limit)}",
                series_id=series_id,
            )


def _withheld(session: Session, now: datetime) -> Iterator[Concern]:
    was_withheld = exists().where(
        ProvenanceEvent.subject == "job:" + cast(Job.id, String), ProvenanceEvent.cause == "withheld"
    )
    shares = session.execute(
        select(Job.pipeline, func.count(), func.sum(cast(was_withheld, Integer)))
        .where(Job.ended_at > now - WEEK, Job.state.in_(("done", "withheld", "cancelled")), Job.started_at.is_not(None))
        .group_by(Job.pipeline)
    )
    for pipeline, total, withheld in shares:
        if total >= JOBS_LEAST and withheld / total > SHARE_MOST:
            yield Concern(
                kind="share withheld",
                key=f"withheld:{pipeline}",
                message=f"{pipeline}: the guard withheld {withheld} of {total} results of the last seven days",
            )


def _settled(session: Session) -> set[str]:
    """Keys of open alerts of deliveries that no longer wait for a person."""
    waits = exists().where(Alert.key == "delivery:" + cast(Delivery.id, String), Delivery.state.in_(("held", "failed")))
    told = select(Alert.key).where(Alert.ended_at.is_(None), Alert.key.startswith("delivery:"), ~waits)
    return set(session.scalars(told))


def _disk(layout: Layout, config: Config) -> Iterator[Concern]:
    free_gb = shutil.disk_usage(layout.data_dir).free / 1e9
    for factor in (1, 2, 3):
        limit = factor * config.storage.min_free_gb
        if free_gb < limit:
            yield Concern(
                kind="disk low",
                key=f"disk low:{factor}",
                message=f"less than {limit:g} GB are free; at {config.storage.min_free_gb:g} GB nothing is received",
            )
            return


def _words(limit: timedelta) -> str:
    hours = limit.total_seconds() / 3600
    return f"{hours:g} h" if hours >= 1 else f"{limit.total_seconds() / 60:g} min"
