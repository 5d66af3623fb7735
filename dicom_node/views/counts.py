"""Totals of everything the node holds. Touches: database (reads), store (lists the newest folders)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import ScalarSelect, Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from dicom_node.database.tables import Alert, Association, Delivery, Instance, Job, Reception, Revision, Series
from dicom_node.domain.states import SERIES_STATES
from dicom_node.storage.layout import Layout

NEWEST_DAYS = 2
JOB_STATES = ("queued", "running", "done", "withheld", "refused", "failed", "cancelled")
DELIVERY_STATES = ("waiting", "sending", "delivered", "confirmed", "held", "failed", "cancelled", "recalled")


def newest_revision_id() -> ScalarSelect[int]:
    """Correlated subquery: id of a series' newest revision."""
    return (
        select(Revision.id)
        .where(Revision.series_id == Series.id)
        .order_by(Revision.number.desc())
        .limit(1)
        .correlate(Series)
        .scalar_subquery()
    )


def state_of(awaiting: bool, revision_state: str | None) -> str:
    """State of a series: open while it awaits more, else its newest revision's."""
    return "open" if awaiting else revision_state or "closed"


def counts(session: Session, layout: Layout) -> dict[str, Any]:
    """Return the totals as in ``status --json``.

    Parameters
    ----------
    session
        A reading session.
    layout
        Where received files lie.
    """
    outcomes = _by(session, Reception.outcome)
    return {
        "instances": session.scalar(select(func.count()).select_from(Instance)) or 0,
        "unregistered": unregistered(session, layout),
        "quarantined": outcomes.get("quarantined", 0),
        "conflicts": outcomes.get("conflict", 0),
        "alerts": session.scalar(select(func.count()).where(Alert.ended_at.is_(None))) or 0,
        "series": _series(session),
        "jobs": no_counts()["jobs"] | _by(session, Job.state),
        "deliveries": no_counts()["deliveries"] | _by(session, Delivery.state),
    }


def no_counts() -> dict[str, Any]:
    """Return the totals of an empty node."""
    return {
        **dict.fromkeys(("instances", "unregistered", "quarantined", "conflicts", "alerts"), 0),
        "series": dict.fromkeys(SERIES_STATES, 0),
        "jobs": dict.fromkeys(JOB_STATES, 0),
        "deliveries": dict.fromkeys(DELIVERY_STATES, 0),
    }


def _by(session: Session, column: InstrumentedAttribute[str]) -> dict[str, int]:
    return {value: count for value, count in session.execute(select(column, func.count()).group_by(column))}


def _series(session: Session) -> dict[str, int]:
    total: dict[str, int] = no_counts()["series"]
    newest = Revision.id == newest_revision_id()
    rows = session.execute(
        select(Series.awaiting, Revision.state, func.count())
        .outerjoin(Revision, newest)
        .group_by(Series.awaiting, Revision.state)
    )
    for awaiting, state, count in rows:
        total[state_of(awaiting, state)] += count
    return total


def unregistered(session: Session, layout: Layout) -> int:
    """Count received files of the newest days that have no row yet.

    Associations that ended and whose files all have rows are not looked into.
    """
    waiting = 0
    for day in _newest_days(layout.store):
        prefix = f"{layout.relative(day)}/"
        settled = set(session.scalars(_settled(prefix)))
        for folder in day.iterdir():
            name = layout.relative(folder)
            if name not in settled:
                known = set(session.scalars(select(Reception.path).where(Reception.path.startswith(f"{name}/"))))
                waiting += len({layout.relative(path) for path in folder.glob("*.dcm")} - known)
    return waiting


def _settled(prefix: str) -> Select[str]:
    rows = select(func.count()).where(Reception.association_id == Association.id).correlate(Association)
    return select(Association.folder).where(
        Association.folder.startswith(prefix),
        Association.outcome != "open",
        rows.scalar_subquery() >= Association.stored,
    )


def _newest_days(store: Path) -> Iterator[Path]:
    """Yield the newest day folders ``<yyyy>/<mm>/<dd>``, newest first."""
    days = sorted((day for day in store.glob("[0-9]*/[0-9]*/[0-9]*") if day.is_dir()), reverse=True)
    yield from days[:NEWEST_DAYS]
