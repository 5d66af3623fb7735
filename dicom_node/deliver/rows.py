"""Which delivery is next, how it ends, what is held or given back. Touches: database (writes delivery, alert)."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from dicom_node.database.tables import (
    Delivery,
    DerivedSeries,
    DestinationPause,
    Job,
    Series,
    Study,
)
from dicom_node.deliver.ending import Ending
from dicom_node.deliver.parcel import Parcel, is_ours
from dicom_node.domain.reasons import Reason
from dicom_node.provenance.closing import close_if_finished, reopen, revision_of
from dicom_node.provenance.record import alert, end_alert, transition

DOWN: Final = "destination down"


def next_due(session: Session, destination: str, at: datetime) -> Delivery | None:
    """Return the delivery whose turn it is: newest study first, higher priority first, originals before results.

    A result waits while originals of its study wait or go to the same destination.
    """
    return session.scalars(
        select(Delivery)
        .join(Series, Series.id == Delivery.series_id)
        .join(Study, Study.id == Series.study_id)
        .outerjoin(DerivedSeries, DerivedSeries.id == Delivery.derived_series_id)
        .outerjoin(Job, Job.id == DerivedSeries.job_id)
        .where(
            Delivery.state == "waiting",
            Delivery.destination == destination,
            Delivery.not_before <= at,
            or_(Delivery.derived_series_id.is_(None), ~_originals_under_way()),
        )
        .order_by(
            Study.study_date.desc(),
            Study.study_time.desc(),
            Job.priority.desc(),
            Delivery.derived_series_id.is_not(None),
            Delivery.id,
        )
        .limit(1)
    ).one_or_none()


def claim_next(session: Session, destination: str, *, claim: str, worker: str, at: datetime) -> int | None:
    """Claim the delivery whose turn it is."""
    row = next_due(session, destination, at)
    if row is None:
        return None
    transition(session, Delivery, row.id, "claimed", at=at)
    row.claim, row.worker, row.attempts = claim, worker, row.attempts + 1
    return row.id


def _originals_under_way() -> ColumnElement[bool]:
    other, theirs = aliased(Delivery), aliased(Series)
    return exists(
        select(other.id)
        .join(theirs, theirs.id == other.series_id)
        .where(
            other.destination == Delivery.destination,
            other.revision_id.is_not(None),
            other.state.in_(("waiting", "sending")),
            theirs.study_id == Series.study_id,
        )
    )


def end(session: Session, parcel: Parcel, ending: Ending, at: datetime) -> bool:
    """End an attempt; False, and nothing is changed, if the delivery was taken away meanwhile."""
    row = session.get_one(Delivery, parcel.delivery_id)
    if not is_ours(session, parcel):
        _tell_remainder(session, row, at)
        return False
    final = ending.cause in {"sent", "held", "failed"}
    transition(
        session,
        Delivery,
        parcel.delivery_id,
        ending.cause,
        at=at,
        claim=parcel.claim,
        payload={"sent": row.sent, "reason": ending.reason.code if ending.reason else ""},
        attempts=ending.attempts,
        not_before=at + timedelta(seconds=ending.wait_s),
        unknown_since=ending.unknown_since,
        reason_code=ending.reason.code if ending.reason else "",
        error=ending.reason.sentence if ending.reason else None,
        worker=None,
        ended_at=at if final else None,
    )
    row.claim = None
    if final:
        close_if_finished(session, revision_of(session, row), at=at)
    if ending.cause in {"held", "failed"} and ending.reason:
        tell(session, row, ending.reason, at)
    if ending.cause == "sent" and row.revision_id is not None:
        wake_results(session, row, at)
    _tell_reach(session, row, ending, at)
    return True


def wake_results(session: Session, originals: Delivery, at: datetime) -> None:
    """Let go the results that were held for these originals, now that nobody waits for them any more."""
    study_id = select(Series.study_id).where(Series.id == originals.series_id).scalar_subquery()
    held = session.scalars(
        select(Delivery).where(
            Delivery.state == "held",
            Delivery.destination == originals.destination,
            Delivery.reason_code == "originals first",
            Delivery.series_id.in_(select(Series.id).where(Series.study_id == study_id)),
        )
    )
    for result in held.all():
        fresh: dict[str, Any] = {"not_before": at, "unknown_since": None, "ended_at": None}
        fresh |= {"reason_code": "", "error": None}
        transition(session, Delivery, result.id, "originals settled", at=at, **fresh)
        end_alert(session, f"delivery:{result.id}", at)
        reopen(session, revision_of(session, result), at=at)


def tell(session: Session, row: Delivery, why: Reason, at: datetime) -> None:
    """Raise the alert of a delivery that waits for a person; without the values, which may name the patient."""
    alert(
        session,
        kind=f"delivery {row.state}",
        message=f"delivery {row.id} to {row.destination}: {why.code}",
        at=at,
        series_id=row.series_id,
        key=f"delivery:{row.id}",
    )


def _tell_remainder(session: Session, row: Delivery, at: datetime) -> None:
    if row.state == "cancelled" and row.sent:
        alert(
            session,
            kind="delivery broken off",
            message=f"delivery {row.id} was cancelled when {row.sent} of {row.total} objects were at {row.destination}",
            at=at,
            series_id=row.series_id,
            key=f"broken off:{row.id}",
        )


def _tell_reach(session: Session, row: Delivery, ending: Ending, at: datetime) -> None:
    key = f"{DOWN}:{row.destination}"
    if ending.reason is not None and ending.reason.code == DOWN:
        message = f"{row.destination}: {ending.reason.sentence}"
        alert(session, kind=DOWN, message=message, at=at, key=key)
    elif ending.cause == "sent":
        end_alert(session, key, at)


def paused(session: Session, destination: str, at: datetime) -> bool:
    """Whether a person has paused the destination."""
    row = session.get(DestinationPause, destination)
    return row is not None and (row.until is None or row.until > at)


def expired(destination: str, at: datetime) -> ColumnElement[bool]:
    """Deliveries to a destination whose end has passed."""
    return and_(Delivery.destination == destination, Delivery.expires_at <= at)


def any_waiting(session: Session, which: ColumnElement[bool]) -> bool:
    """Whether one of these deliveries is waiting."""
    return bool(session.scalar(select(exists().where(Delivery.state == "waiting", which))))


def hold_waiting(session: Session, which: ColumnElement[bool], why: Reason, at: datetime, *, most: int = 50) -> int:
    """Hold waiting deliveries for a reason; return how many."""
    rows = session.scalars(select(Delivery).where(Delivery.state == "waiting", which).limit(most)).all()
    for row in rows:
        transition(
            session,
            Delivery,
            row.id,
            "held",
            at=at,
            payload={"reason": why.code},
            reason_code=why.code,
            error=why.sentence,
            ended_at=at,
        )
        close_if_finished(session, revision_of(session, row), at=at)
        tell(session, row, why, at)
    return len(rows)


def return_sending(session: Session, which: ColumnElement[bool], at: datetime, *, most: int = 50) -> int:
    """Put deliveries whose sender is gone back to waiting; return how many."""
    rows = session.scalars(select(Delivery).where(Delivery.state == "sending", which).limit(most)).all()
    for row in rows:
        transition(session, Delivery, row.id, "returned", at=at, worker=None, not_before=at)
        row.claim = None
    return len(rows)


def strays(session: Session, known: Collection[str]) -> list[str]:
    """Names of destinations that deliveries wait for and that are not among the known ones."""
    return list(
        session.scalars(
            select(Delivery.destination)
            .where(Delivery.state == "waiting", Delivery.destination.not_in(list(known)))
            .distinct()
        )
    )


def unconfirmed(session: Session, destination: str, *, since: datetime, at: datetime) -> Delivery | None:
    """Return a delivery, delivered after `since`, whose arrival is to be asked now."""
    return session.scalars(
        select(Delivery)
        .where(
            Delivery.state == "delivered",
            Delivery.destination == destination,
            Delivery.not_before <= at,
            Delivery.ended_at > since,
        )
        .order_by(Delivery.not_before)
        .limit(1)
    ).one_or_none()
