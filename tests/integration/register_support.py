"""Association folders as the receiver leaves them, and a station to register them."""

import hashlib
import warnings
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.register.arrivals import Registrar
from dicom_node.sandbox.client import Sandbox
from dicom_node.storage.journal import Journal, Opening
from dicom_node.storage.layout import Layout
from dicom_node.storage.part10 import Receipt, head
from tests.support.clock import FixedClock
from tests.support.phantoms import encode


@dataclass(frozen=True, kw_only=True)
class Sent:
    """What one C-STORE carries."""

    data_set: bytes
    sop_class: str
    sop_instance: str
    syntax: str = ExplicitVRLittleEndian


def sent(ds: Dataset, *, syntax: str = ExplicitVRLittleEndian, sop_instance: str | None = None) -> Sent:
    """What a sender makes of a data set."""
    uid = str(ds.SOPInstanceUID) if sop_instance is None else sop_instance
    return Sent(data_set=encode(ds, syntax), sop_class=str(ds.SOPClassUID), sop_instance=uid, syntax=syntax)


def sent_file(path: Path) -> Sent:
    """What a sender makes of a file: its File Meta tells syntax and UIDs; what is missing there, the data set."""
    content = path.read_bytes()
    meta, start = _meta(content)
    if {0x02, 0x03, 0x10} <= meta.keys():
        return Sent(data_set=content[start:], sop_class=meta[0x02], sop_instance=meta[0x03], syntax=meta[0x10])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds = dcmread(path, force=True, stop_before_pixels=True)
    implicit, little = ds.original_encoding
    syntax = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    return Sent(
        data_set=content[start:],
        sop_class=meta.get(0x02) or ds.get("SOPClassUID", ""),
        sop_instance=meta.get(0x03) or ds.get("SOPInstanceUID", ""),
        syntax=meta.get(0x10) or syntax,
    )


def _meta(content: bytes) -> tuple[dict[int, str], int]:
    """Elements of group 2 and where they end, also where their length element is missing."""
    meta: dict[int, str] = {}
    at = 132 if content[128:132] == b"DICM" else 0
    while content[at : at + 2] == b"\2\0":
        number = int.from_bytes(content[at + 2 : at + 4], "little")
        long = content[at + 4 : at + 6] in (b"OB", b"UN")
        size = int.from_bytes(content[at + 8 : at + 12] if long else content[at + 6 : at + 8], "little")
        at += 12 if long else 8
        meta[number] = content[at : at + size].rstrip(b" \0").decode("latin-1")
        at += size
    return meta, at


class Station:
    """A data folder, its database and its registrar."""

    def __init__(self, folder: Path, database: Database, sandbox: Sandbox, clock: FixedClock) -> None:
        self.layout = Layout(folder / "var")
        self.database = database
        self.clock = clock
        self.sandbox = sandbox
        self.registrar = self.restarted()
        self._associations = 0

    def restarted(self) -> Registrar:
        """A registrar that remembers nothing."""
        return Registrar(self.database, self.layout, self.sandbox, self.clock, Config())

    def associate(self, calling_ae: str = "CT1", *, end: str | None = "released") -> str:
        """Make an association folder with its journal and return it as the database names it."""
        self._associations += 1
        folder = self.layout.association(self.clock.now(), f"{self._associations:04d}")
        folder.mkdir(parents=True)
        opening = Opening(at=self.clock.now(), calling_ae=calling_ae, called_ae="RESTORE", address="127.0.0.1", peer="")
        journal = Journal(folder, opening)
        if end is not None:
            journal.end(end, self.clock.now(), stored=0, cut=0)
        return self.layout.relative(folder)

    def put(self, folder: str, objects: list[Sent], *, suffix: str = ".dcm") -> list[Path]:
        """Write objects into an association folder, a second apart."""
        target = self.layout.absolute(folder)
        first = len(list(target.iterdir()))
        return [
            write_received(target / f"{first + rank}{suffix}", one, self.clock.advance(1))
            for rank, one in enumerate(objects)
        ]

    def receive(self, objects: list[Sent], calling_ae: str = "CT1") -> list[Path]:
        """Bring objects by one association and register them."""
        folder = self.associate(calling_ae)
        paths = self.put(folder, objects)
        self.registrar.register([folder])
        return paths


def write_received(path: Path, one: Sent, at: datetime) -> Path:
    """Write one received file with its receipt."""
    start = head(
        sop_class=one.sop_class.encode("latin-1"),
        sop_instance=one.sop_instance.encode("latin-1"),
        transfer_syntax=one.syntax,
        calling_ae="CT1",
        called_ae="RESTORE",
    )
    receipt = Receipt(
        length=len(one.data_set),
        sha256=hashlib.sha256(one.data_set).hexdigest(),
        received_at=at + timedelta(microseconds=1),
    )
    content = bytearray(start.encoded + one.data_set)
    encoded = receipt.encoded()
    content[start.receipt_at : start.receipt_at + len(encoded)] = encoded
    path.write_bytes(content)
    return path
