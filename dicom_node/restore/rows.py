"""The SQL of restoration. Touches: database (reads what a job needs; writes job.series_number)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import Delivery, DerivedSeries, Instance, Job, Node, Revision, Series
from dicom_node.domain.errors import DatabaseError
from dicom_node.domain.series import Stack
from dicom_node.domain.work import Recipe
from dicom_node.restore.derive.numbers import series_number, whole_number
from dicom_node.restore.source import SourceFile
from dicom_node.storage.layout import Layout

_BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A job that a worker has taken; only who holds its token can end it."""

    job_id: int
    token: str


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a job asks for, as recorded.

    Attributes
    ----------
    claim
        Under which it is done.
    series_id, study_id, revision_id
        Rows that it belongs to.
    recipe
        What is to be done.
    created_at
        Of the job's row: the time that its objects carry, the same at every attempt.
    source_number
        Series Number of the source, as text.
    revision_digest, stacks, files
        Of the revision; files by instance id.
    installation_id
        Of this node.
    """

    claim: Claim
    series_id: int
    study_id: int
    revision_id: int
    recipe: Recipe
    created_at: datetime
    source_number: str
    revision_digest: str
    stacks: tuple[Stack, ...]
    files: Mapping[int, SourceFile]
    installation_id: str


def load(database: Database, layout: Layout, claim: Claim) -> Work | None:
    """Return what a claimed job asks for; None if the claim is lost."""
    with database.read() as session:
        job = session.get(Job, claim.job_id)
        if job is None or job.claim != claim.token or job.state != "running":
            return None
        revision, series, node = _of_job(session, job)
        rows = _instances(session, revision.instance_ids)
        return Work(
            claim=claim,
            series_id=job.series_id,
            study_id=series.study_id,
            revision_id=job.revision_id,
            recipe=Recipe.from_json(job.recipe),
            created_at=job.created_at,
            source_number=series.number,
            revision_digest=revision.digest,
            stacks=tuple(Stack.from_json(stack) for stack in revision.stacks),
            files={row.id: _file(row, layout) for row in rows},
            installation_id=node.installation_id,
        )


def _of_job(session: Session, job: Job) -> tuple[Revision, Series, Node]:
    revision, series = session.get(Revision, job.revision_id), session.get(Series, job.series_id)
    node = session.get(Node, 1)
    if revision is None or series is None or node is None:
        raise DatabaseError(
            happened="its revision, its series or the node's row is gone",
            subject=f"job {job.id}",
            remedy="Run «dicom-node verify».",
        )
    return revision, series, node


def _instances(session: Session, ids: list[int]) -> list[Instance]:
    found: list[Instance] = []
    for start in range(0, len(ids), _BATCH):
        found += session.scalars(select(Instance).where(Instance.id.in_(ids[start : start + _BATCH])))
    return found


def _file(row: Instance, layout: Layout) -> SourceFile:
    return SourceFile(
        instance_id=row.id,
        path=layout.absolute(row.path),
        sop_instance_uid=row.sop_instance_uid,
        sop_class_uid=row.sop_class_uid,
    )


def series_of(database: Database, study_id: int, sop_instance_uids: Collection[str]) -> dict[str, str]:
    """Return the Series Instance UID of each instance of the study that is known."""
    wanted, found = sorted(set(sop_instance_uids)), {}
    with database.read() as session:
        for start in range(0, len(wanted), _BATCH):
            query = (
                select(Instance.sop_instance_uid, Series.series_instance_uid)
                .join(Series, Series.id == Instance.series_id)
                .where(Series.study_id == study_id, Instance.in_force)
                .where(Instance.sop_instance_uid.in_(wanted[start : start + _BATCH]))
            )
            found.update({uid: series for uid, series in session.execute(query)})
    return found


def reserve_series_number(database: Database, work: Work, *, slot: int) -> int:
    """Return the job's Series Number, choosing one that is free in the study the first time."""
    with database.write() as session:
        job = session.get(Job, work.claim.job_id, populate_existing=True)
        if job is not None and job.series_number is not None:
            return job.series_number
        number = series_number(work.source_number, slot=slot, taken=_taken(session, work.study_id))
        if job is not None and job.claim == work.claim.token:
            job.series_number = number
        return number


def _taken(session: Session, study_id: int) -> set[int]:
    in_study = select(Series.id).where(Series.study_id == study_id)
    texts = session.scalars(select(Series.number).where(Series.study_id == study_id))
    numbers = {number for text in texts if (number := whole_number(text)) is not None}
    numbers |= set(session.scalars(select(DerivedSeries.number).where(DerivedSeries.series_id.in_(in_study))))
    reserved = select(Job.series_number).where(Job.series_id.in_(in_study), Job.series_number.is_not(None))
    return numbers | {number for number in session.scalars(reserved) if number is not None}


def replaced_number(database: Database, work: Work) -> int | None:
    """Return the Series Number of the last result of this pipeline on an older cut that has left the node."""
    older = (
        select(DerivedSeries.number)
        .join(Job, Job.id == DerivedSeries.job_id)
        .join(Delivery, Delivery.derived_series_id == DerivedSeries.id)
        .where(DerivedSeries.series_id == work.series_id, Job.pipeline == work.recipe.pipeline, Delivery.sent > 0)
        .where(Job.revision_id < work.revision_id)
        .order_by(DerivedSeries.id.desc())
    )
    with database.read() as session:
        return session.scalar(older.limit(1))


def is_published(database: Database, folder: str) -> bool:
    """Whether a folder of derived files belongs to a published series."""
    with database.read() as session:
        return session.scalar(select(DerivedSeries.id).where(DerivedSeries.folder == folder)) is not None


def folders_in_use(database: Database) -> set[str]:
    """Return the names of all folders of derived files that are published or being filled."""
    with database.read() as session:
        published = session.scalars(select(DerivedSeries.folder))
        filled = session.scalars(select(Job.claim).where(Job.state == "running", Job.claim.is_not(None)))
        return {folder.rsplit("/", 1)[-1] for folder in published} | {claim for claim in filled if claim}
