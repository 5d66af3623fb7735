"""Rows of associations, receptions, studies, series and instances. Touches: database."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.tables import Association, Instance, Reception, Series, Study
from dicom_node.domain.series import Attributes, SeriesUid, SopUid, StudyUid
from dicom_node.provenance.finding import STORED_AGAIN
from dicom_node.provenance.record import alert, amend, begin, begin_all
from dicom_node.register.identity import Candidate, Identity, Outcome
from dicom_node.register.places import Places, study_columns
from dicom_node.register.planned import Planned
from dicom_node.register.rejected_rows import apply_note
from dicom_node.register.rejection import note_of, rejected_by
from dicom_node.storage.journal import JournalRecord

Outcomes = dict[str, bool]
"""Paths that have a reception, and whether the file is a superfluous duplicate."""
_NOBODY: Final = ""


def save_association(session: Session, folder: str, journal: JournalRecord, *, dead: bool, at: datetime) -> int:
    """Insert or refresh the row of an association folder, and raise an alert for each new disk fault.

    Parameters
    ----------
    folder
        Relative to the data folder.
    journal
        What it says now.
    dead
        Its receiver is gone: without an end it was aborted.
    """
    row = session.scalar(select(Association).where(Association.folder == folder))
    opening = journal.opening
    if row is None:
        row = Association(folder=folder, calling_ae=_NOBODY, called_ae=_NOBODY, address=_NOBODY, opened_at=at)
        row.disk_faults, row.outcome = 0, "open"
        session.add(row)
    if opening is not None:
        row.calling_ae, row.called_ae, row.address = opening.calling_ae, opening.called_ae, opening.address
        row.peer, row.opened_at = opening.peer, opening.at
    if journal.outcome != "open":
        row.outcome, row.ended_at, row.stored = journal.outcome, journal.ended_at, journal.stored
    elif dead and row.outcome == "open":
        row.outcome, row.ended_at = "aborted", at
    for fault in journal.faults[row.disk_faults :]:
        alert(session, kind="disk fault", message=f"an object was refused: {fault.error}", at=at, key="disk fault")
    row.disk_faults = len(journal.faults)
    session.flush()
    return row.id


def receptions(session: Session, association_id: int) -> Outcomes:
    """Return which files of an association have a reception."""
    found = session.execute(
        select(Reception.path, Reception.outcome, Instance.path)
        .outerjoin(Instance, Instance.id == Reception.instance_id)
        .where(Reception.association_id == association_id)
    )
    return {path: outcome == Outcome.DUPLICATE and path != kept for path, outcome, kept in found}


def paths_in_force(session: Session) -> list[str]:
    """Return the files that instances in force need."""
    return list(session.scalars(select(Instance.path).where(Instance.in_force).order_by(Instance.id)))


def known(session: Session, sop_instance_uids: Collection[str]) -> dict[str, list[Candidate]]:
    """Return the objects that are there under each SOP Instance UID, oldest first."""
    found: dict[str, list[Candidate]] = {}
    rows = session.execute(
        select(Instance, Series.series_instance_uid, Study)
        .join(Series, Series.id == Instance.series_id)
        .join(Study, Study.id == Series.study_id)
        .where(Instance.sop_instance_uid.in_(sop_instance_uids))
        .order_by(Instance.id)
    )
    for instance, series_uid, study in rows:
        found.setdefault(instance.sop_instance_uid, []).append(_candidate(instance, series_uid, study))
    return found


def _candidate(instance: Instance, series_uid: str, study: Study) -> Candidate:
    return Candidate(
        path=instance.path,
        identity=Identity(
            patient_id=study.patient_id,
            issuer=study.issuer,
            study_instance_uid=StudyUid(study.study_instance_uid),
            series_instance_uid=SeriesUid(series_uid),
            sop_class_uid=instance.sop_class_uid,
            sop_instance_uid=SopUid(instance.sop_instance_uid),
        ),
        transfer_syntax_uid=instance.transfer_syntax_uid,
        sha256=instance.sha256,
        pixel_digest=instance.pixel_digest,
        attributes=instance.attributes,
        in_force=instance.in_force,
        file_deleted=instance.file_deleted_at is not None,
    )


def fresh(session: Session, batch: Sequence[Planned], compared: Iterable[str]) -> bool:
    """Whether the batch may be written as it was compared.

    Not if somebody has registered a file of it, or an object of its UIDs, meanwhile, nor if retention has taken the
    file that makes one of its own superfluous.
    """
    paths = [planned.arrival.path for planned in batch]
    uids = [planned.sop_instance_uid for planned in batch if planned.candidate is not None]
    taken = session.scalar(select(Reception.id).where(Reception.path.in_(paths)).limit(1))
    now = session.execute(
        select(Instance.path, Instance.file_deleted_at).where(Instance.sop_instance_uid.in_(uids))
    ).all()
    relied_on = {one.verdict.known.path for one in batch if one.superfluous and one.verdict.known is not None}
    gone = {path for path, deleted_at in now if deleted_at is not None}
    return taken is None and {path for path, _ in now} <= set(compared) and not gone & relied_on


def store(session: Session, batch: Sequence[Planned], *, at: datetime) -> None:
    """Write all rows of a batch, in its order; new objects that come one after the other are written in one piece."""
    places = Places(session, at)
    for is_new, run in groupby(batch, _is_new):
        if is_new:
            _instances(places, list(run))
            continue
        for planned in run:
            if planned.verdict.outcome is Outcome.QUARANTINED:
                _quarantine(session, planned, at)
            elif planned.verdict.outcome is Outcome.DUPLICATE:
                _duplicate(session, planned, at)
            elif planned.candidate is not None:
                _instance(places, planned, planned.candidate)


def _is_new(planned: Planned) -> bool:
    """Whether it touches nothing that was there before: no correction, no conflict, no rejection note."""
    candidate = planned.candidate
    is_note = candidate is not None and note_of(candidate.identity.sop_class_uid, candidate.attributes) is not None
    return planned.verdict.outcome is Outcome.REGISTERED and not is_note


def _instances(places: Places, run: Sequence[Planned]) -> None:
    made: list[tuple[Planned, Instance, str]] = []
    for planned in run:
        if planned.candidate is not None:
            made.append((planned, *_born(places, planned, planned.candidate)))
    begin_all(places.session, [(row, cause) for _, row, cause in made], at=places.at)
    receptions = [(_reception(planned, row), planned.verdict.outcome.value) for planned, row, _ in made]
    begin_all(places.session, receptions, at=places.at)


def _quarantine(session: Session, planned: Planned, at: datetime) -> None:
    begin(session, _reception(planned), cause="quarantined", at=at)
    why = planned.verdict.reason
    if why is not None:
        peer = session.scalars(
            select(Association.calling_ae).where(Association.id == planned.arrival.association_id)
        ).one()
        alert(
            session, kind="quarantined", message=f"{peer}: {why.sentence}", at=at, key=f"quarantined:{why.code}:{peer}"
        )


def _duplicate(session: Session, planned: Planned, at: datetime) -> None:
    instance = _known_row(session, planned)
    begin(session, _reception(planned, instance), cause="duplicate", at=at)
    if planned.stored_again and planned.candidate is not None:
        instance.transfer_syntax_uid = planned.candidate.transfer_syntax_uid
        amend(
            session,
            instance,
            STORED_AGAIN,
            at=at,
            path=planned.arrival.path,
            size=planned.arrival.size,
            sha256=planned.arrival.sha256,
            pixel_digest=planned.candidate.pixel_digest,
            received_at=planned.arrival.received_at,
            file_deleted_at=None,
        )


def _instance(places: Places, planned: Planned, candidate: Candidate) -> None:
    session, at = places.session, places.at
    outcome = planned.verdict.outcome
    former = None if outcome is Outcome.REGISTERED else _known_row(session, planned)
    row, cause = _born(places, planned, candidate, former)
    begin(session, row, cause=cause, at=at)
    begin(session, _reception(planned, row), cause=outcome.value, at=at)
    series = session.get_one(Series, row.series_id)
    if outcome is Outcome.CORRECTION and former is not None:
        _correct(session, former, series, candidate.attributes, at)
    if outcome is Outcome.CONFLICT and former is not None:
        _flag_conflict(session, planned, {series.id, former.series_id}, at)
    note = note_of(row.sop_class_uid, candidate.attributes)
    if note is not None:
        places.forget_notes(series.study_id)
        apply_note(session, note, study_id=series.study_id, series_id=series.id, at=at)


def _born(
    places: Places, planned: Planned, candidate: Candidate, former: Instance | None = None
) -> tuple[Instance, str]:
    """Return the new row of an object, not inserted yet, and the cause of its birth; its series awaits a cut."""
    series = places.series(candidate, planned.arrival.received_at)
    series.awaiting = True
    outcome = planned.verdict.outcome
    beside = outcome is Outcome.CONFLICT and former is not None and former.series_id == series.id
    rejected = rejected_by(places.notes(series.study_id), candidate.identity.sop_instance_uid)
    row = _instance_row(planned, candidate, series.id, in_force=not beside and rejected is None)
    return row, outcome.value if rejected is None else f"{outcome}, rejected ({rejected})"


def _instance_row(planned: Planned, candidate: Candidate, series_id: int, *, in_force: bool) -> Instance:
    return Instance(
        series_id=series_id,
        association_id=planned.arrival.association_id,
        sop_instance_uid=candidate.identity.sop_instance_uid,
        sop_class_uid=candidate.identity.sop_class_uid,
        transfer_syntax_uid=candidate.transfer_syntax_uid,
        path=candidate.path,
        size=planned.arrival.size,
        sha256=planned.arrival.sha256,
        pixel_digest=candidate.pixel_digest,
        identity_digest=planned.identity_digest,
        received_at=planned.arrival.received_at,
        in_force=in_force,
        flags=list(planned.flags),
        attributes=dict(candidate.attributes),
    )


def _reception(planned: Planned, instance: Instance | None = None) -> Reception:
    why = planned.verdict.reason
    return Reception(
        association_id=planned.arrival.association_id,
        path=planned.arrival.path,
        size=planned.arrival.size,
        sha256=planned.arrival.sha256,
        received_at=planned.arrival.received_at,
        outcome=planned.verdict.outcome.value,
        reason_code="" if why is None else why.code,
        reason="" if why is None else why.sentence,
        sop_instance_uid=planned.sop_instance_uid,
        instance_id=None if instance is None else instance.id,
        series_id=None if instance is None else instance.series_id,
    )


def _known_row(session: Session, planned: Planned) -> Instance:
    path = planned.verdict.known.path if planned.verdict.known is not None else ""
    return session.scalars(select(Instance).where(Instance.path == path)).one()


def _correct(session: Session, former: Instance, series: Series, attributes: Attributes, at: datetime) -> None:
    """Take the former out of force and let the study say what the corrected object says."""
    if former.in_force:
        amend(session, former, "corrected", at=at, in_force=False)
    study = session.get_one(Study, series.study_id)
    for column, value in study_columns(attributes).items():
        setattr(study, column, value)


def _flag_conflict(session: Session, planned: Planned, series_ids: Collection[int], at: datetime) -> None:
    why = planned.verdict.reason
    for series in session.scalars(select(Series).where(Series.id.in_(series_ids))):
        series.conflict = series.awaiting = True
        message = f"{why.sentence if why is not None else ''}: {planned.sop_instance_uid}"
        alert(session, kind="conflict", message=message, at=at, series_id=series.id)
