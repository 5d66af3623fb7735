"""One association's files and journal."""

from pathlib import Path

import pytest

from dicom_node.domain.errors import StorageError
from dicom_node.receive.arrival import Arrival
from dicom_node.storage import journal, part10
from dicom_node.storage.layout import Layout
from tests.support.clock import FixedClock

HEAD = part10.head(
    sop_class=b"1.2", sop_instance=b"1.2.3", transfer_syntax="1.2.840.10008.1.2.1", calling_ae="CT1", called_ae="R"
)


@pytest.fixture
def arrival(tmp_path: Path, clock: FixedClock) -> Arrival:
    opening = journal.Opening(at=clock.now(), calling_ae="CT1", called_ae="R", address="::1", peer="")
    return Arrival(opening, "key", layout=Layout(tmp_path), clock=clock)


def folder(tmp_path: Path) -> Path:
    return tmp_path / "store" / "2026" / "03" / "02" / "key"


def test_no_object_no_folder(arrival: Arrival, tmp_path: Path) -> None:
    arrival.end("released")
    assert list(tmp_path.iterdir()) == []


def test_objects_are_numbered_and_the_end_is_written_once(arrival: Arrival, tmp_path: Path, clock: FixedClock) -> None:
    for content in (b"first", b"second"):
        arrival.begin(HEAD)
        arrival.add(content)
        clock.advance(1)
        arrival.keep()
    arrival.end("released")
    arrival.end("aborted")
    assert sorted(path.name for path in folder(tmp_path).iterdir()) == ["000001.dcm", "000002.dcm", "journal"]
    receipt = part10.read_receipt(folder(tmp_path) / "000002.dcm")
    assert (receipt.length, receipt.received_at) == (6, clock.now())
    record = journal.read(folder(tmp_path))
    assert (record.outcome, record.stored, record.cut) == ("released", 2, 0)


def test_what_is_on_its_way_at_the_end_is_dropped_and_nothing_comes_after(arrival: Arrival, tmp_path: Path) -> None:
    arrival.begin(HEAD)
    arrival.add(b"half")
    arrival.end("aborted")
    for late in (lambda: arrival.add(b"other half"), arrival.keep, lambda: arrival.begin(HEAD)):
        with pytest.raises(StorageError, match="over"):
            late()
    assert [path.name for path in folder(tmp_path).iterdir()] == ["journal"]
    assert journal.read(folder(tmp_path)).cut == 1


def test_a_folder_that_is_taken_is_left_alone(arrival: Arrival, tmp_path: Path) -> None:
    folder(tmp_path).mkdir(parents=True)
    (folder(tmp_path) / "000001.dcm").write_bytes(b"somebody else's")
    with pytest.raises(StorageError, match="exists"):
        arrival.begin(HEAD)
    arrival.begin(HEAD)
    arrival.keep()
    assert (folder(tmp_path) / "000001.dcm").read_bytes() == b"somebody else's"
    second = folder(tmp_path).with_name("key-1")
    assert part10.receipt_holds(second / "000001.dcm")
    assert len(journal.read(second).faults) == 1


def test_faults_before_the_first_file_are_told_at_the_end(arrival: Arrival, tmp_path: Path, clock: FixedClock) -> None:
    arrival.refused("the disk's reserve is used up")
    arrival.refused("the disk's reserve is used up")
    arrival.end("released")
    record = journal.read(folder(tmp_path))
    assert record.faults == (journal.DiskFault(at=clock.now(), error="the disk's reserve is used up"),)
    assert (record.outcome, record.stored) == ("released", 0)


def test_a_data_set_that_does_not_end_is_overdue(arrival: Arrival, clock: FixedClock) -> None:
    assert not arrival.overdue()
    arrival.begin(HEAD)
    clock.advance(60)
    assert not arrival.overdue()
    clock.advance(1)
    assert arrival.overdue()
    arrival.add(bytes(4096 * 10))
    assert not arrival.overdue()
    clock.advance(10)
    assert arrival.overdue()
    arrival.keep()
    assert not arrival.overdue()
