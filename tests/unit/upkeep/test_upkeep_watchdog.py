"""What people are told without asking."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert, Delivery, Job
from dicom_node.domain.states import TABLES
from dicom_node.provenance.record import alert, begin, transition
from dicom_node.upkeep import watchdog
from tests.support.deliveries import World, deliver_result, make_delivered_series, make_world


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    world = make_world(tmp_path, database)
    storage = world.config.storage.model_copy(update={"min_free_gb": 0.0})
    world.config = world.config.model_copy(update={"storage": storage})
    return world


def sweep(world: World) -> list[tuple[str, int]]:
    watchdog.sweep(world.database, world.layout, world.config, world.clock)
    with world.database.read() as session:
        rows = session.scalars(select(Alert).where(Alert.ended_at.is_(None)).order_by(Alert.id))
        return [(row.message, row.count) for row in rows]


def test_nothing_is_said_while_all_is_in_time(world: World) -> None:
    deliver_result(world, make_delivered_series(world))
    assert sweep(world) == []


def test_what_stays_too_long_is_told_once_and_ends_by_itself(world: World) -> None:
    delivery = deliver_result(world, make_delivered_series(world))
    world.clock.advance(timedelta(hours=25).total_seconds())
    first, again = sweep(world), sweep(world)
    assert first == again
    assert ("delivery 1 has been «waiting» for longer than 24 h", 1) in first
    with world.database.write() as session:
        transition(session, Delivery, delivery, "cancelled by a person", at=world.clock.now())
    assert not any("delivery" in message for message, _ in sweep(world))


def test_the_alert_of_a_delivery_ends_when_it_no_longer_waits_for_a_person(world: World) -> None:
    delivery = deliver_result(world, make_delivered_series(world))
    at = world.clock.now()
    with world.database.write() as session:
        transition(session, Delivery, delivery, "held", at=at)
        alert(session, kind="delivery held", message="m", at=at, key=f"delivery:{delivery}")
    assert sweep(world) == [("m", 1)]
    with world.database.write() as session:
        transition(session, Delivery, delivery, "superseded", at=at)
    assert sweep(world) == []


def test_the_time_counts_from_entering_the_state(world: World) -> None:
    delivery = deliver_result(world, make_delivered_series(world))
    world.clock.advance(timedelta(hours=23).total_seconds())
    with world.database.write() as session:
        transition(session, Delivery, delivery, "claimed", at=world.clock.now())
    world.clock.advance(timedelta(hours=1.5).total_seconds())
    assert not any("delivery" in message for message, _ in sweep(world))


def test_every_state_that_is_not_final_has_a_limit() -> None:
    for table in TABLES.values():
        assert table.states - table.final <= set(table.limits), table.kind


@pytest.mark.parametrize(("withheld", "told"), [(1, False), (2, True)], ids=["at 5 %", "above 5 %"])
def test_the_share_withheld_is_an_alert_on_the_pipeline(world: World, withheld: int, told: bool) -> None:
    made = make_delivered_series(world)
    at = world.clock.now()
    with world.database.write() as session:
        for number in range(19):
            job = Job(
                revision_id=made.revision_id, series_id=made.series_id, pipeline="ct-nlm", recipe={},
                recipe_digest=str(number), destinations=[], priority=50, release="automatic", state="queued",
                created_at=at,
            )  # fmt: skip
            begin(session, job, cause="decided", at=at)
            transition(session, Job, job.id, "claimed", at=at, started_at=at)
            cause = "withheld" if number < withheld else "published"
            transition(session, Job, job.id, cause, at=at, ended_at=at)
        session.get_one(Job, made.job_id).started_at = at
    assert any("ct-nlm" in message for message, _ in sweep(world)) is told


def test_a_filling_disk_is_told_with_its_strongest_limit(world: World) -> None:
    storage = world.config.storage.model_copy(update={"min_free_gb": 1e9})
    world.config = world.config.model_copy(update={"storage": storage})
    assert [message for message, _ in sweep(world)] == ["less than 1e+09 GB are free; at 1e+09 GB nothing is received"]
