"""A claimed delivery: what is still to be sent, and how far it is. Touches: database (writes delivery_instance)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from dicom_node.database.tables import (
    Delivery,
    DeliveryInstance,
    DerivedInstance,
    DerivedSeries,
    Instance,
    Revision,
    Series,
    Study,
)
from dicom_node.deliver.ending import Result
from dicom_node.deliver.send import Item
from dicom_node.storage.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Pending:
    """One object still to be sent.

    Attributes
    ----------
    may_have_arrived
        An earlier try ended without an answer.
    refusals
        How often the destination has refused it.
    """

    item: Item
    may_have_arrived: bool
    refusals: int


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """A claimed delivery with what is still to be sent.

    Attributes
    ----------
    originals
        The delivery of originals of its study to the same destination that waits for a person, with its state; None
        if there is none.
    """

    delivery_id: int
    claim: str
    destination: str
    derived: bool
    study_instance_uid: str
    series_instance_uid: str
    total: int
    sent: int
    attempts: int
    unknown_since: datetime | None
    pending: tuple[Pending, ...]
    originals: tuple[int, str] | None = None


def read(session: Session, delivery_id: int, layout: Layout) -> Parcel:
    """Read what a claimed delivery still has to send."""
    row = session.get_one(Delivery, delivery_id)
    study_instance_uid, series_instance_uid = address(session, row)
    progress = {
        known.sop_instance_uid: known
        for known in session.scalars(select(DeliveryInstance).where(DeliveryInstance.delivery_id == delivery_id))
    }
    return Parcel(
        delivery_id=row.id,
        claim=row.claim or "",
        destination=row.destination,
        derived=row.derived_series_id is not None,
        study_instance_uid=study_instance_uid,
        series_instance_uid=series_instance_uid,
        total=row.total,
        sent=sum(known.sent_at is not None for known in progress.values()),
        attempts=row.attempts,
        unknown_since=row.unknown_since,
        pending=tuple(_pending(_objects(session, row), progress, layout)),
        originals=_originals_outstanding(session, row) if row.derived_series_id is not None else None,
    )


def _originals_outstanding(session: Session, row: Delivery) -> tuple[int, str] | None:
    study_id = select(Series.study_id).where(Series.id == row.series_id).scalar_subquery()
    found = session.execute(
        select(Delivery.id, Delivery.state)
        .join(Series, Series.id == Delivery.series_id)
        .where(
            Series.study_id == study_id,
            Delivery.destination == row.destination,
            Delivery.revision_id.is_not(None),
            Delivery.state.in_(("held", "failed")),
        )
        .order_by(Delivery.id)
    ).first()
    return (found.id, found.state) if found is not None else None


def _pending(
    objects: Sequence[Instance | DerivedInstance], progress: Mapping[str, DeliveryInstance], layout: Layout
) -> Iterator[Pending]:
    for source in objects:
        known = progress.get(source.sop_instance_uid)
        if known is not None and known.sent_at is not None:
            continue
        yield Pending(
            item=Item(
                sop_instance_uid=source.sop_instance_uid,
                sop_class_uid=source.sop_class_uid,
                transfer_syntax_uid=source.transfer_syntax_uid,
                path=layout.absolute(source.path),
            ),
            may_have_arrived=known is not None and known.tries > known.refusals,
            refusals=known.refusals if known else 0,
        )


def address(session: Session, row: Delivery) -> tuple[str, str]:
    """Return Study and Series Instance UID of what a delivery carries."""
    series = session.get_one(Series, row.series_id)
    study = session.get_one(Study, series.study_id)
    if row.derived_series_id is None:
        return study.study_instance_uid, series.series_instance_uid
    return study.study_instance_uid, session.get_one(DerivedSeries, row.derived_series_id).series_instance_uid


def _objects(session: Session, row: Delivery) -> Sequence[Instance | DerivedInstance]:
    if row.derived_series_id is not None:
        return session.scalars(
            select(DerivedInstance)
            .where(DerivedInstance.derived_series_id == row.derived_series_id)
            .order_by(DerivedInstance.rank)
        ).all()
    wanted = session.get_one(Revision, row.revision_id).instance_ids
    known = {item.id: item for item in session.scalars(select(Instance).where(Instance.series_id == row.series_id))}
    return [known[instance_id] for instance_id in wanted]


def object_uids(session: Session, delivery_id: int) -> set[str]:
    """SOP Instance UIDs that a delivery consists of."""
    return {item.sop_instance_uid for item in _objects(session, session.get_one(Delivery, delivery_id))}


def intend(session: Session, parcel: Parcel, uids: Collection[str]) -> bool:
    """Count a try of these objects before they go out, so that a crash leaves a trace of it.

    Returns
    -------
    bool
        False, and nothing is counted, if the delivery was taken away.
    """
    if not is_ours(session, parcel):
        return False
    known = _progress(session, parcel.delivery_id, uids)
    for uid in uids:
        row = known.get(uid)
        if row is None:
            row = DeliveryInstance(delivery_id=parcel.delivery_id, sop_instance_uid=uid, tries=0, refusals=0)
            session.add(row)
        row.tries += 1
    return True


def is_ours(session: Session, parcel: Parcel) -> bool:
    """Whether the delivery is still being sent under this claim."""
    row = session.get_one(Delivery, parcel.delivery_id)
    return row.state == "sending" and row.claim == parcel.claim


def record(session: Session, parcel: Parcel, tried: Collection[str], results: Iterable[Result], at: datetime) -> None:
    """Write what became of objects announced by `intend`; those without a result were not tried after all."""
    known = _progress(session, parcel.delivery_id, tried)
    reached, sent = set(), 0
    for result in results:
        row = known[result.sop_instance_uid]
        reached.add(result.sop_instance_uid)
        row.status, row.comment = result.status, result.comment[:256]
        row.refusals += result.refused
        if result.sent:
            row.sent_at, sent = at, sent + 1
    for uid in set(tried) - reached:
        known[uid].tries -= 1
    session.execute(
        update(Delivery)
        .where(Delivery.id == parcel.delivery_id, Delivery.claim == parcel.claim)
        .values(sent=Delivery.sent + sent)
    )


def _progress(session: Session, delivery_id: int, uids: Collection[str]) -> dict[str, DeliveryInstance]:
    rows = session.scalars(
        select(DeliveryInstance).where(
            DeliveryInstance.delivery_id == delivery_id, DeliveryInstance.sop_instance_uid.in_(uids)
        )
    )
    return {row.sop_instance_uid: row for row in rows}
