"""The SQL of completion. Touches: database (reads what was registered; writes revision, supersedes older work)."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from dicom_node.complete.evidence import KEYWORDS, Bringer
from dicom_node.complete.policy import Cut
from dicom_node.database import tables
from dicom_node.domain.reasons import Reason
from dicom_node.domain.series import Facts, Instance, SopUid, Stack, revision_digest
from dicom_node.domain.states import TABLES
from dicom_node.domain.work import digest_of
from dicom_node.provenance.record import amend, begin, transition

HEARD_WITHIN = timedelta(seconds=60)
PAST_REVISIONS = 500
PAST_SERIES = 6


@dataclass(frozen=True, kw_only=True)
class NewCut:
    """What a new revision holds."""

    instances: Sequence[Instance]
    facts: Facts
    stacks: Sequence[Stack]
    evidence: Mapping[str, Any]
    verdict: Cut


def awaiting(session: Session) -> Sequence[tuple[int, datetime]]:
    """Return (series, last receipt) of all series that are not cut yet, the longest waiting first."""
    found = session.execute(
        select(tables.Series.id, tables.Series.last_received_at)
        .where(tables.Series.awaiting.is_(True))
        .order_by(tables.Series.last_received_at)
    )
    return [(series_id, at) for series_id, at in found]


def instances_in_force(session: Session, series_id: int, *, keywords: Sequence[str] = ()) -> tuple[Instance, ...]:
    """Return the instances in force in order of receipt; with `keywords`, only these attributes are read."""
    table = tables.Instance
    columns: tuple[Any, ...] = (
        table.id,
        table.sop_instance_uid,
        table.sop_class_uid,
        table.transfer_syntax_uid,
        table.path,
        table.sha256,
        table.pixel_digest,
        table.received_at,
        table.association_id,
    )
    headers: list[Any] = [table.attributes[keyword] for keyword in keywords] or [table.attributes]
    found = session.execute(
        select(*columns, *headers)
        .where(table.series_id == series_id, table.in_force.is_(True))
        .order_by(table.received_at, table.id)
    )
    return tuple(_instance(row[: len(columns)], row[len(columns) :], keywords) for row in found)


def _instance(columns: Sequence[Any], headers: Sequence[Any], keywords: Sequence[str]) -> Instance:
    if keywords:
        attributes = {keyword: item for keyword, item in zip(keywords, headers, strict=True) if item is not None}
    else:
        attributes = headers[0]
    names = (
        "id",
        "sop_instance_uid",
        "sop_class_uid",
        "transfer_syntax_uid",
        "path",
        "sha256",
        "pixel_digest",
        "received_at",
        "association_id",
    )
    values = dict(zip(names, columns, strict=True))
    return Instance(**{**values, "sop_instance_uid": SopUid(values["sop_instance_uid"]), "attributes": attributes})


def evidence_of(session: Session, series_id: int) -> tuple[Instance, ...]:
    """Return the instances in force with the attributes that completion looks at."""
    return instances_in_force(session, series_id, keywords=KEYWORDS)


def bringers(session: Session, instances: Sequence[Instance]) -> tuple[tuple[Bringer, ...], tables.Association | None]:
    """Return the associations that brought the instances, and the last of them."""
    counts: dict[int, int] = {}
    for item in instances:
        counts[item.association_id] = counts.get(item.association_id, 0) + 1
    found = session.scalars(
        select(tables.Association).where(tables.Association.id.in_(counts)).order_by(tables.Association.id)
    ).all()
    made = tuple(
        Bringer(id=row.id, outcome=row.outcome, ended_at=row.ended_at, brought=counts[row.id]) for row in found
    )
    return made, found[-1] if found else None


def others_open(session: Session, calling_ae: str, now: datetime) -> bool:
    """Whether an association of this peer is open and was opened or brought something within the last minute."""
    since = now - HEARD_WITHIN
    heard = (
        select(tables.Reception.id)
        .where(tables.Reception.association_id == tables.Association.id, tables.Reception.received_at >= since)
        .exists()
    )
    found = session.scalar(
        select(tables.Association.id)
        .where(
            tables.Association.calling_ae == calling_ae,
            tables.Association.outcome == "open",
            or_(tables.Association.opened_at >= since, heard),
        )
        .limit(1)
    )
    return found is not None


def past_of(session: Session, calling_ae: str, *, but: int) -> list[Mapping[str, Any]]:
    """Return the evidence of this peer's last series, newest first, of each its newest revision.

    Parameters
    ----------
    but
        The series that is being looked at.
    """
    newest = session.scalar(select(func.max(tables.Revision.id))) or 0
    found = session.execute(
        select(tables.Revision.series_id, tables.Revision.number, tables.Revision.evidence)
        .where(
            tables.Revision.id > newest - PAST_REVISIONS,
            tables.Revision.series_id != but,
            tables.Revision.evidence["calling_ae"].as_string() == calling_ae,
        )
        .order_by(tables.Revision.id.desc())
    )
    past: dict[int, Mapping[str, Any]] = {}
    for series_id, number, evidence in found:
        past.setdefault(series_id, {**evidence, "number": number})
        if len(past) == PAST_SERIES:
            break
    return list(past.values())


def newest_revision(session: Session, series_id: int) -> tables.Revision | None:
    """Return the newest revision of a series."""
    return session.scalar(
        select(tables.Revision)
        .where(tables.Revision.series_id == series_id)
        .order_by(tables.Revision.number.desc())
        .limit(1)
    )


def revisions_of(session: Session, series_id: int) -> dict[int, str]:
    """Return the state of every revision of a series by its id."""
    found = session.execute(
        select(tables.Revision.id, tables.Revision.state)
        .where(tables.Revision.series_id == series_id)
        .order_by(tables.Revision.id)
    )
    return {revision_id: state for revision_id, state in found}


def ids_in_force(session: Session, series_id: int) -> set[int]:
    """Return the ids of the instances in force."""
    return set(
        session.scalars(
            select(tables.Instance.id).where(tables.Instance.series_id == series_id, tables.Instance.in_force.is_(True))
        )
    )


def insert_revision(session: Session, series_id: int, new: NewCut, *, number: int, at: datetime) -> tables.Revision:
    """Begin a revision."""
    body = asdict(new.facts)
    revision = tables.Revision(
        series_id=series_id,
        number=number,
        state="cut",
        instance_ids=sorted(item.id for item in new.instances),
        digest=revision_digest(number, ((item.sop_instance_uid, item.sha256) for item in new.instances)),
        facts=body,
        facts_digest=digest_of(body),
        stacks=[asdict(stack) for stack in new.stacks],
        complete=new.verdict.complete,
        why=new.verdict.why,
        evidence=dict(new.evidence),
        cut_at=at,
    )
    begin(session, revision, cause="cut", at=at, payload={"why": new.verdict.why})
    return revision


def unfinished(session: Session, kind: type[tables.Base], revision_ids: Sequence[int], cause: str) -> list[int]:
    """Return the ids of a revision's jobs, derived series or deliveries to which a cause applies."""
    table = TABLES[kind.__tablename__]
    states = [state for state in table.states if table.allows(state, cause)]
    owners: dict[str, Any] = {
        "job": tables.Job.revision_id.in_(revision_ids),
        "derived_series": tables.DerivedSeries.job_id.in_(_jobs(revision_ids)),
        "delivery": _delivery_of(revision_ids),
    }
    model: Any = kind
    return list(
        session.scalars(select(model.id).where(owners[kind.__tablename__], model.state.in_(states)).order_by(model.id))
    )


