"""Delivery to the programs of other makers, and the wire under strain."""

import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from dicom_node.config.model import DestinationSection
from dicom_node.database.engine import Database
from dicom_node.deliver.compress import LOSSLESS
from dicom_node.deliver.queue import Courier
from dicom_node.deliver.send import echo, push
from dicom_node.domain.errors import StorageError
from dicom_node.storage.part10 import data_set_offset
from dicom_node.wire.scu import Association, NothingAccepted, Remote, Unreachable
from tests.support.deliveries import (
    PATIENT,
    World,
    deliver_originals,
    deliver_result,
    make_delivered_series,
    make_world,
)
from tests.support.peers import TestPacs, orthanc, pacs, storescp
from tests.support.phantoms import make_series, write_series
from tests.support.shared import series_folder


def run_until_idle(world: World) -> None:
    worker = Courier(
        world.config.destinations[0], database=world.database, layout=world.layout, clock=world.clock,
        config=world.config,
    )  # fmt: skip
    stop = threading.Event()
    while worker.step(stop):
        pass


def digest(path: Path) -> str:
    return sha256(path.read_bytes()[data_set_offset(path) :]).hexdigest()


@pytest.fixture
def peer() -> Iterator[TestPacs]:
    with pacs() as running:
        yield running


@pytest.mark.peer
def test_dcmtk_stores_originals_byte_for_byte(tmp_path: Path, database: Database) -> None:
    with storescp(tmp_path / "there") as port:
        world = make_world(tmp_path / "here", database, port=port)
        made = make_delivered_series(world)
        delivery = deliver_originals(world, made)
        run_until_idle(world)
        assert world.state(delivery).state == "delivered"
    ours = {digest(path) for path in world.layout.store.rglob("*.dcm")}
    theirs = {sha256(path.read_bytes()[_after_meta(path) :]).hexdigest() for path in (tmp_path / "there").iterdir()}
    assert ours == theirs


def _after_meta(path: Path) -> int:
    with path.open("rb") as file:
        pydicom.filereader.read_preamble(file, False)
        pydicom.filereader._read_file_meta_info(file)
        return file.tell()


@pytest.mark.peer
def test_orthanc_gets_originals_then_the_result_and_confirms(tmp_path: Path, database: Database) -> None:
    with orthanc(tmp_path / "there") as port:
        world = make_world(tmp_path / "here", database, port=port, confirm=True)
        made = make_delivered_series(world)
        result, originals = deliver_result(world, made), deliver_originals(world, made)
        run_until_idle(world)
        assert (world.state(originals).state, world.state(result).state) == ("confirmed", "confirmed")
        assert world.state(result).sent == 3


@pytest.mark.peer
def test_orthanc_does_not_know_the_study_until_the_originals_come(tmp_path: Path, database: Database) -> None:
    with orthanc(tmp_path / "there") as port:
        world = make_world(tmp_path / "here", database, port=port)
        made = make_delivered_series(world)
        result = deliver_result(world, made)
        run_until_idle(world)
        assert world.state(result).reason_code == "study unknown"
        push(sorted(world.layout.store.rglob("*.dcm")), world.config.destinations[0], "RESTORE")
        world.clock.advance(60)
        run_until_idle(world)
        assert world.state(result).state == "delivered"


@pytest.mark.peer
@pytest.mark.parametrize(
    ("here", "there", "state"),
    [
        ({"PatientName": "Müller^Jörg"}, {"PatientName": "Müller^Jörg^^"}, "delivered"),
        ({"PatientName": "Müller^Jörg"}, {"PatientName": "Maier^Jörg"}, "held"),
        ({"PatientID": "PH1"}, {"PatientID": "PH2"}, "held"),
        ({"AccessionNumber": "A1"}, {"AccessionNumber": ""}, "delivered"),
    ],
    ids=["same name", "other name", "other id", "no order number there"],
)
def test_orthanc_is_asked_who_the_patient_is(
    tmp_path: Path, database: Database, here: dict[str, str], there: dict[str, str], state: str
) -> None:
    with orthanc(tmp_path / "there") as port:
        world = make_world(tmp_path / "here", database, port=port)
        made = make_delivered_series(world, **here)
        delivery = deliver_result(world, made)
        theirs = make_series(1, size=16, seed=1, **{**PATIENT, **here, **there})
        push(write_series(theirs, tmp_path / "pushed"), world.config.destinations[0], "RESTORE")
        run_until_idle(world)
        assert world.state(delivery).state == state, world.state(delivery).error


@pytest.mark.peer
def test_a_compressed_object_goes_as_it_is_or_not_at_all(tmp_path: Path) -> None:
    files = sorted(series_folder("31-siemens-petct-ct-body-j2k").rglob("*.dcm"))[:2]
    assert {pydicom.dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID for path in files} <= {
        "1.2.840.10008.1.2.4.90",
        "1.2.840.10008.1.2.4.91",
    }
    with storescp(tmp_path / "takes", options=("+xa",)) as port:
        results = push(files, destination(port), "RESTORE")
        assert all(result.sent for result in results)
    with (
        pacs(syntaxes=[ExplicitVRLittleEndian]) as peer,
        pytest.raises(NothingAccepted, match="none of the presentation"),
    ):
        push(files, destination(peer.port), "RESTORE")


