"""The courier against a PACS that does as it is told."""

import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import select

from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert, Delivery, DeliveryInstance
from dicom_node.deliver import actions, rows
from dicom_node.deliver.attempt import BATCH
from dicom_node.deliver.queue import Courier, hold_unknown, return_lost
from dicom_node.deliver.send import remote_of
from dicom_node.provenance.record import transition
from dicom_node.storage.part10 import data_set_offset
from dicom_node.wire.scu import Association, Unreachable, echo_context
from tests.support.deliveries import (
    PATIENT,
    Made,
    World,
    cut_again,
    deliver_originals,
    deliver_result,
    make_delivered_series,
    make_world,
)
from tests.support.peers import TestPacs, free_port, pacs

# pynetdicom leaves the socket of a refused connection to the garbage collector.
UNCLOSED = pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def peer() -> Iterator[TestPacs]:
    with pacs() as running:
        yield running


def courier(world: World, number: int = 0) -> Courier:
    return Courier(
        world.config.destinations[number], database=world.database, layout=world.layout, clock=world.clock,
        config=world.config, start_id="here",
    )  # fmt: skip


def run_until_idle(world: World, worker: Courier | None = None) -> None:
    stop = threading.Event()
    worker = worker or courier(world)
    while worker.step(stop):
        pass


def know(peer: TestPacs, made: Made, **identity: str) -> None:
    peer.behaviour.studies[made.study_uid] = {**PATIENT, **identity}


def alerts(world: World) -> list[Alert]:
    with world.database.read() as session:
        return list(session.scalars(select(Alert).where(Alert.ended_at.is_(None))))


def progress(world: World) -> list[tuple[int | None, int, bool]]:
    with world.database.read() as session:
        rows = session.scalars(select(DeliveryInstance).order_by(DeliveryInstance.id))
        return [(row.status, row.tries, row.sent_at is not None) for row in rows]


def test_a_result_arrives_and_its_revision_closes(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made)
    delivery = deliver_result(world, made)
    run_until_idle(world)
    row = world.state(delivery)
    assert (row.error, row.state, row.sent, row.attempts) == (None, "delivered", 3, 1)
    assert set(peer.stored) == set(made.derived)
    assert world.revision(made.revision_id).state == "closed"