def replaced_deliveries(session: Session, revision_ids: Sequence[int]) -> list[str]:
    """Return the destinations that hold a result of one of the revisions already."""
    derived = select(tables.DerivedSeries.id).where(tables.DerivedSeries.job_id.in_(_jobs(revision_ids)))
    found = session.scalars(
        select(tables.Delivery.destination)
        .where(tables.Delivery.derived_series_id.in_(derived), tables.Delivery.state.in_(("delivered", "confirmed")))
        .distinct()
    )
    return sorted(found)


def supersede(session: Session, kind: type[tables.Base], row_id: int, reason: Reason, *, at: datetime) -> None:
    """Give one row the cause «superseded» and take it out of whoever holds its claim.

    With a result that waited for a person, its job says why nobody is needed any more.
    """
    row: Any = session.get(kind, row_id)
    columns: dict[str, Any] = {}
    if kind is tables.Job:
        columns = {"reason_code": reason.code, "reason": reason.sentence, "ended_at": at}
    elif kind is tables.Delivery:
        columns = {"reason_code": reason.code, "error": reason.sentence, "ended_at": at}
    transition(session, kind, row_id, "superseded", at=at, **columns)
    if columns:
        row.claim = None
        row.worker = None
    elif (job := session.get_one(tables.Job, row.job_id)).state == "done":
        amend(session, job, "superseded", at=at, reason_code=reason.code, reason=reason.sentence)


def _jobs(revision_ids: Sequence[int]) -> Any:
    return select(tables.Job.id).where(tables.Job.revision_id.in_(revision_ids))


def _delivery_of(revision_ids: Sequence[int]) -> Any:
    derived = select(tables.DerivedSeries.id).where(tables.DerivedSeries.job_id.in_(_jobs(revision_ids)))
    return or_(tables.Delivery.revision_id.in_(revision_ids), tables.Delivery.derived_series_id.in_(derived))
