"""Peers for the tests: a PACS that does as it is told, and DCMTK's and Orthanc's real ones on free ports."""

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import (
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)
from pynetdicom import AE, evt
from pynetdicom.sop_class import (
    CTImageStorage,
    MRImageStorage,
    StudyRootQueryRetrieveInformationModelFind,
    Verification,
)

SYNTAXES = (ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless)


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@dataclass
class Behaviour:
    """What the scripted PACS does; change it while it runs.

    Attributes
    ----------
    status
        Of each C-STORE, by (how many were stored before, SOP Instance UID).
    abort_at
        Aborts the association instead of answering that C-STORE (counted from 0 over all).
    hang
        While set, C-STORE and C-FIND wait for it to be cleared.
    find_status
        If not 0, the answer to every C-FIND.
    identity
        Overrides what is known of each study; empty values are answered as empty.
    studies
        More studies known, beside those that were stored.
    """

    status: Callable[[int, str], int] = lambda _count, _uid: 0
    abort_at: int | None = None
    hang: threading.Event | None = None
    find_status: int = 0
    identity: dict[str, str] = field(default_factory=dict)
    studies: dict[str, dict[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Stored:
    """One object that arrived."""

    uid: str
    syntax: str
    data: bytes
    dataset: Dataset


class TestPacs:
    """A pynetdicom storage and query SCP under a script."""

    __test__ = False

    def __init__(self, *, syntaxes: Sequence[str] = SYNTAXES, ae_title: str = "PACS", port: int = 0) -> None:
        self.behaviour = Behaviour()
        self.stored: dict[str, Stored] = {}
        self.seen: list[str] = []
        self.queries: list[Dataset] = []
        self.ae_title = ae_title
        self._syntaxes = list(syntaxes)
        self._server: Any = None
        self.port = port or free_port()

    def start(self) -> "TestPacs":
        ae = AE(ae_title=self.ae_title)
        ae.maximum_pdu_size = 65536
        ae.acse_timeout = 5
        for storage in (CTImageStorage, MRImageStorage):
            ae.add_supported_context(storage, self._syntaxes)
        ae.add_supported_context(Verification)
        ae.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        handlers = [(evt.EVT_C_STORE, self._store), (evt.EVT_C_FIND, self._find)]
        self._server = ae.start_server(("127.0.0.1", self.port), block=False, evt_handlers=handlers)
        return self

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server = None

    def _store(self, event: evt.Event) -> int:
        uid = str(event.request.AffectedSOPInstanceUID)
        self.seen.append(uid)
        if self.behaviour.hang is not None:
            self.behaviour.hang.wait(20)
        if self.behaviour.abort_at is not None and len(self.seen) - 1 >= self.behaviour.abort_at:
            event.assoc.abort()
            return 0xA700
        status = self.behaviour.status(len(self.stored), uid)
        if status == 0 or status >> 12 == 0xB:
            self.stored[uid] = Stored(
                uid, str(event.context.transfer_syntax), event.request.DataSet.getvalue(), event.dataset
            )
        return status

    def _find(self, event: evt.Event) -> Iterator[tuple[int, Dataset | None]]:
        query = event.identifier
        self.queries.append(query)
        if self.behaviour.hang is not None:
            self.behaviour.hang.wait(20)
        if self.behaviour.find_status:
            yield self.behaviour.find_status, None
            return
        if query.QueryRetrieveLevel == "IMAGE":
            for item in list(self.stored.values()):
                if item.dataset.SeriesInstanceUID == query.SeriesInstanceUID:
                    answer = Dataset()
                    answer.QueryRetrieveLevel, answer.SOPInstanceUID = "IMAGE", item.uid
                    yield 0xFF00, answer
            return
        known = self._known().get(query.StudyInstanceUID)
        if known is not None:
            answer = Dataset()
            answer.QueryRetrieveLevel, answer.StudyInstanceUID = "STUDY", query.StudyInstanceUID
            answer.SpecificCharacterSet = "ISO_IR 192"
            for keyword, value in {**known, **self.behaviour.identity}.items():
                setattr(answer, keyword, value)
            yield 0xFF00, answer

    def _known(self) -> dict[str, dict[str, str]]:
        keywords = ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber")
        stored = {
            item.dataset.StudyInstanceUID: {word: str(item.dataset.get(word, "")) for word in keywords}
            for item in list(self.stored.values())
        }
        return {**stored, **self.behaviour.studies}


@contextmanager
def pacs(**options: Any) -> Iterator[TestPacs]:
    """A running scripted PACS."""
    peer = TestPacs(**options).start()
    try:
        yield peer
    finally:
        peer.stop()


def program(name: str) -> str:
    """Path of another maker's program, or skip."""
    path = shutil.which(name, path="/usr/bin:/usr/sbin:/usr/local/bin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def wait_for_port(port: int, process: "subprocess.Popen[bytes]", *, seconds: float = 30.0) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, "the peer ended at once"
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        threading.Event().wait(0.05)
    pytest.fail("the peer does not listen")


@contextmanager
def running(command: Sequence[str], port: int, log: Path) -> Iterator[None]:
    """Run a peer until the end of the block; its output goes to a file."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        try:
            wait_for_port(port, process)
            yield
        finally:
            process.terminate()
            process.wait(20)


@contextmanager
def storescp(folder: Path, *, ae_title: str = "PACS", options: Sequence[str] = ("+xa",)) -> Iterator[int]:
    """DCMTK's storage SCP, writing bit-preserving into a folder; gives its port."""
    path, port = program("storescp"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    command = [path, *options, "--bit-preserving", "--fork", "-aet", ae_title, "-od", str(folder), str(port)]
    with running(command, port, folder.parent / "storescp.log"):
        yield port


@contextmanager
def orthanc(folder: Path, *, ae_title: str = "PACS", modalities: dict[str, Any] | None = None) -> Iterator[int]:
    """Orthanc with an empty storage folder, without its REST server; gives its DICOM port."""
    path, port = program("Orthanc"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "Name": "test",
        "StorageDirectory": str(folder / "db"),
        "IndexDirectory": str(folder / "db"),
        "HttpServerEnabled": False,
        "DicomAet": ae_title,
        "DicomPort": port,
        "DicomCheckCalledAet": True,
        "DicomAlwaysAllowFind": True,
        "Plugins": [],
        "DicomModalities": modalities or {},
    }
    configuration = folder / "orthanc.json"
    configuration.write_text(json.dumps(settings))
    with running([path, str(configuration)], port, folder / "orthanc.log"):
        yield port
