"""One piece of a sweep, done so that its unforeseen error stops none of the others. Touches: database (writes alert).

The open alert is the memory: it counts the failures and keeps the time of the last one. Success ends it, and so may a
person who wants the piece to be tried at once.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NodeError
from dicom_node.provenance.record import alert, end_alert

FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(minutes=10)


def failing(session: Session, kind: str) -> Mapping[int, datetime]:
    """Return the series at which this kind of work failed last, each with the time of its next try; waits double."""
    found = session.execute(
        select(Alert.series_id, Alert.count, Alert.last_at).where(Alert.ended_at.is_(None), Alert.kind == kind)
    )
    return {
        series_id: last_at + min(FIRST_WAIT * 2 ** min(count - 1, 32), LONGEST_WAIT)
        for series_id, count, last_at in found
        if series_id is not None
    }


@contextmanager
def alone(database: Database, clock: Clock, kind: str, series_id: int, *, failed_before: bool) -> Iterator[None]:
    """Do one series' piece of work; its unforeseen error becomes an alert of this kind.

    Parameters
    ----------
    failed_before
        Its alert is open, and success ends it.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001  one series that nobody foresaw must not keep the others waiting
        structlog.get_logger().exception(kind, series=series_id)
        message = f"{error if isinstance(error, NodeError) else type(error).__name__}; it is tried again"
        with database.write() as session:
            alert(session, kind=kind, message=message, at=clock.now(), series_id=series_id, key=_key(kind, series_id))
        return
    if failed_before:
        with database.write() as session:
            end_alert(session, _key(kind, series_id), clock.now())


def _key(kind: str, series_id: int) -> str:
    return f"{kind}:{series_id}"
