"""Jobs and deliveries as flat lists. Touches: database (reads)."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.tables import Delivery, DerivedSeries, DestinationPause, Job, Revision, Series


def jobs(session: Session, *, state: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """Return jobs, the newest first.

    Parameters
    ----------
    session
        A reading session.
    state
        Only those in it; all if empty.
    limit
        At most so many.
    """
    chosen = (
        select(Job, Series, Revision.number, DerivedSeries.state, DerivedSeries.series_instance_uid)
        .join(Series, Series.id == Job.series_id)
        .join(Revision, Revision.id == Job.revision_id)
        .outerjoin(DerivedSeries, DerivedSeries.job_id == Job.id)
    )
    if state:
        chosen = chosen.where(Job.state == state)
    return [
        {
            "id": job.id,
            "state": job.state,
            "pipeline": job.pipeline,
            "reason": job.reason,
            "release": job.release,
            "result": result,
            "priority": job.priority,
            "attempts": job.attempts,
            "created_at": job.created_at.isoformat(timespec="seconds"),
            "revision": revision,
            "modality": series.modality,
            "series_instance_uid": series.series_instance_uid,
            "derived_series_instance_uid": derived_uid,
        }
        for job, series, revision, result, derived_uid in session.execute(chosen.order_by(Job.id.desc()).limit(limit))
    ]


def deliveries(session: Session, *, state: str = "", destination: str = "", limit: int = 100) -> list[dict[str, Any]]:
    """Return deliveries, the newest first.

    Parameters
    ----------
    session
        A reading session.
    state, destination
        Only those; all if empty.
    limit
        At most so many.
    """
    chosen = select(Delivery, Series.series_instance_uid).join(Series, Series.id == Delivery.series_id)
    if state:
        chosen = chosen.where(Delivery.state == state)
    if destination:
        chosen = chosen.where(Delivery.destination == destination)
    return [
        {
            "id": delivery.id,
            "state": delivery.state,
            "destination": delivery.destination,
            "what": "originals" if delivery.derived_series_id is None else "result",
            "sent": delivery.sent,
            "total": delivery.total,
            "attempts": delivery.attempts,
            "error": delivery.error,
            "created_at": delivery.created_at.isoformat(timespec="seconds"),
            "series_instance_uid": uid,
        }
        for delivery, uid in session.execute(chosen.order_by(Delivery.id.desc()).limit(limit))
    ]


def pauses(session: Session) -> list[dict[str, Any]]:
    """Return the destinations that a person has paused."""
    return [
        {
            "destination": pause.destination,
            "who": pause.who,
            "why": pause.why,
            "since": pause.since.isoformat(timespec="seconds"),
            "until": pause.until.isoformat(timespec="seconds") if pause.until else None,
        }
        for pause in session.scalars(select(DestinationPause).order_by(DestinationPause.destination))
    ]
