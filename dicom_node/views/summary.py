"""Series with their jobs and deliveries, as lists show them. Touches: database (reads).

A fixed number of statements for any number of series.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from dicom_node.database.tables import (
    Decision,
    Delivery,
    DeliveryInstance,
    DerivedInstance,
    DerivedSeries,
    Instance,
    Job,
    Revision,
    Series,
    Study,
)
from dicom_node.views.counts import newest_revision_id, state_of

AWAITS_MORE = "awaits more objects"
AWAITS_DECISION = "awaits its decision"

SeriesIds = Select[int]


def summaries(session: Session, ids: SeriesIds) -> list[dict[str, Any]]:
    """Return series as in ``status --json``, the newest received first.

    Parameters
    ----------
    session
        A reading session.
    ids
        Selects the series.
    """
    instances = _count(session, select(Instance.series_id, func.count()), Instance.series_id, ids)
    deliveries = _deliveries(session, ids)
    jobs = _jobs(session, ids, deliveries)
    rows = session.execute(
        select(Series, Study.study_instance_uid, Revision, Decision)
        .join(Study, Study.id == Series.study_id)
        .outerjoin(Revision, Revision.id == newest_revision_id())
        .outerjoin(Decision, Decision.revision_id == Revision.id)
        .where(Series.id.in_(ids))
        .order_by(Series.last_received_at.desc(), Series.id.desc())
    )
    return [
        _head(series, study_uid, revision, decision)
        | {
            "instances": instances.get(series.id, 0),
            "deliveries": deliveries.of_originals[series.id],
            "jobs": jobs[series.id],
        }
        for series, study_uid, revision, decision in rows
    ]


def _head(series: Series, study_uid: str, revision: Revision | None, decision: Decision | None) -> dict[str, Any]:
    return {
        "id": series.id,
        "series_instance_uid": series.series_instance_uid,
        "study_instance_uid": study_uid,
        "modality": series.modality,
        "description": series.description,
        "state": state_of(series.awaiting, revision.state if revision else None),
        "instances": 0,
        "revision": revision.number if revision else None,
        "complete": revision.complete if revision else None,
        "rule": decision.rule if decision else None,
        "reason": _reason(series, revision, decision),
        "conflict": series.conflict,
        "calling_ae": revision.facts.get("derived", {}).get("calling_ae", "") if revision else "",
        "received_at": series.last_received_at.isoformat(),
    }


def _reason(series: Series, revision: Revision | None, decision: Decision | None) -> str:
    if series.awaiting:
        return AWAITS_MORE
    if decision is not None:
        return decision.reason
    return AWAITS_DECISION if revision is not None and revision.state == "cut" else ""


def _count(session: Session, statement: Any, column: Any, ids: SeriesIds) -> dict[int, int]:
    chosen = statement.where(column.in_(ids), Instance.in_force).group_by(column)
    return {key: count for key, count in session.execute(chosen)}


class _Deliveries:
    """Delivery entries by what they carry."""

    def __init__(self) -> None:
        self.of_originals: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        self.of_derived: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)


def _deliveries(session: Session, ids: SeriesIds) -> _Deliveries:
    found = _Deliveries()
    rows = session.execute(
        select(Delivery, Revision.number)
        .outerjoin(Revision, Revision.id == Delivery.revision_id)
        .where(Delivery.series_id.in_(ids))
        .order_by(Delivery.id)
    )
    for delivery, revision in rows:
        entry = {
            "id": delivery.id,
            "destination": delivery.destination,
            "state": delivery.state,
            "sent": delivery.sent,
            "total": delivery.total,
            "attempts": delivery.attempts,
            "error": delivery.error,
            "reason_code": delivery.reason_code,
        }
        if delivery.derived_series_id is not None:
            found.of_derived[delivery.derived_series_id].append(entry)
        else:
            found.of_originals[delivery.series_id].append({**entry, "revision": revision})
    return found


def _jobs(session: Session, ids: SeriesIds, deliveries: _Deliveries) -> defaultdict[int, list[dict[str, Any]]]:
    objects = select(DerivedInstance.derived_series_id, func.count()).join(DerivedSeries)
    objects = objects.where(DerivedSeries.series_id.in_(ids)).group_by(DerivedInstance.derived_series_id)
    made = {key: count for key, count in session.execute(objects)}
    turnaround = _turnaround(session, ids)
    rows = session.execute(
        select(Job, Revision.number, DerivedSeries)
        .join(Revision, Revision.id == Job.revision_id)
        .outerjoin(DerivedSeries, DerivedSeries.job_id == Job.id)
        .where(Job.series_id.in_(ids))
        .order_by(Job.id)
    )
    found: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for job, revision, derived in rows:
        found[job.series_id].append(
            {
                "id": job.id,
                "revision": revision,
                "pipeline": job.pipeline,
                "state": job.state,
                "reason": job.reason,
                "reason_code": job.reason_code,
                "derived_series_instance_uid": derived.series_instance_uid if derived else None,
                "derived_state": derived.state if derived else None,
                "release": job.release,
                "instances": made.get(derived.id, 0) if derived else 0,
                "turnaround_s": turnaround.get(derived.id) if derived else None,
                "deliveries": deliveries.of_derived[derived.id] if derived else [],
            }
        )
    return found


def _turnaround(session: Session, ids: SeriesIds) -> dict[int, float]:
    """Seconds from the last instance's receipt to the last delivered derived instance, by derived series."""
    delivered = (
        select(DerivedSeries.id, Job.revision_id, func.max(DeliveryInstance.sent_at))
        .join(Job, Job.id == DerivedSeries.job_id)
        .join(Delivery, Delivery.derived_series_id == DerivedSeries.id)
        .join(DeliveryInstance, DeliveryInstance.delivery_id == Delivery.id)
        .where(DerivedSeries.series_id.in_(ids), Delivery.state.in_(("delivered", "confirmed", "recalled")))
        .group_by(DerivedSeries.id, Job.revision_id)
    )
    rows = session.execute(delivered).all()
    received = _last_receipts(session, {revision for _, revision, _ in rows})
    return {
        derived: round((sent_at - received[revision]).total_seconds(), 3)
        for derived, revision, sent_at in rows
        if sent_at is not None and revision in received
    }


def _last_receipts(session: Session, revisions: Iterable[int]) -> dict[int, datetime]:
    last = (
        select(Revision.id, func.max(Instance.received_at))
        .join(Instance, Instance.series_id == Revision.series_id)
        .where(Revision.id.in_(revisions), Instance.received_at <= Revision.cut_at)
        .group_by(Revision.id)
    )
    return {key: received_at for key, received_at in session.execute(last)}
