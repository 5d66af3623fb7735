"""Every table of the node (DESIGN of the data: one row per noun). Touches: nothing; describes the database.

Rows that have a state are born and moved only by `dicom_node.provenance.record`.
"""

from datetime import UTC, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, DateTime, Dialect, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

Json = dict[str, Any]


class UtcDateTime(TypeDecorator[datetime]):
    """Aware in the program, UTC without a zone in the database."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive times, store UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone was given to the database")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give UTC back as an aware time."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """Common mapping of Python types to columns."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: UtcDateTime,
        Json: JSON,
        list[int]: JSON,
        list[str]: JSON,
        list[Json]: JSON,
        str: String,
    }


class Node(Base):
    """The one row of this installation; heads the chain of what belongs to no series."""

    __tablename__ = "node"
    id: Mapped[int] = mapped_column(primary_key=True)
    installation_id: Mapped[str]
    chain_head: Mapped[str] = mapped_column(default="")
    chain_count: Mapped[int] = mapped_column(default=0)


class Association(Base):
    """One association that brought something, from its journal."""

    __tablename__ = "association"
    id: Mapped[int] = mapped_column(primary_key=True)
    folder: Mapped[str] = mapped_column(unique=True)
    calling_ae: Mapped[str]
    called_ae: Mapped[str]
    address: Mapped[str]
    peer: Mapped[str] = mapped_column(default="")
    opened_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(default="open")  # open | released | aborted
    stored: Mapped[int] = mapped_column(default=0)
    disk_faults: Mapped[int] = mapped_column(default=0)  # lines of the journal that have become alerts
    __table_args__ = (Index("ix_association_outcome", "outcome"), Index("ix_association_peer", "calling_ae", "id"))


class Study(Base):
    """A study as its patient's identity and UID define it."""

    __tablename__ = "study"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_instance_uid: Mapped[str]
    patient_id: Mapped[str]
    issuer: Mapped[str]
    patient_name: Mapped[str]
    birth_date: Mapped[str]
    sex: Mapped[str]
    accession_number: Mapped[str]
    study_date: Mapped[str]
    study_time: Mapped[str]
    study_id: Mapped[str]
    __table_args__ = (UniqueConstraint("study_instance_uid", "patient_id", "issuer"),)


class Series(Base):
    """A series; keeps the head and count of its own chain of events."""

    __tablename__ = "series"
    id: Mapped[int] = mapped_column(primary_key=True)
    study_id: Mapped[int] = mapped_column(ForeignKey("study.id"), index=True)
    series_instance_uid: Mapped[str] = mapped_column(index=True)
    modality: Mapped[str]
    description: Mapped[str]
    number: Mapped[str]
    awaiting: Mapped[bool] = mapped_column(default=True, index=True)
    first_received_at: Mapped[datetime]
    last_received_at: Mapped[datetime] = mapped_column(index=True)
    conflict: Mapped[bool] = mapped_column(default=False, index=True)
    chain_head: Mapped[str] = mapped_column(default="")
    chain_count: Mapped[int] = mapped_column(default=0)
    __table_args__ = (UniqueConstraint("study_id", "series_instance_uid"),)


class Instance(Base):
    """One stored object with an identity."""

    __tablename__ = "instance"
    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    association_id: Mapped[int] = mapped_column(ForeignKey("association.id"))
    sop_instance_uid: Mapped[str] = mapped_column(index=True)
    sop_class_uid: Mapped[str]
    transfer_syntax_uid: Mapped[str]
    path: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]
    sha256: Mapped[str]
    pixel_digest: Mapped[str]
    identity_digest: Mapped[str]
    received_at: Mapped[datetime]
    in_force: Mapped[bool] = mapped_column(default=True)
    file_deleted_at: Mapped[datetime | None]  # by retention; the row stays
    flags: Mapped[list[str]] = mapped_column(default=list)
    attributes: Mapped[Json]
    __table_args__ = (Index("ix_instance_series", "series_id", "in_force"),)


class Reception(Base):
    """One received file and what became of it; the path is how a file without a row is found."""

    __tablename__ = "reception"
    id: Mapped[int] = mapped_column(primary_key=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("association.id"), index=True)
    path: Mapped[str] = mapped_column(unique=True)
    size: Mapped[int]
    sha256: Mapped[str]
    received_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(index=True)  # registered | duplicate | correction | conflict | quarantined
    reason_code: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    sop_instance_uid: Mapped[str] = mapped_column(default="")
    instance_id: Mapped[int | None] = mapped_column(ForeignKey("instance.id"), index=True)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))


class Revision(Base):
    """An immutable cut of a series."""

    __tablename__ = "revision"
    id: Mapped[int] = mapped_column(primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"))
    number: Mapped[int]
    state: Mapped[str] = mapped_column(index=True)
    instance_ids: Mapped[list[int]]
    digest: Mapped[str]
    facts: Mapped[Json]
    facts_digest: Mapped[str]
    stacks: Mapped[list[Json]]
    complete: Mapped[bool]
    why: Mapped[str]
    evidence: Mapped[Json]
    cut_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("series_id", "number"),)


class RuleSet(Base):
    """One version of the rules; the highest version is in force."""

    __tablename__ = "rule_set"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(unique=True)
    text: Mapped[str]
    digest: Mapped[str]
    author: Mapped[str]
    why: Mapped[str]
    created_at: Mapped[datetime]


