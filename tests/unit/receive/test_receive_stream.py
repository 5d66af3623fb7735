"""P-DATA in, files and answers out."""

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from pynetdicom import AE, build_context
from pynetdicom.association import MODE_ACCEPTOR, Association
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AssociationSocket

from dicom_node.receive.arrival import Arrival
from dicom_node.receive.stream import Stream
from dicom_node.storage import journal, part10
from dicom_node.storage.layout import Layout
from tests.integration.receive_support import CT, store_command
from tests.support.clock import FixedClock

EXPLICIT = "1.2.840.10008.1.2.1"


class Bench:
    """A stream between a socket pair."""

    def __init__(self, folder: Path, clock: FixedClock, sockets: tuple[socket.socket, socket.socket]) -> None:
        self.ours, self.theirs = sockets
        self.association = Association(AE(), MODE_ACCEPTOR)
        self.association.set_socket(AssociationSocket(self.association, client_socket=self.ours))
        context = build_context(CT, EXPLICIT)
        context.context_id = 1
        self.association._accepted_cx = {1: context}
        self.association.requestor.maximum_length = 0
        opening = journal.Opening(at=clock.now(), calling_ae="CT1", called_ae="R", address="::1", peer="")
        self.arrival = Arrival(opening, "key", layout=Layout(folder), clock=clock)
        self.room = True
        self.stream = Stream(self.association, self.arrival, may_store=True, reserve_left=lambda: self.room)

    def feed(self, *values: bytes) -> None:
        primitive = P_DATA()
        primitive.presentation_data_value_list = [[1, value] for value in values]
        self.stream.receive_primitive(primitive)

    def status(self) -> int:
        answer = self.theirs.recv(4096)
        at = answer.index(struct.pack("<HHI", 0, 0x0900, 2))
        return int.from_bytes(answer[at + 8 : at + 10], "little")


@pytest.fixture
def bench(tmp_path: Path, clock: FixedClock) -> Iterator[Bench]:
    sockets = socket.socketpair()
    sockets[1].settimeout(5)
    yield Bench(tmp_path, clock, sockets)
    for sock in sockets:
        sock.close()


def test_an_object_is_on_disk_before_its_answer(bench: Bench, tmp_path: Path) -> None:
    bench.feed(b"\3" + store_command())
    bench.feed(b"\0first ", b"\0second ")
    assert list(tmp_path.rglob("*.dcm")) == []
    bench.feed(b"\2third")
    assert bench.status() == 0
    (path,) = tmp_path.rglob("*.dcm")
    assert path.read_bytes()[part10.data_set_offset(path) :] == b"first second third"


def test_without_reserve_objects_are_refused_until_there_is_room(bench: Bench, tmp_path: Path) -> None:
    for room, status in ((False, 0xA700), (False, 0xA700), (True, 0)):
        bench.room = room
        bench.feed(b"\3" + store_command(), b"\2content")
        assert bench.status() == status
    bench.arrival.end("released")
    (path,) = tmp_path.rglob("*.dcm")
    assert [fault.error for fault in journal.read(path.parent).faults] == ["the disk's reserve is used up"]


def test_after_a_fault_nothing_more_is_taken(bench: Bench, tmp_path: Path) -> None:
    bench.feed(b"\2no command", b"\3" + store_command(), b"\2content")
    bench.feed(b"\3" + store_command(), b"\2content")
    assert list(tmp_path.rglob("*.dcm")) == []
    assert list(bench.association.dul.event_queue.queue).count("Evt19") == 1
