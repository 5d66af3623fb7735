"""What a person does with a job: release, reject, cancel, retry, each with a reason.

Touches: database (writes job derived_series delivery alert).
"""

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import DerivedInstance, DerivedSeries, Job
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NodeError, NotFound
from dicom_node.domain.reasons import FOR_THE_ADMINISTRATOR, reason
from dicom_node.domain.states import IllegalTransition
from dicom_node.provenance.closing import close_if_finished, reopen
from dicom_node.provenance.record import amend, end_alert, transition
from dicom_node.restore.publish import deliver


class ReasonMissing(NodeError):
    """A person must say why."""


def release(database: Database, job_id: int, who: str, why: str, clock: Clock) -> None:
    """Let a result out that the guard withheld or that waits for review.

    Raises
    ------
    NotFound
        No such job, or it has no result.
    ReasonMissing
        Nothing was said.
    dicom_node.domain.states.IllegalTransition
        The result does not wait for a person.
    """
    said = _said(who, why)
    with database.write() as session:
        at, job = clock.now(), _job(session, job_id)
        derived = _result_of(session, job)
        if derived is None:
            raise NotFound(happened="it has no result", subject=f"job {job_id}", remedy="Retry the job first.")
        transition(session, DerivedSeries, derived.id, "released by a person", at=at, payload=said)
        told = {"reason_code": "released", "reason": reason("released", **said).sentence}
        if job.state == "withheld":
            transition(session, Job, job_id, "released by a person", at=at, payload=said, **told)
        else:
            amend(session, job, "released by a person", at=at, payload=said, **told)
        if job.destinations:
            reopen(session, job.revision_id, at=at)
            total = select(func.count()).where(DerivedInstance.derived_series_id == derived.id)
            deliver(session, job, derived, total=session.scalars(total).one(), at=at)


def reject(database: Database, job_id: int, who: str, why: str, clock: Clock) -> None:
    """Throw away a result that waits for a person; the job of a withheld one is cancelled with it.

    Raises
    ------
    NotFound, ReasonMissing, dicom_node.domain.states.IllegalTransition
        As `release`.
    """
    said = _said(who, why)
    with database.write() as session:
        at, job = clock.now(), _job(session, job_id)
        derived = _result_of(session, job)
        if derived is None:
            raise NotFound(happened="it has no result", subject=f"job {job_id}", remedy="Cancel the job instead.")
        transition(session, DerivedSeries, derived.id, "rejected by a person", at=at, payload=said)
        if job.state == "withheld":
            _cancel(session, job, said, at)
        else:
            told = {"reason_code": "result rejected", "reason": reason("result rejected", **said).sentence}
            amend(session, job, "rejected by a person", at=at, payload=said, **told)


def cancel(database: Database, job_id: int, who: str, why: str, clock: Clock) -> None:
    """Cancel a job that has not been done, or whose result was withheld.

    Raises
    ------
    NotFound, ReasonMissing, dicom_node.domain.states.IllegalTransition
        As `release`; a running or finished job cannot be cancelled.
    """
    said = _said(who, why)
    with database.write() as session:
        at, job = clock.now(), _job(session, job_id)
        _cancel(session, job, said, at)
        derived = _result_of(session, job)
        if derived is not None and derived.state == "pending":
            transition(session, DerivedSeries, derived.id, "rejected by a person", at=at, payload=said)


def retry(database: Database, job_id: int, who: str, why: str, clock: Clock) -> None:
    """Queue a failed job again, or one that was refused because its pipeline could not be used.

    Raises
    ------
    NotFound, ReasonMissing, dicom_node.domain.states.IllegalTransition
        As `release`; a job that was refused for what its series is cannot be retried.
    """
    said = _said(who, why)
    with database.write() as session:
        at, job = clock.now(), _job(session, job_id)
        if job.state == "refused" and job.reason_code not in FOR_THE_ADMINISTRATOR:
            raise IllegalTransition(
                happened=f"it was refused for what the series is: {job.reason}",
                subject=f"job {job_id}",
                remedy="Change the rules; a series that comes again is decided by them.",
            )
        fresh: dict[str, Any] = {
            "reason_code": "",
            "reason": "",
            "attempts": 0,
            "worker": None,
            "ended_at": None,
            "figures": [],
        }
        transition(session, Job, job_id, "retried by a person", at=at, payload=said, **fresh)
        session.execute(update(Job).where(Job.id == job_id).values(claim=None))
        _end_alert(session, job, at)
        end_alert(session, f"pipeline:{job.pipeline}", at)
        reopen(session, job.revision_id, at=at)


def _cancel(session: Session, job: Job, said: dict[str, str], at: datetime) -> None:
    told: dict[str, Any] = {"reason_code": "cancelled", "reason": reason("cancelled", **said).sentence, "ended_at": at}
    transition(session, Job, job.id, "cancelled by a person", at=at, payload=said, **told)
    _end_alert(session, job, at)
    close_if_finished(session, job.revision_id, at=at)


def _end_alert(session: Session, job: Job, at: datetime) -> None:
    """End what called for a person, who has come."""
    end_alert(session, f"job failed:{job.series_id}", at)


def _job(session: Session, job_id: int) -> Job:
    job = session.get(Job, job_id, populate_existing=True)
    if job is None:
        raise NotFound(happened="there is no such job", subject=f"job {job_id}", remedy="List the jobs.")
    return job


def _result_of(session: Session, job: Job) -> DerivedSeries | None:
    return session.scalar(select(DerivedSeries).where(DerivedSeries.job_id == job.id))


def _said(who: str, why: str) -> dict[str, str]:
    if not who.strip() or not why.strip():
        raise ReasonMissing(
            happened="nobody said who does it and why", subject="request", remedy="Give a name and a reason."
        )
    return {"who": who.strip(), "why": why.strip()}
