"""Births, moves and their events."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert, Association, ProvenanceEvent, Reception, Revision, Series, Study
from dicom_node.domain.states import IllegalTransition
from dicom_node.provenance.record import alert, begin, begin_all, note, transition

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)


def make_revision(database: Database) -> int:
    with database.write() as session:
        study = Study(
            study_instance_uid="1.2", patient_id="P", issuer="", patient_name="", birth_date="", sex="",
            accession_number="", study_date="", study_time="", study_id="",
        )  # fmt: skip
        session.add(study)
        session.flush()
        series = Series(
            study_id=study.id, series_instance_uid="1.2.3", modality="CT", description="", number="1",
            first_received_at=AT, last_received_at=AT,
        )  # fmt: skip
        begin(session, series, cause="first instance", at=AT)
        revision = Revision(
            series_id=series.id, number=1, state="cut", instance_ids=[1], digest="d", facts={}, facts_digest="f",
            stacks=[], complete=True, why="quiet", evidence={}, cut_at=AT,
        )  # fmt: skip
        begin(session, revision, cause="quiet", at=AT)
        return revision.id


def test_every_move_links_to_the_one_before(database: Database) -> None:
    revision_id = make_revision(database)
    with database.write() as session:
        assert transition(session, Revision, revision_id, "decided", at=AT)
    with database.read() as session:
        events = session.scalars(select(ProvenanceEvent).order_by(ProvenanceEvent.seq)).all()
        series = session.scalars(select(Series)).one()
    assert [event.cause for event in events] == ["first instance", "quiet", "decided"]
    assert [event.prev_hash for event in events] == ["", events[0].hash, events[1].hash]
    assert (series.chain_head, series.chain_count) == (events[-1].hash, 3)
    assert events[-1].payload == {"columns": {"state": "working"}}


def test_births_in_one_piece_are_chained_one_by_one(database: Database) -> None:
    make_revision(database)
    with database.write() as session:
        association = Association(folder="a", calling_ae="", called_ae="", address="", opened_at=AT)
        session.add(association)
        session.flush()
        receptions = [
            Reception(association_id=association.id, path=path, size=1, sha256="", received_at=AT, outcome="registered",
                      series_id=1)
            for path in "abc"
        ]  # fmt: skip
        begin_all(session, [(row, f"cause {row.path}") for row in receptions], at=AT)
    with database.read() as session:
        events = session.scalars(select(ProvenanceEvent).order_by(ProvenanceEvent.id)).all()
        series = session.scalars(select(Series)).one()
    assert [event.cause for event in events[2:]] == ["cause a", "cause b", "cause c"]
    assert [event.payload["columns"]["path"] for event in events[2:]] == ["a", "b", "c"]
    assert [event.prev_hash for event in events[1:]] == [event.hash for event in events[:-1]]
    assert (series.chain_head, series.chain_count) == (events[-1].hash, len(events))


def test_events_of_a_transaction_that_fails_leave_the_chain_as_it_was(database: Database) -> None:
    revision_id = make_revision(database)
    with pytest.raises(IllegalTransition), database.write() as session:
        transition(session, Revision, revision_id, "decided", at=AT)
        transition(session, Revision, revision_id, "decided", at=AT)
    with database.write() as session:
        transition(session, Revision, revision_id, "decided", at=AT)
    with database.read() as session:
        assert session.scalars(select(ProvenanceEvent.seq).order_by(ProvenanceEvent.seq)).all() == [1, 2, 3]


def test_a_cause_outside_the_table_changes_nothing(database: Database) -> None:
    revision_id = make_revision(database)
    with pytest.raises(IllegalTransition), database.write() as session:
        transition(session, Revision, revision_id, "finished", at=AT)
    with database.read() as session:
        assert session.get(Revision, revision_id).state == "cut"
        assert len(session.scalars(select(ProvenanceEvent)).all()) == 2


def test_what_belongs_to_no_series_goes_to_the_node(database: Database) -> None:
    with database.write() as session:
        note(session, subject="node", cause="started", at=AT, payload={"version": "0"})
    with database.read() as session:
        assert session.scalars(select(ProvenanceEvent.chain)).all() == ["node"]


def test_equal_open_alerts_are_one_line_with_a_count(database: Database) -> None:
    for message in ("first", "second"):
        with database.write() as session:
            alert(session, kind="disk fault", message=message, at=AT)
    with database.read() as session:
        row = session.scalars(select(Alert)).one()
    assert (row.count, row.message) == (2, "second")
