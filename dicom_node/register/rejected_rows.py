"""What a rejection note does to instances, and to jobs and deliveries that were made of them. Touches: database."""

from datetime import datetime

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from dicom_node.database.tables import Delivery, DerivedSeries, Instance, Job, Revision, Series
from dicom_node.domain.reasons import Reason
from dicom_node.domain.states import DELIVERY, DERIVED_SERIES, JOB
from dicom_node.provenance.closing import close_if_finished
from dicom_node.provenance.record import alert, amend, note, transition
from dicom_node.register.rejection import KEY_OBJECT_SELECTION, Note, note_of

_LEFT_THE_NODE = ("delivered", "confirmed")


def notes_of_study(session: Session, study_id: int) -> list[Note]:
    """Return the notes of a study, oldest first: they also count for what comes after them."""
    rows = session.execute(
        select(Instance.sop_class_uid, Instance.attributes)
        .join(Series, Series.id == Instance.series_id)
        .where(Series.study_id == study_id, Series.modality == "KO", Instance.sop_class_uid == KEY_OBJECT_SELECTION)
        .order_by(Instance.id)
    )
    found = (note_of(sop_class_uid, attributes) for sop_class_uid, attributes in rows)
    return [one for one in found if one is not None]


def apply_note(session: Session, told: Note, *, study_id: int, series_id: int, at: datetime) -> None:
    """Take the instances it names out of force and cancel what was made of them.

    A note of expired retention, and one with another title, leaves an event and changes nothing.

    Parameters
    ----------
    study_id
        Only instances of the note's own study are touched.
    series_id
        Series of the note itself.
    """
    payload = {"code": told.code, "references": len(told.references)}
    cause = "rejection note" if told.rejects else "retention note" if told.ends_retention else "note without effect"
    note(session, subject=f"series:{series_id}", cause=cause, at=at, payload=payload, series_id=series_id)
    if not told.rejects:
        return
    rejected: dict[int, set[int]] = {}
    in_force = (
        select(Instance.id, Instance.sop_instance_uid)
        .join(Series, Series.id == Instance.series_id)
        .where(Series.study_id == study_id, Instance.in_force)
    )
    for instance_id, uid in session.execute(in_force).all():
        if uid in told.references:
            instance = session.get_one(Instance, instance_id)
            amend(session, instance, f"rejected ({told.code})", at=at, in_force=False)
            rejected.setdefault(instance.series_id, set()).add(instance_id)
    for touched, instance_ids in rejected.items():
        _reject_work(session, touched, instance_ids, told.code, at)


def _reject_work(session: Session, series_id: int, instance_ids: set[int], code: str, at: datetime) -> None:
    series = session.get_one(Series, series_id)
    left = session.scalar(select(Instance.id).where(Instance.series_id == series_id, Instance.in_force).limit(1))
    series.awaiting = left is not None
    for revision in session.scalars(select(Revision).where(Revision.series_id == series_id)).all():
        if not instance_ids & set(revision.instance_ids):
            continue
        _reject_jobs(session, revision.id, code, at)
        if _reject_deliveries(session, revision.id, code, at):
            message = f"instances that were delivered have been rejected by a note ({code})"
            alert(session, kind="rejected after delivery", message=message, at=at, series_id=series_id)
        close_if_finished(session, revision.id, at=at)


def _reject_jobs(session: Session, revision_id: int, code: str, at: datetime) -> None:
    why = Reason(code="rejected", values={"code": code})
    for job_id, state in session.execute(select(Job.id, Job.state).where(Job.revision_id == revision_id)).all():
        if JOB.allows(state, "rejected"):
            transition(session, Job, job_id, "rejected", at=at, reason_code=why.code, reason=why.sentence, ended_at=at)
            session.execute(update(Job).where(Job.id == job_id).values(claim=None, worker=None))
    derived = select(DerivedSeries, Job).join(Job, Job.id == DerivedSeries.job_id)
    for result, job in session.execute(derived.where(Job.revision_id == revision_id)).all():
        if DERIVED_SERIES.allows(result.state, "rejected"):
            transition(session, DerivedSeries, result.id, "rejected", at=at)
            if job.state == "done":
                amend(session, job, "rejected", at=at, reason_code=why.code, reason=why.sentence)


def _reject_deliveries(session: Session, revision_id: int, code: str, at: datetime) -> bool:
    """Cancel what has not left; return whether something has."""
    why = Reason(code="rejected", values={"code": code})
    derived = select(DerivedSeries.id).join(Job, Job.id == DerivedSeries.job_id).where(Job.revision_id == revision_id)
    rows = session.execute(
        select(Delivery.id, Delivery.state).where(
            or_(Delivery.revision_id == revision_id, Delivery.derived_series_id.in_(derived))
        )
    ).all()
    for delivery_id, state in rows:
        if DELIVERY.allows(state, "rejected"):
            transition(
                session, Delivery, delivery_id, "rejected", at=at, reason_code=why.code, error=why.sentence, ended_at=at
            )
            session.execute(update(Delivery).where(Delivery.id == delivery_id).values(claim=None, worker=None))
    return any(state in _LEFT_THE_NODE for _, state in rows)
