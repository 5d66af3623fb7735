"""How a job ends: its result is published, or it ends without one.

Touches: database (writes job derived_series derived_instance delivery).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import Delivery, DerivedInstance, DerivedSeries, Job
from dicom_node.domain.clock import Clock
from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.work import Recipe, Release, digest_of
from dicom_node.provenance.closing import close_if_finished
from dicom_node.provenance.record import alert, begin, begin_all, transition
from dicom_node.restore.attempt import Made
from dicom_node.restore.rows import Claim, Work
from dicom_node.storage.layout import Layout

SYNTAX: Final = "1.2.840.10008.1.2.1"
"""Explicit VR Little Endian, in which derived files are kept."""

_BORN: Final = {Release.AUTOMATIC: "released", Release.REVIEW: "pending", Release.NEVER: "shadow"}


@dataclass(frozen=True, kw_only=True)
class Result:
    """A derived series that is ready: its number, folder, files, the guard's figures and how it was made."""

    number: int
    folder: str
    made: Made
    figures: Sequence[dict[str, Any]]
    execution: Mapping[str, str]
    withheld: Reason | None


def publish(database: Database, work: Work, result: Result, *, layout: Layout, clock: Clock) -> bool:
    """Publish a result in one transaction, as long as the series is; False, and nothing changed, if the claim is lost.

    A released series brings its deliveries with it; a withheld one or one under review waits for a person.
    """
    with database.write() as session:
        at = clock.now()
        job = _held(session, work.claim)
        if job is None:
            return False
        why = result.withheld or (reason("review") if job.release == Release.REVIEW else None)
        transition(
            session,
            Job,
            job.id,
            "withheld" if result.withheld else "published",
            at=at,
            payload={"execution": dict(result.execution), "figures": digest_of(list(result.figures))},
            **_ending(why, at),
            figures=list(result.figures),
            execution=dict(result.execution),
        )
        derived = _derived_series(session, job, work, result, at)
        _derived_instances(session, derived, result.made, layout, at)
        if derived.state == "released":
            deliver(session, job, derived, total=len(result.made.files), at=at)
        close_if_finished(session, work.revision_id, at=at)
        return True


def _derived_series(session: Session, job: Job, work: Work, result: Result, at: datetime) -> DerivedSeries:
    born = _BORN[Release(job.release)]
    row = DerivedSeries(
        job_id=job.id,
        series_id=job.series_id,
        series_instance_uid=result.made.series_instance_uid,
        description=result.made.description,
        number=result.number,
        folder=result.folder,
        digest=result.made.digest,
        state="pending" if result.withheld and born == "released" else born,
        created_at=at,
    )
    begin(session, row, cause="published", at=at, payload={"recipe": work.recipe.digest})
    return row


def _derived_instances(session: Session, derived: DerivedSeries, made: Made, layout: Layout, at: datetime) -> None:
    rows = [
        DerivedInstance(
            derived_series_id=derived.id,
            sop_instance_uid=file.sop_instance_uid,
            sop_class_uid=file.sop_class_uid,
            transfer_syntax_uid=SYNTAX,
            path=layout.relative(file.path),
            size=file.size,
            sha256=file.sha256,
            pixel_digest=file.pixel_digest,
            source_instance_id=file.source_instance_id,
            rank=file.rank,
        )
        for file in made.files
    ]
    begin_all(session, [(row, "published") for row in rows], at=at)


def deliver(session: Session, job: Job, derived: DerivedSeries, *, total: int, at: datetime) -> None:
    """Begin a delivery of a released series to each destination of its job."""
    for destination in job.destinations:
        row = Delivery(
            destination=destination,
            series_id=job.series_id,
            derived_series_id=derived.id,
            state="waiting",
            total=total,
            not_before=max(at, job.settle_until) if job.settle_until else at,
            expires_at=job.expires_at,
            created_at=at,
        )
        begin(session, row, cause="released", at=at)


def end_refused(
    database: Database, work: Work, why: Reason, *, figures: Sequence[dict[str, Any]], clock: Clock
) -> bool:
    """End a job whose source the pipeline does not take; False if the claim is lost."""
    with database.write() as session:
        at = clock.now()
        if _held(session, work.claim) is None:
            return False
        columns = {**_ending(why, at), "figures": list(figures)}
        payload = {"figures": digest_of(list(figures))}
        transition(session, Job, work.claim.job_id, "refused", at=at, payload=payload, **columns)
        close_if_finished(session, work.revision_id, at=at)
        return True


def end_failed(
    database: Database, claim: Claim, why: Reason, *, figures: Sequence[dict[str, Any]] = (), clock: Clock
) -> bool:
    """End a job that could not be done, with an alert; False if the claim is lost."""
    with database.write() as session:
        at, job = clock.now(), _held(session, claim)
        return job is not None and _fail(session, job, why, at, figures=list(figures))


def _fail(session: Session, job: Job, why: Reason, at: datetime, **columns: Any) -> bool:
    transition(session, Job, job.id, "failed", at=at, **_ending(why, at), **columns)
    message = f"{job.pipeline}: {why.sentence}"
    alert(session, kind="job failed", message=message, at=at, series_id=job.series_id)
    close_if_finished(session, job.revision_id, at=at)
    return True


def plan_anew(database: Database, work: Work, recipe: Recipe, *, clock: Clock) -> bool:
    """Replace a job whose pipeline is another one now by a job for the present one; False if the claim is lost.

    Where the present one was itself given up for what is gone now, nobody would do the work: that fails, with an alert.
    """
    same = select(Job).where(Job.revision_id == work.revision_id, Job.recipe_digest == recipe.digest)
    with database.write() as session:
        at, old = clock.now(), _held(session, work.claim)
        if old is None:
            return False
        present = session.scalar(same)
        if present is not None and present.reason_code == "recipe gone":
            return _fail(session, old, reason("failed", detail="the pipeline was changed back and forth"), at)
        transition(session, Job, old.id, "superseded", at=at, **_ending(reason("recipe gone"), at))
        if present is None:
            begin(session, _successor(old, recipe, at), cause="planned anew", at=at)
        close_if_finished(session, work.revision_id, at=at)
        return True


def _held(session: Session, claim: Claim) -> Job | None:
    """Return the job while the claim holds: a job that was superseded meanwhile runs no more."""
    job = session.get(Job, claim.job_id, populate_existing=True)
    return job if job is not None and job.claim == claim.token and job.state == "running" else None


def _successor(old: Job, recipe: Recipe, at: datetime) -> Job:
    return Job(
        revision_id=old.revision_id,
        series_id=old.series_id,
        pipeline=old.pipeline,
        recipe=recipe.as_json(),
        recipe_digest=recipe.digest,
        destinations=list(old.destinations),
        priority=old.priority,
        release=old.release,
        expires_at=old.expires_at,
        settle_until=old.settle_until,
        state="queued",
        created_at=at,
    )


def _ending(why: Reason | None, at: datetime) -> dict[str, Any]:
    return {"reason_code": why.code if why else "", "reason": why.sentence if why else "", "ended_at": at}
