"""Objects over real sockets: stored whole, with a receipt, acknowledged only then."""

import hashlib
import socket
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_node.domain.clock import SystemClock
from dicom_node.receive.listener import Listener
from dicom_node.storage import part10
from dicom_node.storage.doorbell import Doorbell
from tests.integration.receive_support import (
    Node,
    RawPeer,
    connect,
    listening_socket,
    make_config,
    p_data,
    pdu,
    pdv,
    running_node,
    send,
    store_command,
    with_meta,
)
from tests.support.phantoms import encode, make_series


@pytest.fixture
def series() -> list[Dataset]:
    return with_meta(make_series(4))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with running_node(tmp_path) as node:
        yield node


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian], ids=["explicit", "implicit"])
def test_every_acknowledged_object_is_a_valid_file_with_its_receipt(node: Node, syntax: str) -> None:
    contents = [encode(ds, syntax) for ds in make_series(4)]
    series = with_meta(make_series(4), syntax)
    association = connect(node.port, series, syntax=syntax)
    assert send(association, series) == [0] * 4
    association.release()

    assert [path.name for path in node.files] == ["000001.dcm", "000002.dcm", "000003.dcm", "000004.dcm"]
    for path, sent, content in zip(node.files, series, contents, strict=True):
        stored = pydicom.dcmread(path)
        meta = stored.file_meta
        assert stored.SOPInstanceUID == sent.SOPInstanceUID == meta.MediaStorageSOPInstanceUID
        assert stored.pixel_array.shape == (64, 64)
        assert meta.TransferSyntaxUID == syntax
        assert meta.SourceApplicationEntityTitle == meta.SendingApplicationEntityTitle == "SCANNER"
        assert meta.ReceivingApplicationEntityTitle == "RESTORE"
        assert path.read_bytes()[part10.data_set_offset(path) :] == content
        receipt = part10.read_receipt(path)
        assert (receipt.length, receipt.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert part10.receipt_holds(path)
    assert node.parts == []


def test_journal_tells_who_came_and_how_it_ended(tmp_path: Path, series: list[Dataset]) -> None:
    with running_node(tmp_path, peers=[{"name": "ct1", "ae_title": "CT1", "host": "localhost"}]) as node:
        association = connect(node.port, series, calling="CT1")
        send(association, series[:2])
        assert node.record.outcome == "open"
        association.release()
    record = node.record
    assert record.opening is not None
    assert (record.opening.calling_ae, record.opening.called_ae) == ("CT1", "RESTORE")
    assert (record.opening.peer, record.opening.address) == ("ct1", "127.0.0.1")
    assert (record.outcome, record.stored, record.cut, record.faults) == ("released", 2, 0, ())
    assert record.ended_at is not None
    assert record.ended_at >= record.opening.at


def test_doorbell_names_the_folder(node: Node, series: list[Dataset]) -> None:
    with Doorbell(node.layout) as doorbell:
        association = connect(node.port, series)
        send(association, series[:1])
        assert doorbell.wait(5) == {node.layout.relative(node.files[0].parent)}
        association.release()
        assert doorbell.wait(5) == {node.layout.relative(node.files[0].parent)}
    assert node.record.outcome == "released"


def test_echo_and_release_leave_nothing_in_the_store(node: Node, series: list[Dataset]) -> None:
    association = connect(node.port, series)
    assert association.send_c_echo().Status == 0
    association.release()
    assert list(node.layout.store.iterdir()) == []


def test_an_abort_between_objects_keeps_what_was_acknowledged(tmp_path: Path, series: list[Dataset]) -> None:
    with running_node(tmp_path) as node:
        association = connect(node.port, series)
        assert send(association, series[:3]) == [0, 0, 0]
        association.abort()
    assert len(node.files) == 3
    assert (node.record.outcome, node.record.stored) == ("aborted", 3)


ENDS = {"abort": pdu(7, bytes(4)), "release": pdu(5, bytes(4)), "connection lost": b""}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
def test_an_end_within_an_object_leaves_no_file(tmp_path: Path, end: bytes) -> None:
    content = encode(make_series(1)[0])
    with running_node(tmp_path) as node, RawPeer(node.port) as peer:
        peer.associate()
        assert peer.store(content, store_command("1.2.3.1")) == 0
        peer.send(p_data(store_command("1.2.3.2"), 3) + p_data(content[:1000], 0) + end)
        peer.sock.shutdown(socket.SHUT_WR)
        while peer.receive()[0]:
            pass
    assert len(node.files) == 1
    assert node.parts == []
    assert (node.record.stored, node.record.cut) == (1, 1)


FRAGMENTATIONS = {
    "command byte by byte": lambda command, content: (
        b"".join(p_data(command[n : n + 1], 3 if n == len(command) - 1 else 1) for n in range(len(command)))
        + p_data(content, 2)
    ),
    "a thousand values in one PDU": lambda command, content: (
        p_data(command, 3) + pdu(4, b"".join(pdv(content[n : n + 1], 0) for n in range(1000)) + pdv(content[1000:], 2))
    ),
    "command and data set in one PDU": lambda command, content: pdu(4, pdv(command, 3) + pdv(content, 2)),
    "an empty last fragment": lambda command, content: p_data(command, 3) + p_data(content, 0) + p_data(b"", 2),
}


@pytest.mark.parametrize("fragmented", FRAGMENTATIONS.values(), ids=FRAGMENTATIONS)
def test_any_fragmentation_is_taken(node: Node, fragmented: object) -> None:
    content = encode(make_series(1)[0])
    with RawPeer(node.port) as peer:
        peer.associate()
        peer.send(fragmented(store_command(), content))
        assert peer.status() == 0
        peer.release()
    (path,) = node.files
    assert path.read_bytes()[part10.data_set_offset(path) :] == content


HOSTILE_UIDS = {"65 characters": "1." + "2" * 63, "1000 characters": "1." * 500, "path": "../../../../../../etc/evil"}


@pytest.mark.parametrize("uid", HOSTILE_UIDS.values(), ids=HOSTILE_UIDS)
def test_a_uid_that_is_none_is_stored_under_a_number(node: Node, uid: str) -> None:
    with RawPeer(node.port) as peer:
        peer.associate()
        assert peer.store(encode(make_series(1)[0]), store_command(uid)) == 0
        peer.release()
    (path,) = node.files
    assert path.name == "000001.dcm"
    assert part10.receipt_holds(path)
    assert uid.encode() in path.read_bytes()[: part10.data_set_offset(path)]


def test_bytes_that_are_no_data_set_are_stored_and_judged_later(node: Node) -> None:
    with RawPeer(node.port) as peer:
        peer.associate()
        assert peer.store(b"no DICOM at all", store_command()) == 0
        assert peer.store(b"", store_command()) == 0
        peer.release()
    assert [part10.read_receipt(path).length for path in node.files] == [15, 0]


def test_a_large_object_passes_through(node: Node) -> None:
    piece = bytes(range(256)) * 1000
    with RawPeer(node.port) as peer:
        peer.associate()
        peer.send(p_data(store_command(), 3))
        for _ in range(99):
            peer.send(p_data(piece, 0))
        peer.send(p_data(piece, 2))
        assert peer.status() == 0
        peer.release()
    (path,) = node.files
    assert part10.data_set_digest(path) == (25_600_000, hashlib.sha256(piece * 100).hexdigest())


def test_two_listeners_share_a_socket(tmp_path: Path, series: list[Dataset]) -> None:
    with running_node(tmp_path, listeners=2) as node:
        associations = [connect(node.port, series) for _ in range(4)]
        for association in associations:
            assert send(association, series) == [0] * 4
            association.release()
    assert len(node.files) == 16
    assert [record.stored for record in node.records] == [4, 4, 4, 4]


def test_a_listener_that_stops_leaves_the_socket_to_the_other(tmp_path: Path, series: list[Dataset]) -> None:
    with running_node(tmp_path) as node, listening_socket() as sock:
        port = sock.getsockname()[1]
        first, second = (
            Listener(make_config(), node.layout, SystemClock(), sock=each) for each in (sock.dup(), sock.dup())
        )
        first.start()
        first.stop(0)
        second.start()
        association = connect(port, series)
        assert send(association, series) == [0] * 4
        association.release()
        second.stop(1)


def test_stop_lets_an_association_end_and_aborts_one_that_does_not(tmp_path: Path, series: list[Dataset]) -> None:
    with running_node(tmp_path, grace_s=0.2) as node:
        association = connect(node.port, series)
        send(association, series[:1])
    association.join(5)
    assert association.is_aborted
    assert (node.record.outcome, node.record.stored) == ("aborted", 1)