def test_originals_go_out_byte_for_byte(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    delivery = deliver_originals(world, made)
    run_until_idle(world)
    assert world.state(delivery).state == "delivered"
    for path in sorted((tmp_path / "store").rglob("*.dcm")):
        sent = path.read_bytes()[data_set_offset(path) :]
        assert sha256(sent).hexdigest() in {sha256(item.data).hexdigest() for item in peer.stored.values()}


def test_originals_of_a_later_cut_go_only_if_they_are_not_there_yet(
    tmp_path: Path, database: Database, peer: TestPacs
) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    deliver_originals(world, made)
    courier(world).step(threading.Event())
    later = deliver_originals(world, made, revision_id=cut_again(world, made))
    courier(world).step(threading.Event())
    assert peer.seen == list(made.originals)
    row = world.state(later)
    assert (row.state, row.sent, row.total) == ("delivered", 3, 3)


def test_originals_go_before_results_of_their_study(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    deliver_result(world, made)
    deliver_originals(world, made)
    run_until_idle(world)
    assert peer.seen == [*made.originals, *made.derived]


def test_the_newest_study_goes_first(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port, verify_identity=False)
    old = make_delivered_series(world, seed=1, StudyDate="20200101")
    new = make_delivered_series(world, seed=2, StudyDate="20260301")
    for made in (old, new):
        deliver_result(world, made)
    run_until_idle(world)
    assert peer.seen == [*new.derived, *old.derived]


@pytest.mark.parametrize(
    ("theirs", "attribute"),
    [
        ({"PatientID": "OTHER"}, "PatientID"),
        ({"PatientName": "Other^Name"}, "PatientName"),
        ({"AccessionNumber": "B2"}, "AccessionNumber"),
        ({"PatientBirthDate": "19700102"}, "PatientBirthDate"),
    ],
    ids=["id", "name", "order", "birth date"],
)
def test_another_identity_holds_before_anything_leaves(
    tmp_path: Path, database: Database, peer: TestPacs, theirs: dict[str, str], attribute: str
) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made, **theirs)
    delivery = deliver_result(world, made)
    run_until_idle(world)
    row = world.state(delivery)
    assert (row.state, row.reason_code) == ("held", "identity differs")
    assert attribute in (row.error or "") and theirs[attribute] in (row.error or "")
    assert peer.seen == []
    assert world.revision(made.revision_id).state == "closed"
    assert all(theirs[attribute] not in alert.message for alert in alerts(world))


def test_released_after_correction_it_goes(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made, PatientID="OTHER")
    delivery = deliver_result(world, made)
    run_until_idle(world)
    know(peer, made)
    actions.release(database, delivery, "somebody", "merged there", world.clock)
    assert world.revision(made.revision_id).state == "working"
    run_until_idle(world)
    assert world.state(delivery).state == "delivered"
    assert alerts(world) == []


@pytest.mark.parametrize(
    ("find_status", "identity", "detail"),
    [(0xC001, {}, "0xC001"), (0xA900, {}, "0xA900"), (0, {"PatientID": ""}, "no Patient ID")],
    ids=["unable to process", "does not match", "answer without Patient ID"],
)
def test_a_destination_that_does_not_say_holds(
    tmp_path: Path, database: Database, peer: TestPacs, find_status: int, identity: dict[str, str], detail: str
) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made, **identity)
    peer.behaviour.find_status = find_status
    delivery = deliver_result(world, made)
    run_until_idle(world)
    row = world.state(delivery)
    assert (row.state, row.reason_code) == ("held", "identity cannot be asked")
    assert detail in (row.error or "")


def test_an_unknown_study_is_waited_for_and_sent_when_it_comes(
    tmp_path: Path, database: Database, peer: TestPacs
) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    delivery = deliver_result(world, made)
    run_until_idle(world)
    assert (world.state(delivery).state, world.state(delivery).reason_code) == ("waiting", "study unknown")
    world.clock.advance(600)
    run_until_idle(world)
    assert world.state(delivery).state == "waiting"
    know(peer, made)
    world.clock.advance(60)
    run_until_idle(world)
    assert world.state(delivery).state == "delivered"


