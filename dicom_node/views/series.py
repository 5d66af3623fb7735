"""Series found by filters, and one series whole. Touches: database (reads)."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, or_, select
from sqlalchemy.orm import Session

from dicom_node.database.tables import (
    Association,
    Decision,
    Delivery,
    DerivedSeries,
    Instance,
    Job,
    Reception,
    Revision,
    Series,
    Study,
)
from dicom_node.domain.errors import NotFound
from dicom_node.views.counts import newest_revision_id
from dicom_node.views.status import alerts
from dicom_node.views.summary import summaries
from dicom_node.views.timeline import timeline

ATTENTION = "attention"
_JOBS_FOR_A_PERSON = ("withheld", "failed")
_DELIVERIES_FOR_A_PERSON = ("held", "failed")


@dataclass(frozen=True, kw_only=True)
class SeriesFilter:
    """Which series; an empty field asks nothing.

    Attributes
    ----------
    state
        One of `domain.states.SERIES_STATES`.
    modality
        As in the header.
    job
        State of any of its jobs, or ``attention``: a job, delivery or conflict that waits for a person.
    text
        Part of patient name or ID, accession number, description or a UID.
    limit, offset
        Which of them, the newest first.
    """

    state: str = ""
    modality: str = ""
    job: str = ""
    text: str = ""
    limit: int = 100
    offset: int = 0


def find(session: Session, wanted: SeriesFilter) -> tuple[list[dict[str, Any]], int]:
    """Return series with their patient, and how many the filter matches in all."""
    ids = select(Series.id).join(Study, Study.id == Series.study_id)
    ids = ids.outerjoin(Revision, Revision.id == newest_revision_id()).where(*_conditions(wanted))
    total = session.scalar(select(func.count()).select_from(ids.subquery())) or 0
    page = ids.order_by(Series.last_received_at.desc(), Series.id.desc()).limit(wanted.limit).offset(wanted.offset)
    return _with_patient(session, page), total


def modalities(session: Session) -> list[str]:
    """Return the modalities there are."""
    return list(session.scalars(select(Series.modality).distinct().order_by(Series.modality)))


def _conditions(wanted: SeriesFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.state:
        state = case((Series.awaiting, "open"), else_=func.coalesce(Revision.state, "closed"))
        found.append(state == wanted.state)
    if wanted.modality:
        found.append(Series.modality == wanted.modality)
    if wanted.job == ATTENTION:
        found.append(_needs_a_person())
    elif wanted.job:
        found.append(exists().where(Job.series_id == Series.id, Job.state == wanted.job))
    if wanted.text:
        found.append(_speaks_of(wanted.text))
    return found


def _needs_a_person() -> ColumnElement[bool]:
    return or_(
        Series.conflict,
        exists().where(Job.series_id == Series.id, Job.state.in_(_JOBS_FOR_A_PERSON)),
        exists().where(Delivery.series_id == Series.id, Delivery.state.in_(_DELIVERIES_FOR_A_PERSON)),
    )


def _speaks_of(text: str) -> ColumnElement[bool]:
    columns = (
        Study.patient_name,
        Study.patient_id,
        Study.accession_number,
        Study.study_instance_uid,
        Series.series_instance_uid,
        Series.description,
    )
    return or_(*(column.icontains(text, autoescape=True) for column in columns))


def _with_patient(session: Session, ids: Select[int]) -> list[dict[str, Any]]:
    studies = {
        series_id: (series_id, number, study)
        for series_id, number, study in session.execute(
            select(Series.id, Series.number, Study).join(Study).where(Series.id.in_(ids))
        )
    }
    return [
        {**item, "number": studies[item["id"]][1], "patient": _patient(studies[item["id"]][2])}
        for item in summaries(session, ids)
    ]


def _patient(study: Study) -> dict[str, str]:
    return {
        "name": study.patient_name,
        "id": study.patient_id,
        "issuer": study.issuer,
        "birth_date": study.birth_date,
        "sex": study.sex,
        "accession_number": study.accession_number,
        "study_date": study.study_date,
        "study_time": study.study_time,
    }


def identify(session: Session, name: str) -> int:
    """Return the row of a series named by its number here or by its Series Instance UID, source or derived.

    Raises
    ------
    NotFound
        There is none, or the UID stands for several patients' series.
    """
    if name.isascii() and name.isdigit() and len(name) < 19:
        found = list(session.scalars(select(Series.id).where(Series.id == int(name))))
    else:
        found = list(session.scalars(select(Series.id).where(Series.series_instance_uid == name)))
        found = found or list(
            session.scalars(select(DerivedSeries.series_id).where(DerivedSeries.series_instance_uid == name))
        )
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(number) for number in found)
        raise NotFound(happened=f"it names {len(found)} series", subject=name, remedy=f"Use one of {numbers}.")
    raise NotFound(happened="no such series", subject=name, remedy="List them: dicom-node series list.")


def uid_of(session: Session, series_id: int) -> str:
    """Return the Series Instance UID of a row."""
    return session.scalars(select(Series.series_instance_uid).where(Series.id == series_id)).one()


def whole(session: Session, series_id: int) -> dict[str, Any]:
    """Return everything about one series.

    Parameters
    ----------
    session
        A reading session.
    series_id
        Row, see `identify`.

    Raises
    ------
    NotFound
        There is no such row.
    """
    head = _with_patient(session, select(Series.id).where(Series.id == series_id))
    if not head:
        raise NotFound(happened="no such series", subject=str(series_id), remedy="Look at the list.")
    figures = _executions(session, series_id)
    jobs = [{**job, **figures[job["id"]]} for job in head[0]["jobs"]]
    return {
        **head[0],
        "jobs": jobs,
        "revisions": _revisions(session, series_id),
        "objects": _instances(session, series_id),
        "receptions": _receptions(session, series_id),
        "alerts": alerts(session, series_id=series_id),
        "timeline": timeline(session, series_id),
    }


def _executions(session: Session, series_id: int) -> dict[int, dict[str, Any]]:
    return {
        job.id: {
            "figures": job.figures,
            "recipe": job.recipe,
            "execution": job.execution,
            "destinations": job.destinations,
            "priority": job.priority,
            "attempts": job.attempts,
            "created_at": job.created_at.isoformat(),
            "started_at": job.started_at.isoformat() if job.started_at else None,
            "ended_at": job.ended_at.isoformat() if job.ended_at else None,
        }
        for job in session.scalars(select(Job).where(Job.series_id == series_id))
    }


def _revisions(session: Session, series_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(Revision, Decision)
        .outerjoin(Decision, Decision.revision_id == Revision.id)
        .where(Revision.series_id == series_id)
        .order_by(Revision.number.desc())
    )
    return [
        {
            "number": revision.number,
            "state": revision.state,
            "complete": revision.complete,
            "why": revision.why,
            "cut_at": revision.cut_at.isoformat(),
            "digest": revision.digest,
            "instances": len(revision.instance_ids),
            "stacks": revision.stacks,
            "decision": _decision(decision) if decision else None,
        }
        for revision, decision in rows
    ]


def _decision(decision: Decision) -> dict[str, Any]:
    return {
        "rule": decision.rule,
        "reason_code": decision.reason_code,
        "reason": decision.reason,
        "rule_set_version": decision.rule_set_version,
        "decided_at": decision.decided_at.isoformat(),
        "tree": decision.tree,
    }


def _instances(session: Session, series_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(
            Instance.id,
            Instance.sop_instance_uid,
            Instance.sop_class_uid,
            Instance.transfer_syntax_uid,
            Instance.size,
            Instance.sha256,
            Instance.received_at,
            Instance.in_force,
            Instance.flags,
            Association.calling_ae,
        )
        .join(Association, Association.id == Instance.association_id)
        .where(Instance.series_id == series_id)
        .order_by(Instance.id)
    )
    return [{**row, "received_at": row["received_at"].isoformat()} for row in rows.mappings()]


def _receptions(session: Session, series_id: int) -> list[dict[str, Any]]:
    """List what came for this series and was not simply registered."""
    rows = session.scalars(
        select(Reception)
        .where(Reception.series_id == series_id, Reception.outcome != "registered")
        .order_by(Reception.id.desc())
        .limit(200)
    )
    return [
        {
            "at": row.received_at.isoformat(),
            "outcome": row.outcome,
            "reason": row.reason,
            "sop_instance_uid": row.sop_instance_uid,
            "path": row.path,
        }
        for row in rows
    ]
