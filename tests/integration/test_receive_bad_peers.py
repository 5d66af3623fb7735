"""What peers send that they should not: answered as the standard says, and others are served."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.receive_support import (
    ABORTED,
    ACCEPTED,
    CT,
    REJECTED,
    VERIFICATION,
    Node,
    RawPeer,
    element,
    p_data,
    pdu,
    pdv,
    running_node,
    store_command,
)
from tests.support.clock import FixedClock
from tests.support.phantoms import encode, make_series

PEERS = [
    {"name": "ct1", "ae_title": "CT1", "host": "127.0.0.1", "associations": 2},
    {"name": "far", "ae_title": "FAR", "host": "192.0.2.7"},
    {"name": "viewer", "ae_title": "VIEWER", "may": ["echo"]},
    {"name": "deaf", "ae_title": "DEAF", "may": ["store"]},
]


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with running_node(tmp_path, peers=PEERS) as node:
        yield node


@pytest.fixture(scope="module")
def content() -> bytes:
    return encode(make_series(1)[0])


REJECTIONS = {
    "wrong called AE": ({"called": "OTHER"}, (1, 1, 7)),
    "called AE in lower case": ({"called": "restore"}, (1, 1, 7)),
    "unknown calling AE": ({"calling": "NOBODY"}, (1, 1, 3)),
    "known calling AE from another address": ({"calling": "FAR"}, (1, 1, 3)),
    "no room for an answer": ({"calling": "CT1", "maximum": 6}, (1, 1, 1)),
}


@pytest.mark.parametrize(("request_", "numbers"), REJECTIONS.values(), ids=REJECTIONS)
def test_rejections(tmp_path: Path, request_: dict[str, str], numbers: tuple[int, int, int]) -> None:
    with (
        running_node(tmp_path, node={"ae_title": "RESTORE", "unknown_peers": "refuse"}, peers=PEERS) as node,
        RawPeer(node.port) as peer,
    ):
        kind, body = peer.associate(**request_)
        assert (kind, tuple(body[1:])) == (REJECTED, numbers)
        assert peer.receive() == (0, b"")


def test_low_disk_rejects_new_associations(tmp_path: Path) -> None:
    with (
        running_node(tmp_path, storage={"min_free_gb": 1e9, "reserve_gb": 1e9}) as node,
        RawPeer(node.port) as peer,
    ):
        kind, body = peer.associate()
        assert (kind, tuple(body[1:])) == (REJECTED, (2, 3, 2))


def test_one_association_too_many_of_a_peer_is_rejected_and_others_are_served(node: Node) -> None:
    with RawPeer(node.port) as first, RawPeer(node.port) as second, RawPeer(node.port) as third:
        assert first.associate(calling="CT1")[0] == ACCEPTED
        assert second.associate(calling="CT1")[0] == ACCEPTED
        kind, body = third.associate(calling="CT1")
        assert (kind, tuple(body[1:])) == (REJECTED, (2, 3, 2))
        with RawPeer(node.port) as other:
            assert other.associate(calling="STRANGER")[0] == ACCEPTED
        first.release()
        with RawPeer(node.port) as fourth:
            assert fourth.associate(calling="CT1")[0] == ACCEPTED


def test_a_peer_that_may_not_store_is_told_so(node: Node, content: bytes) -> None:
    with RawPeer(node.port) as peer:
        assert peer.associate(calling="VIEWER")[0] == ACCEPTED
        assert peer.store(content, store_command()) == 0x0124
        peer.release()
    assert node.files == node.parts == []


def test_contexts_that_are_not_taken_say_why(node: Node) -> None:
    with RawPeer(node.port) as peer:
        kind, body = peer.associate(calling="DEAF", classes=(CT, VERIFICATION, "1.2.3.4"))
        assert kind == ACCEPTED
        results = [body[at + 6] for at in range(68, len(body) - 7) if body[at : at + 2] == b"\x21\0"]
        assert results == [0, 3, 3]


STATUSES = {
    "no SOP Instance UID": (store_command(None), 0x0120),
    "no SOP Class UID": (store_command(sop_class=None), 0x0120),
    "empty SOP Instance UID": (store_command(""), 0x0106),
    "class that was not accepted": (store_command(sop_class="1.2.840.10008.5.1.4.1.1.4"), 0x0122),
    "unknown command": (store_command(field=0x0160), 0x0211),
}


@pytest.mark.parametrize(("command", "status"), STATUSES.values(), ids=STATUSES)
def test_unsound_requests_are_refused_and_the_next_is_stored(
    node: Node, content: bytes, command: bytes, status: int
) -> None:
    with RawPeer(node.port) as peer:
        peer.associate()
        assert peer.store(content, command) == status
        assert peer.store(content, store_command()) == 0
        peer.release()
    assert len(node.files) == 1


def test_a_store_without_data_set_is_a_processing_failure(node: Node) -> None:
    with RawPeer(node.port) as peer:
        peer.associate()
        peer.send(p_data(store_command(data_set=0x0101), 3))
        assert peer.status() == 0x0110


def test_a_cancel_for_nothing_is_passed_over(node: Node, content: bytes) -> None:
    cancel = element(0x0100, b"\xff\x0f") + element(0x0120, b"\x05\0") + element(0x0800, b"\x01\x01")
    with RawPeer(node.port) as peer:
        peer.associate()
        peer.send(p_data(cancel, 3))
        assert peer.store(content, store_command()) == 0


def test_a_tiny_maximum_length_is_honoured(node: Node, content: bytes) -> None:
    with RawPeer(node.port) as peer:
        peer.associate(maximum=7)
        peer.send(p_data(store_command(), 3) + p_data(content, 2))
        answer = b""
        control = 0
        while not control & 2:
            kind, body = peer.receive()
            assert (kind, len(body)) == (4, 7)
            control = body[5]
            answer += body[6:]
        assert struct.pack("<HHIH", 0, 0x0900, 2, 0) in answer


BEGUN = p_data(store_command(), 3) + p_data(b"\x08\0", 0)
FAULTS = {
    "PDU type 0": pdu(0, b"x"),
    "PDU type 8": pdu(8, b"x"),
    "PDU type 255": pdu(255, b"x"),
    "HTTP": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "second request": pdu(1, bytes(68)),
    "PDU of 4 GiB": struct.pack(">BBI", 4, 0, 0xFFFFFFFF),
    "empty value": pdu(4, struct.pack(">IB", 1, 1)),
    "value longer than its PDU": pdu(4, struct.pack(">IBB", 400, 1, 3) + b"abc"),
    "context that was not accepted": p_data(store_command(), 3, 99),
    "data set without command": p_data(b"\x08\0", 2),
    "command within a data set": BEGUN + p_data(store_command(), 3),
    "other context within a data set": BEGUN + p_data(b"\x08\0", 2, 3),
    "command set too long": p_data(bytes(70_000), 1),
    "command set cut": p_data(store_command()[:-1], 3),
    "command set of noise": p_data(b"\xff" * 100, 3),
    "command without Message ID": p_data(element(0x0100, b"\x01\0") + element(0x0800, b"\x01\0"), 3),
    "response that nobody asked for": p_data(store_command(field=0x8001, data_set=0x0101), 3),
    "two values, the second bad": pdu(4, pdv(store_command(), 3) + pdv(b"x", 1)),
}


@pytest.mark.parametrize("bytes_", FAULTS.values(), ids=FAULTS)
def test_a_broken_protocol_ends_in_an_abort_and_leaves_nothing(node: Node, content: bytes, bytes_: bytes) -> None:
    with RawPeer(node.port) as peer:
        assert peer.associate(classes=(CT, VERIFICATION))[0] == ACCEPTED
        peer.send(bytes_)
        kind, body = peer.receive()
        assert (kind, body[2:3]) in ((ABORTED, b"\2"), (0, b""))
        assert peer.receive()[0] == 0
    with RawPeer(node.port) as peer:
        peer.associate()
        assert peer.store(content, store_command()) == 0
        peer.release()
    assert len(node.files) == 1
    assert node.parts == []


PROBES = {
    "nothing": b"",
    "HTTP": b"GET / HTTP/1.1\r\n\r\n",
    "TLS hello": bytes.fromhex("1603010200010001fc0303"),
    "request of no length": struct.pack(">BBI", 1, 0, 0),
    "request of 4 GiB": struct.pack(">BBI", 1, 0, 0xFFFFFFFF) + bytes(100),
    "request longer than what follows": struct.pack(">BBI", 1, 0, 1000) + bytes(20),
    "P-DATA before a request": p_data(b"\x08\0", 2),
}


@pytest.mark.parametrize("probe", PROBES.values(), ids=PROBES)
def test_what_is_no_request_is_hung_up_on(node: Node, probe: bytes) -> None:
    with RawPeer(node.port) as peer:
        peer.send(probe)
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.receive()[0]:
            pass
    with RawPeer(node.port) as peer:
        assert peer.associate()[0] == ACCEPTED
    assert list(node.layout.store.iterdir()) == []


def test_silence_beyond_the_peers_limit_ends_the_association(tmp_path: Path, content: bytes) -> None:
    peers = [{"name": "ct1", "ae_title": "CT1", "idle": 0.3}]
    with running_node(tmp_path, peers=peers) as node, RawPeer(node.port) as peer:
        peer.associate(calling="CT1")
        assert peer.store(content, store_command()) == 0
        assert peer.receive()[0] == ABORTED
    assert (node.record.outcome, node.record.stored) == ("aborted", 1)


def test_a_data_set_that_does_not_come_to_its_end_is_given_up(tmp_path: Path, clock: FixedClock) -> None:
    with running_node(tmp_path, clock=clock) as node, RawPeer(node.port) as peer:
        peer.associate()
        peer.send(BEGUN)
        while not node.parts:
            assert peer.sock.fileno() > 0
        clock.advance(61)
        assert peer.receive()[0] == ABORTED
    assert node.files == node.parts == []
    assert node.record.cut == 1


def test_connections_beyond_the_limit_are_dropped_and_make_room_when_they_end(node: Node) -> None:
    idle = [socket.create_connection(("127.0.0.1", node.port)) for _ in range(120)]
    for sock in idle:
        sock.close()
    answers = []
    while ACCEPTED not in answers:
        with RawPeer(node.port) as peer:
            answers.append(peer.associate()[0])
    assert set(answers) <= {0, ACCEPTED}