def test_an_unknown_study_is_held_in_the_end(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    delivery = deliver_result(world, make_delivered_series(world))
    for _ in range(31):
        run_until_idle(world)
        world.clock.advance(30)
    row = world.state(delivery)
    assert (row.state, row.reason_code) == ("held", "study unknown")
    assert "15 minutes" in (row.error or "")


@pytest.mark.parametrize("ending", ["held", "failed"])
def test_a_result_is_held_while_its_originals_wait_for_a_person(
    tmp_path: Path, database: Database, peer: TestPacs, ending: str
) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    originals, result = deliver_originals(world, made), deliver_result(world, made)
    with database.write() as session:
        for cause in ("claimed", ending):
            transition(session, Delivery, originals, cause, at=world.clock.now())
    run_until_idle(world)
    row = world.state(result)
    assert (row.state, row.reason_code, row.unknown_since) == ("held", "originals first", None)
    assert f"delivery {originals} of its originals is {ending}" in (row.error or "")
    act = actions.release if ending == "held" else actions.retry
    act(database, originals, "ann", "again", world.clock)
    know(peer, made)
    run_until_idle(world)
    assert (world.state(originals).state, world.state(result).state) == ("delivered", "delivered")


def test_the_wait_for_an_unknown_study_begins_when_our_originals_are_given_up(
    tmp_path: Path, database: Database, peer: TestPacs
) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    originals, result = deliver_originals(world, made), deliver_result(world, made)
    with database.write() as session:
        transition(session, Delivery, originals, "held", at=world.clock.now())
    run_until_idle(world)
    world.clock.advance(3600)
    actions.cancel(database, originals, "ann", "they lie there already", world.clock)
    run_until_idle(world)
    assert (world.state(result).state, world.state(result).reason_code) == ("waiting", "study unknown")
    world.clock.advance(900)
    run_until_idle(world)
    assert (world.state(result).state, world.state(result).reason_code) == ("held", "study unknown")


@UNCLOSED
def test_a_destination_that_is_down_is_tried_again_with_growing_waits(tmp_path: Path, database: Database) -> None:
    port = free_port()
    world = make_world(tmp_path, database, port=port)
    made = make_delivered_series(world)
    delivery = deliver_result(world, made)
    waits = []
    for _ in range(3):
        run_until_idle(world)
        row = world.state(delivery)
        waits.append((row.not_before - world.clock.now()).total_seconds())
        world.clock.advance(waits[-1])
    assert waits == [30, 60, 120]
    assert (row.state, row.reason_code, row.attempts) == ("waiting", "destination down", 3)
    assert [(alert.kind, alert.count) for alert in alerts(world)] == [("destination down", 3)]
    peer = TestPacs(port=port).start()
    know(peer, made)
    try:
        run_until_idle(world)
    finally:
        peer.stop()
    assert world.state(delivery).state == "delivered"
    assert alerts(world) == []


@UNCLOSED
def test_after_a_day_of_trying_it_fails_and_a_person_can_retry(tmp_path: Path, database: Database) -> None:
    world = make_world(tmp_path, database, port=free_port())
    made = make_delivered_series(world)
    delivery = deliver_result(world, made)
    started = world.clock.now()
    while world.state(delivery).state == "waiting":
        run_until_idle(world)
        world.clock.advance(1800)
    row = world.state(delivery)
    assert (row.state, row.reason_code) == ("failed", "given up")
    assert 23 * 3600 < (row.ended_at - started).total_seconds() < 30 * 3600
    assert world.revision(made.revision_id).state == "closed"
    actions.retry(database, delivery, "somebody", "the line works again", world.clock)
    assert (world.state(delivery).state, world.state(delivery).attempts) == ("waiting", 0)


def test_one_that_dies_midway_goes_on_with_the_next_object(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world, slices=5)
    know(peer, made)
    peer.behaviour.abort_at = 2
    delivery = deliver_result(world, made)
    run_until_idle(world)
    row = world.state(delivery)
    assert (row.state, row.sent, row.attempts) == ("waiting", 2, 0)
    assert progress(world) == [(0, 1, True), (0, 1, True), (None, 1, False), (None, 0, False), (None, 0, False)]
    peer.behaviour.abort_at = None
    world.clock.advance(30)
    run_until_idle(world)
    assert world.state(delivery).state == "delivered"
    assert peer.seen == [*made.derived[:3], *made.derived[2:]]


def test_a_duplicate_counts_as_sent_if_an_answer_was_lost(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made)
    peer.behaviour.abort_at = 1
    delivery = deliver_result(world, made)
    run_until_idle(world)
    peer.behaviour.abort_at = None
    peer.behaviour.status = lambda _count, uid: 0x0111 if uid == made.derived[1] else 0
    world.clock.advance(30)
    run_until_idle(world)
    assert world.state(delivery).state == "delivered"


@pytest.mark.parametrize("status", [0xA900, 0xC000, 0x0111], ids=["mismatch", "cannot understand", "fresh duplicate"])
def test_what_is_refused_three_times_fails_and_the_rest_arrives(
    tmp_path: Path, database: Database, peer: TestPacs, status: int
) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made)
    peer.behaviour.status = lambda _count, uid: status if uid == made.derived[1] else 0
    delivery = deliver_result(world, made)
    for _ in range(3):
        run_until_idle(world)
        world.clock.advance(3600)
    row = world.state(delivery)
    assert (row.state, row.reason_code, row.sent) == ("failed", "refused by destination", 2)
    assert f"0x{status:04X}" in (row.error or "")
    assert peer.seen.count(made.derived[1]) == 3


