"""Results of a second cut stay here until the series has been still for `completion.settle`."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from dicom_node.complete import cut
from dicom_node.database import tables
from dicom_node.database.engine import Database
from dicom_node.decide import act, rulebook
from dicom_node.deliver import rows
from dicom_node.provenance.record import begin, transition
from dicom_node.restore import actions
from dicom_node.restore.publish import deliver
from tests.support.clock import FixedClock
from tests.support.cuts import Scanner, quick_config

CONFIG = quick_config()
RULES = """\
rules:
  - name: CT
    when: {field: Modality, equals: CT}
    restore: [{pipeline: ct-nlm}]
    deliver_to: [pacs]
"""


def second_cut(database: Database, clock: FixedClock) -> datetime:
    """Cut a series twice and decide; returns when its last instance came."""
    names = rulebook.Names(pipelines=("ct-nlm",), destinations=("pacs",))
    rulebook.import_text(database, RULES, author="ann", why="test", clock=clock, names=names)
    scanner = Scanner(database, clock)
    scanner.push("1.2.3", 3)
    clock.advance(60)
    cut.sweep(database, CONFIG, clock)
    act.sweep(database, CONFIG, clock)
    scanner.open()
    scanner.send("1.2.3", 3)
    scanner.send("1.2.3", 4)
    last = clock.now()
    scanner.end()
    clock.advance(60)
    cut.sweep(database, CONFIG, clock)
    act.sweep(database, CONFIG, clock)
    return last


def publish(database: Database, clock: FixedClock, state: str) -> tables.Job:
    """End the job of the second cut with a result."""
    with database.write() as session:
        job = session.scalars(select(tables.Job).order_by(tables.Job.id.desc()).limit(1)).one()
        for cause in ("claimed", "published"):
            transition(session, tables.Job, job.id, cause, at=clock.now())
        derived = tables.DerivedSeries(
            job_id=job.id, series_id=job.series_id, series_instance_uid="2.25.1", description="", number=1,
            folder="derived/x", digest="", state=state, created_at=clock.now(),
        )  # fmt: skip
        begin(session, derived, cause="published", at=clock.now())
        if state == "released":
            deliver(session, job, derived, total=5, at=clock.now())
        return job


def due(database: Database, at: datetime) -> bool:
    with database.read() as session:
        return rows.next_due(session, "pacs", at) is not None


@pytest.fixture
def settled(database: Database, clock: FixedClock) -> datetime:
    return second_cut(database, clock) + timedelta(seconds=CONFIG.completion.settle)


def test_the_job_of_a_second_cut_knows_when_the_series_is_settled(database: Database, settled: datetime) -> None:
    with database.read() as session:
        until = session.scalars(select(tables.Job.settle_until).order_by(tables.Job.id)).all()
    assert until == [None, settled]


def test_a_result_is_not_due_before(database: Database, clock: FixedClock, settled: datetime) -> None:
    publish(database, clock, "released")
    assert clock.now() < settled
    assert not due(database, settled - timedelta(microseconds=1))
    assert due(database, settled)


def test_nor_is_one_that_a_person_releases(database: Database, clock: FixedClock, settled: datetime) -> None:
    job = publish(database, clock, "pending")
    actions.release(database, job.id, "Dr Roe", "looks right", clock)
    assert not due(database, settled - timedelta(microseconds=1))
    assert due(database, settled)


def test_one_that_comes_later_is_due_at_once(database: Database, clock: FixedClock, settled: datetime) -> None:
    clock.advance(600)
    publish(database, clock, "released")
    assert due(database, clock.now())
