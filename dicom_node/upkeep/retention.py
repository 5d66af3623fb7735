"""Deletes files older than their limit that nothing refers to; the row stays as a tombstone with its event.

Touches: database (writes instance, derived_instance), store (deletes).

A file is deleted after the transaction that says so: a crash in between leaves a file that the next run deletes, never
a missing file without its event.
"""

import shutil
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sqlalchemy import ColumnElement, exists, select

from dicom_node.config.model import Config, seconds
from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert, Delivery, DerivedInstance, DerivedSeries, Instance, Job, Series
from dicom_node.domain.clock import Clock
from dicom_node.provenance.finding import FILE_DELETED
from dicom_node.provenance.record import amend
from dicom_node.storage.layout import Layout

PORTION: Final = 100
_CATCH_UP: Final = timedelta(days=2)


def sweep(database: Database, layout: Layout, config: Config, clock: Clock) -> int:
    """Delete what may go; return how many stored files went."""
    now = clock.now()
    limits = config.storage.retention
    for path in _left_over(database, layout, now):
        path.unlink(missing_ok=True)
    gone = 0
    for model, old in (
        (Instance, Instance.received_at < now - seconds(limits.received)),
        (DerivedInstance, DerivedSeries.created_at < now - seconds(limits.derived)),
    ):
        while paths := _bury(database, layout, model, old, now):
            for path in paths:
                path.unlink(missing_ok=True)
                _drop_if_empty(path.parent, layout)
            gone += len(paths)
    _previews(database, layout, now - seconds(limits.previews))
    return gone


def _bury(database: Database, layout: Layout, model: Any, old: ColumnElement[bool], now: datetime) -> list[Path]:
    """Mark a portion of rows, in one transaction with the check that nothing refers to them."""
    query = select(model).where(model.file_deleted_at.is_(None), old, ~_referred_to())
    if model is DerivedInstance:
        query = query.join(DerivedSeries, DerivedSeries.id == DerivedInstance.derived_series_id)
        query = query.join(Series, Series.id == DerivedSeries.series_id)
    else:
        query = query.join(Series, Series.id == Instance.series_id)
    with database.read() as session:
        if session.scalars(query.limit(1)).first() is None:
            return []
    with database.write() as session:
        rows = session.scalars(query.order_by(model.id).limit(PORTION)).all()
        for row in rows:
            row.file_deleted_at = now
            amend(session, row, FILE_DELETED, at=now, payload={"path": row.path, "why": "retention"})
    return [layout.absolute(row.path) for row in rows]


def _referred_to() -> ColumnElement[bool]:
    """Whether a delivery, a held result, unfinished work, a conflict or an open alert of the series needs its files."""
    return (
        exists().where(Delivery.series_id == Series.id, Delivery.state.in_(("waiting", "sending", "held", "failed")))
        | exists().where(Job.series_id == Series.id, Job.state.in_(("queued", "running", "withheld")))
        | exists().where(DerivedSeries.series_id == Series.id, DerivedSeries.state == "pending").correlate(Series)
        | exists().where(Alert.series_id == Series.id, Alert.ended_at.is_(None))
        | Series.conflict
        | Series.awaiting
    )


def _left_over(database: Database, layout: Layout, now: datetime) -> list[Path]:
    models: tuple[Any, ...] = (Instance, DerivedInstance)
    with database.read() as session:
        return [
            layout.absolute(path)
            for model in models
            for path in session.scalars(select(model.path).where(model.file_deleted_at > now - _CATCH_UP))
        ]


def _drop_if_empty(folder: Path, layout: Layout) -> None:
    if folder.is_relative_to(layout.derived) and folder != layout.derived and not any(folder.iterdir()):
        folder.rmdir()


def _previews(database: Database, layout: Layout, before: datetime) -> None:
    for folder in layout.previews.glob("[0-9]*"):
        if not folder.name.isdigit():
            continue
        with database.read() as session:
            job = session.get(Job, int(folder.name))
        if job is not None and job.state != "withheld" and job.ended_at is not None and job.ended_at < before:
            shutil.rmtree(folder)