class Decision(Base):
    """What was decided on a revision, with every clause."""

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"), unique=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    rule_set_version: Mapped[int]
    rule: Mapped[str | None]
    reason_code: Mapped[str]
    reason: Mapped[str]
    tree: Mapped[Json]
    tree_digest: Mapped[str]
    facts_digest: Mapped[str]
    decided_at: Mapped[datetime]


class Job(Base):
    """One restoration of one revision by one recipe."""

    __tablename__ = "job"
    id: Mapped[int] = mapped_column(primary_key=True)
    revision_id: Mapped[int] = mapped_column(ForeignKey("revision.id"))
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    pipeline: Mapped[str]
    recipe: Mapped[Json]
    recipe_digest: Mapped[str]
    destinations: Mapped[list[str]]
    priority: Mapped[int]
    release: Mapped[str]
    expires_at: Mapped[datetime | None]
    settle_until: Mapped[datetime | None]
    state: Mapped[str]
    reason_code: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    claim: Mapped[str | None]
    worker: Mapped[str | None]  # start id of the worker that holds the claim
    attempts: Mapped[int] = mapped_column(default=0)
    series_number: Mapped[int | None]
    figures: Mapped[list[Json]] = mapped_column(default=list)
    execution: Mapped[Json] = mapped_column(default=dict)  # device, precision, versions
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (UniqueConstraint("revision_id", "recipe_digest"), Index("ix_job_state", "state", "priority"))


class DerivedSeries(Base):
    """A published derived series."""

    __tablename__ = "derived_series"
    id: Mapped[int] = mapped_column(primary_key=True)
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), unique=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    series_instance_uid: Mapped[str] = mapped_column(index=True)
    description: Mapped[str]
    number: Mapped[int]
    folder: Mapped[str]
    digest: Mapped[str]  # over the sorted (SOP UID, pixel digest) of its instances
    state: Mapped[str]
    created_at: Mapped[datetime]


class DerivedInstance(Base):
    """One object of a derived series."""

    __tablename__ = "derived_instance"
    id: Mapped[int] = mapped_column(primary_key=True)
    derived_series_id: Mapped[int] = mapped_column(ForeignKey("derived_series.id"), index=True)
    sop_instance_uid: Mapped[str] = mapped_column(unique=True)
    sop_class_uid: Mapped[str]
    transfer_syntax_uid: Mapped[str]
    path: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]  # of the file
    pixel_digest: Mapped[str]
    source_instance_id: Mapped[int] = mapped_column(ForeignKey("instance.id"))
    rank: Mapped[int]
    file_deleted_at: Mapped[datetime | None]  # by retention; the row stays


class Delivery(Base):
    """One derived series, or the originals of one revision, to one destination."""

    __tablename__ = "delivery"
    id: Mapped[int] = mapped_column(primary_key=True)
    destination: Mapped[str]
    series_id: Mapped[int] = mapped_column(ForeignKey("series.id"), index=True)
    derived_series_id: Mapped[int | None] = mapped_column(ForeignKey("derived_series.id"))
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("revision.id"))  # originals of this revision
    state: Mapped[str]
    total: Mapped[int]
    sent: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    unknown_since: Mapped[datetime | None]  # the destination said first that it does not know the study
    reason_code: Mapped[str] = mapped_column(default="")
    error: Mapped[str | None]
    claim: Mapped[str | None]
    worker: Mapped[str | None]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("derived_series_id", "destination"),
        UniqueConstraint("revision_id", "destination"),
        Index("ix_delivery_queue", "state", "destination", "not_before"),
    )


class DeliveryInstance(Base):
    """Progress of one object of a delivery."""

    __tablename__ = "delivery_instance"
    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("delivery.id"))
    sop_instance_uid: Mapped[str]
    status: Mapped[int | None]  # DIMSE status of the last try
    tries: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    comment: Mapped[str] = mapped_column(default="")
    __table_args__ = (UniqueConstraint("delivery_id", "sop_instance_uid"),)


class DestinationPause(Base):
    """A destination that a person has paused."""

    __tablename__ = "destination_pause"
    destination: Mapped[str] = mapped_column(primary_key=True)
    who: Mapped[str]
    why: Mapped[str]
    since: Mapped[datetime]
    until: Mapped[datetime | None]


class ProvenanceEvent(Base):
    """One link of a chain."""

    __tablename__ = "provenance_event"
    id: Mapped[int] = mapped_column(primary_key=True)
    chain: Mapped[str]  # "series:<id>" or "node"
    seq: Mapped[int]
    at: Mapped[datetime]
    subject: Mapped[str]  # "<table>:<id>"
    cause: Mapped[str]
    payload: Mapped[Json]
    prev_hash: Mapped[str]
    hash: Mapped[str]
    __table_args__ = (UniqueConstraint("chain", "seq"), Index("ix_event_subject", "subject"))


class Checkpoint(Base):
    """A signed root over all chain heads; the signed file outside the database is the proof."""

    __tablename__ = "checkpoint"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    chains: Mapped[int]
    events: Mapped[int]
    root: Mapped[str]
    signature: Mapped[str]
    path: Mapped[str]


class Alert(Base):
    """Something a person should know; equal open ones are one row with a count."""

    __tablename__ = "alert"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    key: Mapped[str]  # equal open alerts share it
    message: Mapped[str]
    count: Mapped[int] = mapped_column(default=1)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"), index=True)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (Index("ix_alert_open", "ended_at", "key"),)