def test_out_of_resources_is_tried_again(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made)
    peer.behaviour.status = lambda count, _uid: 0xA700 if count == 1 else 0
    delivery = deliver_result(world, made)
    run_until_idle(world)
    assert (world.state(delivery).state, len(peer.seen)) == ("waiting", 2)


def test_a_warning_is_sent_and_kept(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made)
    peer.behaviour.status = lambda _count, _uid: 0xB000
    delivery = deliver_result(world, made)
    run_until_idle(world)
    assert world.state(delivery).state == "delivered"
    assert {status for status, _, _ in progress(world)} == {0xB000}


@UNCLOSED
def test_one_destination_down_does_not_stop_the_other(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=free_port())
    other = world.config.destinations[0].model_copy(update={"name": "second", "port": peer.port})
    world.config = world.config.model_copy(update={"destinations": (*world.config.destinations, other)})
    made = make_delivered_series(world)
    know(peer, made)
    down, up = deliver_result(world, made), deliver_result(world, made, destination="second")
    stop = threading.Event()
    threads = [threading.Thread(target=courier(world, number).run, args=(stop,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    while world.state(up).state in {"waiting", "sending"} or world.state(down).attempts == 0:
        stop.wait(0.05)
    stop.set()
    for thread in threads:
        thread.join(20)
    assert world.state(up).state == "delivered"
    assert world.state(down).reason_code == "destination down"


def test_what_came_too_late_is_held(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port)
    made = make_delivered_series(world)
    know(peer, made)
    delivery = deliver_result(world, made, expires_in=60)
    world.clock.advance(61)
    run_until_idle(world)
    assert (world.state(delivery).state, world.state(delivery).reason_code) == ("held", "expired")
    actions.release(database, delivery, "somebody", "still wanted", world.clock)
    run_until_idle(world)
    assert world.state(delivery).state == "delivered"


def test_a_paused_destination_gets_nothing_until_resumed(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port, verify_identity=False)
    delivery = deliver_result(world, make_delivered_series(world))
    actions.pause(database, "pacs", "somebody", "maintenance", world.clock)
    run_until_idle(world)
    assert world.state(delivery).state == "waiting"
    actions.resume(database, "pacs", "somebody", world.clock)
    run_until_idle(world)
    assert world.state(delivery).state == "delivered"


def test_confirmed_when_the_destination_shows_every_object(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port, confirm=True, verify_identity=False)
    made = make_delivered_series(world)
    delivery = deliver_result(world, made)
    lost: dict[str, object] = {}
    worker, stop = courier(world), threading.Event()
    assert worker.step(stop)
    lost[made.derived[0]] = peer.stored.pop(made.derived[0])
    run_until_idle(world, worker)
    assert world.state(delivery).state == "delivered"
    peer.stored.update(lost)  # type: ignore[arg-type]
    world.clock.advance(60)
    run_until_idle(world, worker)
    assert world.state(delivery).state == "confirmed"


def test_a_syntax_the_destination_refuses_is_re_encoded_if_uncompressed(tmp_path: Path, database: Database) -> None:
    with pacs(syntaxes=["1.2.840.10008.1.2"]) as peer:
        world = make_world(tmp_path, database, port=peer.port, verify_identity=False)
        made = make_delivered_series(world)
        delivery = deliver_result(world, made)
        run_until_idle(world)
        assert world.state(delivery).state == "delivered"
        assert {item.syntax for item in peer.stored.values()} == {"1.2.840.10008.1.2"}
        assert next(iter(peer.stored.values())).dataset.PatientID == "PH1"


def test_a_sop_class_nobody_takes_is_held_and_named(tmp_path: Path, database: Database) -> None:
    with pacs(syntaxes=["1.2.840.10008.1.2.4.90"]) as peer:
        world = make_world(tmp_path, database, port=peer.port, verify_identity=False)
        delivery = deliver_result(world, make_delivered_series(world))
        run_until_idle(world)
        row = world.state(delivery)
        assert (row.state, row.reason_code) == ("held", "refused by destination")
        assert "CT Image Storage as Explicit VR Little Endian" in (row.error or "")


def test_a_missing_file_fails_by_name(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port, verify_identity=False)
    delivery = deliver_result(world, make_delivered_series(world))
    next((tmp_path / "derived").rglob("0001.dcm")).unlink()
    run_until_idle(world)
    assert (world.state(delivery).state, world.state(delivery).reason_code) == ("failed", "source gone")


def test_what_a_dead_process_was_sending_waits_again(tmp_path: Path, database: Database) -> None:
    world = make_world(tmp_path, database)
    delivery = deliver_result(world, make_delivered_series(world))
    with database.write() as session:
        rows.claim_next(session, "pacs", claim="c", worker="gone", at=world.clock.now())
    assert return_lost(database, ("gone",), world.clock) == 0
    assert return_lost(database, ("here",), world.clock) == 1
    assert world.state(delivery).state == "waiting"


def test_a_destination_that_left_the_configuration_holds(tmp_path: Path, database: Database) -> None:
    world = make_world(tmp_path, database)
    delivery = deliver_result(world, make_delivered_series(world), destination="gone")
    assert hold_unknown(database, world.config, world.clock) == 1
    assert world.state(delivery).reason_code == "destination unknown"


def test_what_is_superseded_while_it_is_sent_is_broken_off_and_told(
    tmp_path: Path, database: Database, peer: TestPacs
) -> None:
    world = make_world(tmp_path, database, port=peer.port, verify_identity=False)
    made = make_delivered_series(world, slices=BATCH + 2)
    delivery = deliver_result(world, made)

    def status(count: int, _uid: str) -> int:
        if count == 3:
            with database.write() as session:
                transition(session, Delivery, delivery, "superseded", at=world.clock.now())
        return 0

    peer.behaviour.status = status
    run_until_idle(world)
    assert world.state(delivery).state == "cancelled"
    assert len(peer.stored) == BATCH
    assert [alert.kind for alert in alerts(world)] == ["delivery broken off"]


def test_an_answer_waits_for_who_asked(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    remote = remote_of(make_world(tmp_path, database, port=peer.port).config.destinations[0], "RESTORE")
    with Association(remote, echo_context()) as association:
        dimse = association._negotiated.dimse
        dimse.msg_queue.put((1, "answer"))
        assert dimse.get_msg(block=False) == (None, None)
        assert dimse.get_msg(block=True) == (1, "answer")


@UNCLOSED
def test_a_connection_refused_is_no_abort(tmp_path: Path, database: Database) -> None:
    remote = remote_of(make_world(tmp_path, database, port=free_port()).config.destinations[0], "RESTORE")
    with pytest.raises(Unreachable, match="no connection"), Association(remote, echo_context()):
        pass


def test_stopping_leaves_the_rest_for_later(tmp_path: Path, database: Database, peer: TestPacs) -> None:
    world = make_world(tmp_path, database, port=peer.port, verify_identity=False)
    made = make_delivered_series(world)
    delivery = deliver_result(world, made)
    stop = threading.Event()

    def status(count: int, _uid: str) -> int:
        stop.set()
        return 0

    peer.behaviour.status = status
    courier(world).step(stop)
    assert (world.state(delivery).state, world.state(delivery).sent) == ("waiting", 1)
    run_until_idle(world)
    assert peer.seen == list(made.derived)
