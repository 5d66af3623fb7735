"""Which job is next, and what becomes of jobs whose worker is gone. Touches: database (writes job)."""

import secrets
import shutil
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import Job, Series, Study
from dicom_node.domain.clock import Clock
from dicom_node.domain.reasons import reason
from dicom_node.provenance.closing import close_if_finished
from dicom_node.provenance.record import alert, transition
from dicom_node.restore.rows import Claim, folders_in_use
from dicom_node.storage.layout import Layout

DEATHS: Final = 3
"""A job that this many workers died on is not tried again."""


class Death(StrEnum):
    """Why a worker is gone."""

    WORKER = "worker"
    """It died under a living supervisor: that counts against the job."""

    NODE = "node"
    """The whole node stopped: that does not."""


def claim_next(database: Database, *, start_id: str, clock: Clock) -> Claim | None:
    """Take the most urgent queued job: highest priority, then newest study, then oldest job.

    Parameters
    ----------
    start_id
        Of the worker that takes it.
    """
    if _next(database) is None:
        return None
    with database.write() as session:
        job_id = session.scalar(_QUEUE)
        if job_id is None:
            return None
        token, now = secrets.token_hex(16), clock.now()
        session.execute(update(Job).where(Job.id == job_id).values(claim=token))
        transition(session, Job, job_id, "claimed", at=now, claim=token, worker=start_id, started_at=now)
        return Claim(job_id=job_id, token=token)


# A recipe without a version belongs to a job that was retried and is to be planned first.
_QUEUE: Final = (
    select(Job.id)
    .join(Series, Series.id == Job.series_id)
    .join(Study, Study.id == Series.study_id)
    .where(Job.state == "queued", Job.recipe["version"].as_string() != "")
    .order_by(Job.priority.desc(), Study.study_date.desc(), Study.study_time.desc(), Job.id)
    .limit(1)
)


def _next(database: Database) -> int | None:
    """Look without the writer's lock: most of the time there is nothing to do."""
    with database.read() as session:
        return session.scalar(_QUEUE)


def return_lost(database: Database, *, living: Collection[str], clock: Clock, death: Death = Death.WORKER) -> int:
    """Put jobs back whose worker is gone; after three deaths of workers a job fails.

    Parameters
    ----------
    living
        Start ids of the workers that live.
    death
        How the missing ones ended.

    Returns
    -------
    int
        Number of jobs put back or failed.
    """
    with database.read() as session:
        query = select(Job.id, Job.claim).where(Job.state == "running", Job.worker.not_in(list(living)))
        lost = list(session.execute(query))
    for job_id, token in lost:
        with database.write() as session:
            _return(session, job_id, token, death, at=clock.now())
    return len(lost)


def give_back(database: Database, claim: Claim, *, clock: Clock) -> bool:
    """Put a job back that its own worker abandons because the node stops; False if the claim is lost."""
    with database.write() as session:
        return _return(session, claim.job_id, claim.token, Death.NODE, at=clock.now())


def _return(session: Session, job_id: int, token: str | None, death: Death, *, at: datetime) -> bool:
    job = session.get(Job, job_id, populate_existing=True)
    if job is None or job.state != "running" or job.claim != token:
        return False
    attempts = job.attempts + (death is Death.WORKER)
    columns: dict[str, Any] = {"worker": None, "attempts": attempts}
    if attempts < DEATHS:
        transition(session, Job, job_id, "returned", at=at, payload={"death": death.value}, **columns)
    else:
        why = reason("worker lost")
        columns |= {"reason_code": why.code, "reason": why.sentence, "ended_at": at}
        transition(session, Job, job_id, "exhausted", at=at, **columns)
        alert(session, kind="job failed", message=f"{job.pipeline}: {why.sentence}", at=at, series_id=job.series_id)
        close_if_finished(session, job.revision_id, at=at)
    session.execute(update(Job).where(Job.id == job_id).values(claim=None))
    return True


def remove_abandoned(database: Database, layout: Layout) -> int:
    """Delete the folders of attempts that neither run nor were published; returns their number.

    A claim is recorded before its folder is made, so a running attempt is never taken for an abandoned one as long as
    the folders are listed before the claims are read.
    """
    if not layout.derived.is_dir():
        return 0
    present = [path for path in layout.derived.iterdir() if path.is_dir()]
    used = folders_in_use(database)
    abandoned = [path for path in present if path.name not in used]
    for path in abandoned:
        shutil.rmtree(path, ignore_errors=True)
    return len(abandoned)
