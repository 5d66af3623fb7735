"""A listener on a free port of this machine, and a peer that sends whatever bytes a test wants."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from pynetdicom import AE
from pynetdicom.association import Association

from dicom_node.config.model import Config
from dicom_node.domain.clock import Clock, SystemClock
from dicom_node.receive.listener import Listener
from dicom_node.storage import journal
from dicom_node.storage.layout import Layout

TITLE = "RESTORE"
CT = "1.2.840.10008.5.1.4.1.1.2"
VERIFICATION = "1.2.840.10008.1.1"
EXPLICIT = "1.2.840.10008.1.2.1"
ACCEPTED, REJECTED, DATA, RELEASED, ABORTED = 2, 3, 4, 6, 7
"""Types of the PDUs that a node answers with (PS3.8 9.3.1)."""


@dataclass(frozen=True)
class Node:
    """A running listener."""

    layout: Layout
    port: int

    @property
    def files(self) -> list[Path]:
        return sorted(self.layout.store.rglob("*.dcm"))

    @property
    def parts(self) -> list[Path]:
        return sorted(self.layout.store.rglob("*.part"))

    @property
    def records(self) -> list[journal.JournalRecord]:
        """Journals of the associations that brought something, in order."""
        return [journal.read(path.parent) for path in sorted(self.layout.store.rglob("journal"))]

    @property
    def record(self) -> journal.JournalRecord:
        """The only one."""
        (record,) = self.records
        return record


def make_config(**sections: object) -> Config:
    return Config.model_validate({"storage": {"min_free_gb": 0}, "node": {"ae_title": TITLE}, **sections})


def listening_socket() -> socket.socket:
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(128)
    return sock


@contextmanager
def running_node(
    folder: Path, *, listeners: int = 1, grace_s: float = 2.0, clock: Clock | None = None, **sections: object
) -> Iterator[Node]:
    """Start listeners that share one socket; stop them afterwards."""
    layout = Layout(folder)
    layout.run.mkdir(parents=True, exist_ok=True)
    sock = listening_socket()
    port = sock.getsockname()[1]
    config = make_config(**sections)
    socks = [sock, *(sock.dup() for _ in range(listeners - 1))]
    started = [Listener(config, layout, clock or SystemClock(), sock=each) for each in socks]
    for listener in started:
        listener.start()
    try:
        yield Node(layout, port)
    finally:
        for listener in started:
            listener.stop(grace_s)


def with_meta(series: list[Dataset], syntax: str = ExplicitVRLittleEndian) -> list[Dataset]:
    """Return data sets that pynetdicom can send in a syntax."""
    for ds in series:
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = syntax
    return series


def connect(
    port: int, data_sets: list[Dataset], *, calling: str = "SCANNER", syntax: str = ExplicitVRLittleEndian
) -> Association:
    """Open an association that proposes Verification and the classes of these data sets."""
    ae = AE(calling)
    for sop_class in dict.fromkeys(str(ds.SOPClassUID) for ds in data_sets):
        ae.add_requested_context(sop_class, syntax)
    ae.add_requested_context(VERIFICATION)
    return ae.associate("127.0.0.1", port, ae_title=TITLE)


def send(association: Association, data_sets: list[Dataset]) -> list[int]:
    """C-STORE each; return the statuses."""
    return [association.send_c_store(ds).Status for ds in data_sets]


class RawPeer:
    """A peer made of bytes."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def associate(
        self, *, calling: str = "SCANNER", called: str = TITLE, maximum: int = 16384, classes: tuple[str, ...] = (CT,)
    ) -> tuple[int, bytes]:
        """Propose classes in explicit little endian, contexts 1, 3, 5 …; return the answer's type and content."""
        contexts = b"".join(
            item(0x20, bytes((1 + 2 * n, 0, 0, 0)) + item(0x30, sop_class.encode()) + item(0x40, EXPLICIT.encode()))
            for n, sop_class in enumerate(classes)
        )
        user = item(0x50, item(0x51, struct.pack(">I", maximum)) + item(0x52, b"2.25.1"))
        body = struct.pack(">HH16s16s32x", 1, 0, called.encode().ljust(16), calling.encode().ljust(16))
        self.send(pdu(1, body + item(0x10, b"1.2.840.10008.3.1.1.1") + contexts + user))
        return self.receive()

    def send(self, content: bytes) -> None:
        self.sock.sendall(content)

    def receive(self) -> tuple[int, bytes]:
        """Return type and content of one PDU; (0, b"") when the connection ended."""
        head = self._exactly(6)
        if len(head) < 6:
            return 0, b""
        kind, length = struct.unpack(">BxI", head)
        return kind, self._exactly(length)

    def status(self) -> int:
        """Return the status of the response that comes now."""
        kind, body = self.receive()
        assert kind == DATA
        at = body.index(struct.pack("<HHI", 0, 0x0900, 2))
        return int.from_bytes(body[at + 8 : at + 10], "little")

    def store(self, data_set: bytes, command: bytes) -> int:
        """Send one object, return its status."""
        self.send(p_data(command, 3) + p_data(data_set, 2))
        return self.status()

    def release(self) -> None:
        self.send(pdu(5, bytes(4)))
        assert self.receive()[0] == RELEASED

    def _exactly(self, count: int) -> bytes:
        content = b""
        while len(content) < count:
            try:
                more = self.sock.recv(count - len(content))
            except ConnectionResetError:
                more = b""
            if not more:
                break
            content += more
        return content


def pdu(kind: int, body: bytes) -> bytes:
    return struct.pack(">BBI", kind, 0, len(body)) + body


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BBH", kind, 0, len(value)) + value


def p_data(fragment: bytes, control: int, context_id: int = 1) -> bytes:
    return pdu(4, pdv(fragment, control, context_id))


def pdv(fragment: bytes, control: int, context_id: int = 1) -> bytes:
    return struct.pack(">IBB", len(fragment) + 2, context_id, control) + fragment


def element(number: int, value: bytes) -> bytes:
    value += b"\0" * (len(value) % 2)
    return struct.pack("<HHI", 0, number, len(value)) + value


def store_command(uid: str | None = "1.2.3", *, sop_class: str | None = CT, field: int = 1, data_set: int = 0) -> bytes:
    return b"".join(
        (
            b"" if sop_class is None else element(0x0002, sop_class.encode()),
            element(0x0100, struct.pack("<H", field)),
            element(0x0110, b"\x07\0"),
            element(0x0700, b"\0\0"),
            element(0x0800, struct.pack("<H", data_set)),
            b"" if uid is None else element(0x1000, uid.encode("latin-1")),
        )
    )
