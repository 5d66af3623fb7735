"""Originals that an earlier delivery brought to the same destination need not go again. Touches: database.

A late instance cuts a new revision, whose originals are for the most part those of the one before: a destination that
refuses duplicates would otherwise fail the delivery.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import Delivery, DeliveryInstance, Instance, Revision

_PORTION = 100


def carry_over(database: Database, delivery_id: int) -> int:
    """Count as sent, in a claimed delivery, what the destination has already; return how many.

    Only the very objects count: one that came again under its UID with corrected attributes is sent.
    """
    with database.read() as session:
        there = _there(session, session.get_one(Delivery, delivery_id))
    for start in range(0, len(there), _PORTION):
        portion = there[start : start + _PORTION]
        with database.write() as session:
            session.add_all(_copy(row, delivery_id) for row in portion)
            session.get_one(Delivery, delivery_id).sent += len(portion)
    return len(there)


def _there(session: Session, delivery: Delivery) -> list[DeliveryInstance]:
    if delivery.revision_id is None:
        return []
    known = set(
        session.scalars(select(DeliveryInstance.sop_instance_uid).where(DeliveryInstance.delivery_id == delivery.id))
    )
    last: dict[str, tuple[DeliveryInstance, set[int]]] = {}
    for earlier_id, instance_ids in session.execute(
        select(Delivery.id, Revision.instance_ids)
        .join(Revision, Revision.id == Delivery.revision_id)
        .where(
            Delivery.series_id == delivery.series_id,
            Delivery.destination == delivery.destination,
            Delivery.id < delivery.id,
        )
        .order_by(Delivery.id)
    ).all():
        sent = select(DeliveryInstance).where(
            DeliveryInstance.delivery_id == earlier_id, DeliveryInstance.sent_at.is_not(None)
        )
        last.update({row.sop_instance_uid: (row, set(instance_ids)) for row in session.scalars(sent)})
    if not last:
        return []
    wanted = set(session.get_one(Revision, delivery.revision_id).instance_ids)
    objects = session.execute(
        select(Instance.id, Instance.sop_instance_uid).where(Instance.series_id == delivery.series_id)
    )
    return [
        last[uid][0]
        for instance_id, uid in objects
        if instance_id in wanted and uid in last and instance_id in last[uid][1] and uid not in known
    ]


def _copy(row: DeliveryInstance, delivery_id: int) -> DeliveryInstance:
    return DeliveryInstance(
        delivery_id=delivery_id,
        sop_instance_uid=row.sop_instance_uid,
        status=row.status,
        comment=row.comment,
        sent_at=row.sent_at,
        tries=0,
        refusals=0,
    )
