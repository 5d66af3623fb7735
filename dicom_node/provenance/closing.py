"""When a revision is finished and when it is open again. Touches: database (moves revision)."""

from datetime import datetime

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from dicom_node.database.tables import Delivery, DerivedSeries, Job, Revision
from dicom_node.provenance.record import transition


def close_if_finished(session: Session, revision_id: int, *, at: datetime) -> bool:
    """Close a working revision that has no job queued or running and no delivery waiting or sending.

    To be called in the transaction that ends a job or a delivery.

    Returns
    -------
    bool
        Whether it was closed now.
    """
    derived = select(DerivedSeries.id).join(Job, Job.id == DerivedSeries.job_id).where(Job.revision_id == revision_id)
    busy = session.scalar(
        select(
            or_(
                exists().where(Job.revision_id == revision_id, Job.state.in_(("queued", "running"))),
                exists().where(
                    or_(Delivery.revision_id == revision_id, Delivery.derived_series_id.in_(derived)),
                    Delivery.state.in_(("waiting", "sending")),
                ),
            )
        )
    )
    revision = session.get(Revision, revision_id, populate_existing=True)
    if busy or revision is None or revision.state != "working":
        return False
    return transition(session, Revision, revision_id, "finished", at=at)


def reopen(session: Session, revision_id: int, *, at: datetime) -> None:
    """Put a closed revision back to work: released, retried, redone."""
    revision = session.get(Revision, revision_id, populate_existing=True)
    if revision is not None and revision.state == "closed":
        transition(session, Revision, revision_id, "reopened", at=at)


def revision_of(session: Session, delivery: Delivery) -> int:
    """Return the revision that a delivery belongs to."""
    if delivery.revision_id is not None:
        return delivery.revision_id
    job = select(Job.revision_id).join(DerivedSeries, DerivedSeries.job_id == Job.id)
    return session.scalars(job.where(DerivedSeries.id == delivery.derived_series_id)).one()
