"""What may be deleted, and what may not."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert, Delivery, DerivedSeries, Instance, Job, ProvenanceEvent, Series
from dicom_node.provenance.record import alert, transition
from dicom_node.provenance.verify import verify
from dicom_node.upkeep import integrity, retention
from tests.support.deliveries import Made, World, deliver_result, make_delivered_series, make_world

DAY = 86400.0


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    return make_world(tmp_path, database)


def sweep(world: World) -> int:
    return retention.sweep(world.database, world.layout, world.config, world.clock)


def stored(world: World) -> tuple[int, int]:
    return tuple(  # type: ignore[return-value]
        len(list(folder.rglob("*.dcm"))) for folder in (world.layout.store, world.layout.derived)
    )


def test_before_its_limit_nothing_goes(world: World) -> None:
    make_delivered_series(world)
    world.clock.advance(29 * DAY)
    assert (sweep(world), stored(world)) == (0, (3, 3))


def test_after_its_limit_files_go_and_rows_and_events_stay(world: World) -> None:
    make_delivered_series(world)
    world.clock.advance(31 * DAY)
    assert (sweep(world), stored(world)) == (6, (0, 0))
    with world.database.read() as session:
        assert [row.file_deleted_at for row in session.scalars(select(Instance))] == [world.clock.now()] * 3
        causes = list(session.scalars(select(ProvenanceEvent.cause)))
    assert causes.count("file deleted") == 6
    assert verify(world.database, world.layout) == []
    assert sweep(world) == 0


def test_each_kind_has_its_own_limit(world: World) -> None:
    limits = world.config.storage.retention.model_copy(update={"received": 5 * DAY})
    storage = world.config.storage.model_copy(update={"retention": limits})
    world.config = world.config.model_copy(update={"storage": storage})
    make_delivered_series(world)
    world.clock.advance(10 * DAY)
    assert (sweep(world), stored(world)) == (3, (0, 3))


def _waiting(world: World, made: Made) -> Callable[[], None]:
    delivery = deliver_result(world, made)

    def end() -> None:
        with world.database.write() as session:
            transition(session, Delivery, delivery, "cancelled by a person", at=world.clock.now())

    return end


def _held(world: World, made: Made) -> Callable[[], None]:
    end = _waiting(world, made)
    with world.database.write() as session:
        transition(session, Delivery, 1, "held", at=world.clock.now())
    return end


def _column(kind: type, column: str, value: object, after: object) -> Callable[[World, Made], Callable[[], None]]:
    def put(world: World, to: object) -> None:
        with world.database.write() as session:
            setattr(session.scalars(select(kind)).one(), column, to)

    def block(world: World, made: Made) -> Callable[[], None]:
        put(world, value)
        return lambda: put(world, after)

    return block


def _alerted(world: World, made: Made) -> Callable[[], None]:
    with world.database.write() as session:
        alert(session, kind="conflict", message="m", at=world.clock.now(), series_id=made.series_id)

    def end() -> None:
        with world.database.write() as session:
            session.scalars(select(Alert)).one().ended_at = world.clock.now()

    return end


@pytest.mark.parametrize(
    "block",
    [
        _waiting,
        _held,
        _alerted,
        _column(Job, "state", "withheld", "done"),
        _column(Job, "state", "queued", "done"),
        _column(DerivedSeries, "state", "pending", "released"),
        _column(Series, "conflict", True, False),
        _column(Series, "awaiting", True, False),
    ],
    ids=["waiting", "held", "alert", "withheld", "queued", "pending", "conflict", "awaiting"],
)
def test_nothing_goes_while_something_refers_to_it(
    world: World, block: Callable[[World, Made], Callable[[], None]]
) -> None:
    made = make_delivered_series(world)
    end = block(world, made)
    world.clock.advance(31 * DAY)
    assert (sweep(world), stored(world)) == (0, (3, 3))
    end()
    assert (sweep(world), stored(world)) == (6, (0, 0))


def test_one_series_held_does_not_keep_another(world: World) -> None:
    _waiting(world, make_delivered_series(world, seed=1))
    make_delivered_series(world, seed=2)
    world.clock.advance(31 * DAY)
    assert (sweep(world), stored(world)) == (6, (3, 3))


def test_a_file_left_by_a_crash_goes_with_the_next_run(world: World) -> None:
    make_delivered_series(world)
    path = next(world.layout.store.rglob("0000.dcm"))
    content = path.read_bytes()
    world.clock.advance(31 * DAY)
    sweep(world)
    path.write_bytes(content)
    world.clock.advance(3600)
    sweep(world)
    assert not path.exists()


def test_previews_go_after_their_own_limit(world: World) -> None:
    made = make_delivered_series(world)
    folder = world.layout.previews / str(made.job_id)
    folder.mkdir(parents=True)
    (folder / "index.json").write_text("{}")
    world.clock.advance(89 * DAY)
    sweep(world)
    assert folder.exists()
    world.clock.advance(2 * DAY)
    sweep(world)
    assert not folder.exists()


def test_a_file_that_changed_on_disk_is_told(world: World) -> None:
    made = make_delivered_series(world)
    assert integrity.sweep(world.database, world.layout, world.clock, turn=0) == 0
    path = next(world.layout.derived.rglob("0001.dcm"))
    path.write_bytes(path.read_bytes()[:-2] + b"xx")
    next(world.layout.store.rglob("0002.dcm")).unlink()
    assert integrity.sweep(world.database, world.layout, world.clock, turn=0) == 2
    with world.database.read() as session:
        alerts = session.scalars(select(Alert)).all()
    assert {(row.kind, row.series_id) for row in alerts} == {("integrity", made.series_id)}


def test_every_file_has_its_turn(world: World) -> None:
    make_delivered_series(world, slices=2 * integrity.SAMPLE + 1)
    for path in world.layout.store.rglob("*.dcm"):
        path.write_bytes(path.read_bytes()[:-2] + b"xx")
    found = [integrity.sweep(world.database, world.layout, world.clock, turn=turn) for turn in range(7, 10)]
    assert sum(found) == 2 * integrity.SAMPLE + 1
