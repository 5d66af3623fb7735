"""What a person does to a delivery or a destination: retry, release, cancel, pause, resume.

Touches: database (writes delivery, revision, destination_pause, alert).
"""

from datetime import datetime

from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import Delivery, DestinationPause
from dicom_node.deliver.rows import wake_results
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NotFound
from dicom_node.domain.reasons import reason
from dicom_node.provenance.closing import close_if_finished, reopen, revision_of
from dicom_node.provenance.record import end_alert, note, transition


def retry(database: Database, delivery_id: int, who: str, why: str, clock: Clock) -> None:
    """Try a failed delivery again, from the first object that has not arrived.

    Raises
    ------
    NotFound
        There is no such delivery.
    IllegalTransition
        It has not failed.
    """
    _again(database, delivery_id, "retried by a person", (who, why), clock)


def release(database: Database, delivery_id: int, who: str, why: str, clock: Clock) -> None:
    """Let a held delivery go: what held it is asked anew, but for an expiry, which is lifted.

    Raises
    ------
    NotFound
        There is no such delivery.
    IllegalTransition
        It is not held.
    """
    _again(database, delivery_id, "released by a person", (who, why), clock)


def cancel(database: Database, delivery_id: int, who: str, why: str, clock: Clock) -> None:
    """Give a delivery up.

    Raises
    ------
    NotFound
        There is no such delivery.
    IllegalTransition
        It is being sent, or has ended already.
    """
    at = clock.now()
    ended = reason("cancelled", who=who, why=why)
    with database.write() as session:
        transition(
            session,
            Delivery,
            delivery_id,
            "cancelled by a person",
            at=at,
            payload={"who": who, "why": why},
            reason_code=ended.code,
            error=ended.sentence,
            ended_at=at,
        )
        end_alert(session, f"delivery:{delivery_id}", at)
        row = session.get_one(Delivery, delivery_id)
        if row.revision_id is not None:
            wake_results(session, row, at)
        close_if_finished(session, _revision(session, delivery_id), at=at)


def pause(
    database: Database, destination: str, who: str, why: str, clock: Clock, *, until: datetime | None = None
) -> None:
    """Send nothing more to a destination until resumed, or until a time."""
    at = clock.now()
    with database.write() as session:
        row = session.get(DestinationPause, destination)
        if row is None:
            session.add(DestinationPause(destination=destination, who=who, why=why, since=at, until=until))
        else:
            row.who, row.why, row.since, row.until = who, why, at, until
        payload = {"who": who, "why": why, "until": until.isoformat() if until else ""}
        note(session, subject=f"destination:{destination}", cause="paused", at=at, payload=payload)


def resume(database: Database, destination: str, who: str, clock: Clock) -> None:
    """Send again.

    Raises
    ------
    NotFound
        The destination is not paused.
    """
    with database.write() as session:
        row = session.get(DestinationPause, destination)
        if row is None:
            raise NotFound(happened="it is not paused", subject=destination, remedy="List the destinations first.")
        session.delete(row)
        note(session, subject=f"destination:{destination}", cause="resumed", at=clock.now(), payload={"who": who})


def _again(database: Database, delivery_id: int, cause: str, by: tuple[str, str], clock: Clock) -> None:
    at = clock.now()
    who, why = by
    with database.write() as session:
        transition(
            session,
            Delivery,
            delivery_id,
            cause,
            at=at,
            payload={"who": who, "why": why},
            attempts=0,
            not_before=at,
            expires_at=None,
            unknown_since=None,
            reason_code="",
            error=None,
            ended_at=None,
        )
        end_alert(session, f"delivery:{delivery_id}", at)
        reopen(session, _revision(session, delivery_id), at=at)


def _revision(session: Session, delivery_id: int) -> int:
    return revision_of(session, session.get_one(Delivery, delivery_id))
