"""The SQL of deciding. Touches: database (reads revision, rule_set; writes decision, job, delivery, rule_set)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from dicom_node.database import tables
from dicom_node.decide.decision import Plan, PlannedJob, Situation
from dicom_node.domain.reasons import FOR_THE_ADMINISTRATOR, Reason
from dicom_node.domain.series import Facts, Stack
from dicom_node.domain.work import Recipe, digest_of
from dicom_node.provenance.closing import close_if_finished
from dicom_node.provenance.record import alert, begin, transition


@dataclass(frozen=True, kw_only=True)
class Version:
    """One version of the rules."""

    version: int
    text: str
    digest: str
    author: str
    why: str
    created_at: datetime


@dataclass(frozen=True, kw_only=True)
class Undecided:
    """A revision to be decided on."""

    revision_id: int
    series_id: int
    series_instance_uid: str
    number: int
    instance_count: int
    facts_digest: str
    last_received_at: datetime | None
    situation: Situation


def undecided(session: Session) -> list[tuple[int, int]]:
    """Return (revision, series) of the revisions that wait for a decision, the oldest first."""
    found = session.execute(
        select(tables.Revision.id, tables.Revision.series_id)
        .where(tables.Revision.state == "cut")
        .order_by(tables.Revision.id)
    )
    return [(revision_id, series_id) for revision_id, series_id in found]


def newest_revisions(session: Session, count: int) -> Sequence[int]:
    """Return the newest revision of each of the last series, newest first."""
    found = session.execute(
        select(tables.Revision.id, tables.Revision.series_id).order_by(tables.Revision.id.desc()).limit(4 * count)
    )
    newest: dict[int, int] = {}
    for revision_id, series_id in found:
        newest.setdefault(series_id, revision_id)
    return list(newest.values())[:count]


def load(session: Session, revision_id: int) -> Undecided:
    """Read what a decision is made of."""
    revision = session.get_one(tables.Revision, revision_id)
    series = session.get_one(tables.Series, revision.series_id)
    received = revision.evidence.get("last_received_at")
    return Undecided(
        revision_id=revision.id,
        series_id=series.id,
        series_instance_uid=series.series_instance_uid,
        number=revision.number,
        instance_count=len(revision.instance_ids),
        facts_digest=revision.facts_digest,
        last_received_at=datetime.fromisoformat(received) if received else None,
        situation=Situation(
            facts=Facts(**revision.facts),
            stacks=tuple(Stack.from_json(stack) for stack in revision.stacks),
            complete=revision.complete,
            cut_at=revision.cut_at,
            conflict=bool(revision.evidence.get("conflict")) or series.conflict,
            ours=_derived_here(session, series.id),
        ),
    )


def _derived_here(session: Session, series_id: int) -> bool:
    found = session.scalar(
        select(
            exists().where(
                tables.Instance.series_id == series_id,
                tables.Instance.sop_instance_uid == tables.DerivedInstance.sop_instance_uid,
            )
        )
    )
    return bool(found)


def write_plan(
    session: Session, case: Undecided, plan: Plan, *, version: int, at: datetime, settle_until: datetime | None
) -> bool:
    """Write a decision with its jobs and deliveries of originals.

    Returns
    -------
    bool
        False, and nothing is written, if the revision was superseded or decided meanwhile.
    """
    revision = session.get(tables.Revision, case.revision_id, populate_existing=True)
    if revision is None or revision.state != "cut":
        return False
    begin(session, _decision(case, plan, version, at), cause="decided", at=at)
    for job in plan.jobs:
        row = _job(case, job, at, settle_until)
        begin(session, row, cause="refused" if job.refused is not None else "planned", at=at)
        if job.refused is not None:
            tell_administrator(session, job.recipe.pipeline, job.refused, at)
    for destination in plan.originals:
        begin(session, _originals(case, destination, settle_until or at, at), cause="originals wanted", at=at)
    cause = "decided" if plan.jobs or plan.originals else "no work"
    transition(session, tables.Revision, case.revision_id, cause, at=at)
    close_if_finished(session, case.revision_id, at=at)
    return True


def tell_administrator(session: Session, pipeline: str, why: Reason, at: datetime) -> None:
    """Raise an alert where a refusal is no property of the series."""
    if why.code in FOR_THE_ADMINISTRATOR:
        alert(session, kind="pipeline", message=f"{pipeline}: {why.sentence}", at=at, key=f"pipeline:{pipeline}")


def _decision(case: Undecided, plan: Plan, version: int, at: datetime) -> tables.Decision:
    return tables.Decision(
        revision_id=case.revision_id,
        series_id=case.series_id,
        rule_set_version=version,
        rule=plan.rule,
        reason_code=plan.reason.code if plan.reason is not None else "",
        reason=plan.reason.sentence if plan.reason is not None else "",
        tree=dict(plan.tree),
        tree_digest=digest_of(plan.tree),
        facts_digest=case.facts_digest,
        decided_at=at,
    )


def _job(case: Undecided, job: PlannedJob, at: datetime, settle_until: datetime | None) -> tables.Job:
    refused = job.refused
    return tables.Job(
        revision_id=case.revision_id,
        series_id=case.series_id,
        pipeline=job.recipe.pipeline,
        recipe=job.recipe.as_json(),
        recipe_digest=job.recipe.digest,
        destinations=list(job.destinations),
        priority=job.priority,
        release=str(job.release),
        expires_at=job.expires_at,
        settle_until=settle_until,
        state="queued" if refused is None else "refused",
        reason_code="" if refused is None else refused.code,
        reason="" if refused is None else refused.sentence,
        created_at=at,
        ended_at=None if refused is None else at,
    )


def _originals(case: Undecided, destination: str, not_before: datetime, at: datetime) -> tables.Delivery:
    return tables.Delivery(
        destination=destination,
        series_id=case.series_id,
        revision_id=case.revision_id,
        state="waiting",
        total=case.instance_count,
        not_before=not_before,
        created_at=at,
    )


def unplanned(session: Session) -> list[tuple[int, int]]:
    """Return (job, series) of the queued jobs that were retried before any bundle stood behind them."""
    found = session.execute(
        select(tables.Job.id, tables.Job.series_id)
        .where(tables.Job.state == "queued", tables.Job.recipe["version"].as_string() == "")
        .order_by(tables.Job.id)
    )
    return [(job_id, series_id) for job_id, series_id in found]


def has_job(session: Session, revision_id: int, recipe: Recipe) -> bool:
    """Whether a revision has a job of this recipe."""
    same = exists().where(tables.Job.revision_id == revision_id, tables.Job.recipe_digest == recipe.digest)
    return bool(session.scalar(select(same)))


def rules_of(session: Session, revision_id: int) -> str:
    """Return the text of the rules by which a revision was decided; empty if there were none."""
    text = session.scalar(
        select(tables.RuleSet.text)
        .join(tables.Decision, tables.Decision.rule_set_version == tables.RuleSet.version)
        .where(tables.Decision.revision_id == revision_id)
    )
    return text or ""


def decision_of(session: Session, revision_id: int) -> tables.Decision | None:
    """Return the decision on a revision."""
    return session.scalar(select(tables.Decision).where(tables.Decision.revision_id == revision_id))


def newest_revision_of(session: Session, series_instance_uid: str) -> tables.Revision | None:
    """Return the newest revision of a series by its UID (of the newest series, where two patients share it)."""
    return session.scalar(
        select(tables.Revision)
        .join(tables.Series, tables.Series.id == tables.Revision.series_id)
        .where(tables.Series.series_instance_uid == series_instance_uid)
        .order_by(tables.Revision.id.desc())
        .limit(1)
    )


def knows_series(session: Session, series_instance_uid: str) -> bool:
    """Whether a series of this UID was received."""
    return bool(session.scalar(select(exists().where(tables.Series.series_instance_uid == series_instance_uid))))


def versions(session: Session, *, newest: int | None = None) -> list[Version]:
    """Return versions of the rules, newest first."""
    found = session.scalars(select(tables.RuleSet).order_by(tables.RuleSet.version.desc()).limit(newest))
    return [
        Version(
            version=row.version,
            text=row.text,
            digest=row.digest,
            author=row.author,
            why=row.why,
            created_at=row.created_at,
        )
        for row in found
    ]


def insert_version(session: Session, version: Version) -> None:
    """Put a version of the rules into force."""
    row = tables.RuleSet(
        version=version.version,
        text=version.text,
        digest=version.digest,
        author=version.author,
        why=version.why,
        created_at=version.created_at,
    )
    begin(session, row, cause="rules changed", at=version.created_at)
