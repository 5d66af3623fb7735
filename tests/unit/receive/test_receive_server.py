"""Reading PDUs within bounds."""

import socket
from collections.abc import Iterator

import pytest
from pynetdicom import AE
from pynetdicom.association import MODE_ACCEPTOR, Association
from pynetdicom.transport import AssociationSocket

from dicom_node.receive.server import LONGEST_PDU, bound_reading, set_timeout
from tests.support.clock import FixedClock


class Impatient(FixedClock):
    """A clock on which every look costs a minute."""

    def monotonic(self) -> float:
        self.advance(90)
        return super().monotonic()


@pytest.fixture
def pair() -> Iterator[tuple[AssociationSocket, socket.socket]]:
    ours, theirs = socket.socketpair()
    set_timeout(ours, 10)
    wire = AssociationSocket(Association(AE(), MODE_ACCEPTOR), client_socket=ours)
    yield wire, theirs
    ours.close()
    theirs.close()


def test_what_is_wanted_comes_whole(pair: tuple[AssociationSocket, socket.socket]) -> None:
    wire, theirs = pair
    bound_reading(wire, FixedClock())
    theirs.sendall(b"abcdefgh")
    assert (wire.recv(3), wire.recv(5)) == (b"abc", b"defgh")


def test_a_connection_that_ends_gives_what_came(pair: tuple[AssociationSocket, socket.socket]) -> None:
    wire, theirs = pair
    bound_reading(wire, FixedClock())
    theirs.sendall(b"abc")
    theirs.close()
    assert wire.recv(10) == b"abc"


def test_an_announced_length_beyond_the_limit_is_never_read(pair: tuple[AssociationSocket, socket.socket]) -> None:
    wire, theirs = pair
    bound_reading(wire, FixedClock())
    theirs.sendall(b"abc")
    assert wire.recv(LONGEST_PDU + 1) == b""
    assert "Evt19" in wire.event_queue.queue


def test_a_trickle_ends_at_the_deadline(pair: tuple[AssociationSocket, socket.socket]) -> None:
    wire, theirs = pair
    bound_reading(wire, Impatient())
    theirs.sendall(b"a")
    with pytest.raises(TimeoutError):
        wire.recv(2)


def test_after_the_last_word_what_comes_is_dropped(pair: tuple[AssociationSocket, socket.socket]) -> None:
    wire, theirs = pair
    bound_reading(wire, FixedClock())
    wire.assoc.dul.state_machine.current_state = "Sta13"
    theirs.sendall(bytes(1000))
    assert wire.recv(6) == b""
    theirs.sendall(b"x")
    wire.assoc.dul.state_machine.current_state = "Sta6"
    assert wire.recv(1) == b"x"