@pytest.mark.peer
@pytest.mark.parametrize("syntax", [*LOSSLESS, "explicit"])
def test_a_result_goes_out_in_the_form_that_is_preferred(tmp_path: Path, database: Database, syntax: str) -> None:
    with storescp(tmp_path / "there") as port:
        world = make_world(tmp_path / "here", database, port=port, verify_identity=False, syntax=syntax)
        made = make_delivered_series(world, size=64)
        result, originals = deliver_result(world, made), deliver_originals(world, made)
        run_until_idle(world)
        assert (world.state(originals).state, world.state(result).state) == ("delivered", "delivered")
    there = [pydicom.dcmread(path) for path in (tmp_path / "there").iterdir()]
    ours = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, world.layout.derived.rglob("*.dcm"))}
    arrived = [ds for ds in there if ds.SOPInstanceUID in ours]
    assert len(arrived) == len(ours) == 3
    assert {ds.file_meta.TransferSyntaxUID for ds in arrived} == {LOSSLESS.get(syntax, ExplicitVRLittleEndian)}
    assert all((ds.pixel_array == ours[ds.SOPInstanceUID].pixel_array).all() for ds in arrived)
    others = {ds.file_meta.TransferSyntaxUID for ds in there if ds.SOPInstanceUID not in ours}
    assert others == {ExplicitVRLittleEndian}


@pytest.mark.peer
def test_who_does_not_take_the_preferred_form_gets_the_stored_one(tmp_path: Path, database: Database) -> None:
    with storescp(tmp_path / "there", options=("+xe",)) as port:
        world = make_world(tmp_path / "here", database, port=port, verify_identity=False, syntax="jpeg-ls")
        result = deliver_result(world, make_delivered_series(world, size=64))
        run_until_idle(world)
        assert world.state(result).state == "delivered"
    there = [pydicom.dcmread(path) for path in (tmp_path / "there").iterdir()]
    assert [ds.file_meta.TransferSyntaxUID for ds in there] == [ExplicitVRLittleEndian] * 3


@pytest.mark.peer
def test_orthanc_takes_a_compressed_result(tmp_path: Path, database: Database) -> None:
    with orthanc(tmp_path / "there") as port:
        world = make_world(tmp_path / "here", database, port=port, confirm=True, syntax="jpeg-2000")
        made = make_delivered_series(world, size=64)
        result, originals = deliver_result(world, made), deliver_originals(world, made)
        run_until_idle(world)
        assert (world.state(originals).state, world.state(result).state) == ("confirmed", "confirmed")


def destination(port: int = 1) -> DestinationSection:
    return DestinationSection(name="pacs", ae_title="PACS", host="127.0.0.1", port=port)


def test_what_is_no_dicom_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear colleague")
    with pytest.raises(StorageError, match=r"letter\.txt"):
        push([path], destination(), "RESTORE")


def test_an_echo_is_answered(peer: TestPacs) -> None:
    assert echo(destination(peer.port), "RESTORE").status == 0


@pytest.mark.filterwarnings("ignore:.*socket.socket:pytest.PytestUnraisableExceptionWarning")
def test_nobody_there_is_said() -> None:
    with pytest.raises(Unreachable):
        echo(destination(), "RESTORE")


def test_a_peer_that_hangs_is_given_up(tmp_path: Path, peer: TestPacs) -> None:
    peer.behaviour.hang = threading.Event()
    path = write_series(make_series(1, size=16), tmp_path / "files")[0]
    remote = Remote(calling_ae="RESTORE", called_ae="PACS", host="127.0.0.1", port=peer.port, response_s=0.5)
    with (
        pytest.raises(Unreachable, match="no answer"),
        Association(remote, [(CTImageStorage, ExplicitVRLittleEndian)]) as association,
    ):
        association.store(path)
    peer.behaviour.hang.set()


def test_memory_does_not_grow_with_the_object(tmp_path: Path, peer: TestPacs) -> None:
    path = write_series(make_series(1, size=16), tmp_path / "files")[0]
    with path.open("ab") as file:
        # Data Set Trailing Padding (FFFC,FFFC), explicit VR OB, 60 MB.
        file.write(b"\xfc\xff\xfc\xffOB\0\0" + (60_000_000).to_bytes(4, "little"))
        file.seek(60_000_000 - 1, 1)
        file.write(b"\0")
    peer.behaviour.status = lambda _count, _uid: 0xA700
    remote = Remote(calling_ae="RESTORE", called_ae="PACS", host="127.0.0.1", port=peer.port)
    queued: list[int] = []
    with Association(remote, [(CTImageStorage, ExplicitVRLittleEndian)]) as association:
        waiting = association._negotiated.dul.to_provider_queue
        done = threading.Event()

        def watch() -> None:
            while not done.wait(0.002):
                queued.append(waiting.qsize())

        watcher = threading.Thread(target=watch)
        watcher.start()
        association.store(path)
        done.set()
        watcher.join()
    assert max(queued) <= 8
