"""Small Part 10 files made by hand, also ones that no library would write."""

import struct
import zlib
from pathlib import Path

from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from dicom_node.storage.part10 import head

UID = "1.2.3.4"
EXPLICIT, IMPLICIT = str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)
BIG, DEFLATED = str(ExplicitVRBigEndian), str(DeflatedExplicitVRLittleEndian)
UNDEFINED = 0xFFFFFFFF
_LONG = ("OB", "OW", "OF", "OD", "SQ", "UT", "UN", "UC", "UR", "OV", "SV", "UV")


def element(tag: int, vr: str, value: bytes, *, length: int | None = None, order: str = "<") -> bytes:
    """One element in Explicit VR; the length may lie."""
    if len(value) % 2:
        value += b"\0" if vr in ("UI", "OB", "UN") else b" "
    size = len(value) if length is None else length
    start = struct.pack(f"{order}HH", tag >> 16, tag & 0xFFFF) + vr.encode()
    start += struct.pack(f"{order}HI", 0, size) if vr in _LONG else struct.pack(f"{order}H", size)
    return start + value


def implicit(tag: int, value: bytes) -> bytes:
    """One element in Implicit VR."""
    return struct.pack("<HHI", tag >> 16, tag & 0xFFFF, len(value)) + value


def sequence(tag: int, *items: bytes) -> bytes:
    """A sequence of undefined length with items of undefined length."""
    body = b"".join(b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + item + b"\xfe\xff\x0d\xe0\0\0\0\0" for item in items)
    return element(tag, "SQ", body + b"\xfe\xff\xdd\xe0\0\0\0\0", length=UNDEFINED)


CLASS = element(0x00080016, "UI", CTImageStorage.encode())
INSTANCE = element(0x00080018, "UI", UID.encode())
START = CLASS + INSTANCE


def part10(path: Path, data_set: bytes, syntax: str = EXPLICIT) -> Path:
    """Write a file as the receiver does, without caring for its receipt."""
    start = head(
        sop_class=CTImageStorage.encode(),
        sop_instance=UID.encode(),
        transfer_syntax=syntax,
        calling_ae="A",
        called_ae="B",
    )
    path.write_bytes(start.encoded + data_set)
    return path


def deflated(data_set: bytes) -> bytes:
    """A raw deflate stream (PS3.5 A.5)."""
    compressor = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    return compressor.compress(data_set) + compressor.flush()


def nested(depth: int) -> bytes:
    """Sequences within sequences."""
    data = element(0x00080100, "SH", b"X")
    for _ in range(depth):
        data = sequence(0x00082112, data)
    return START + data


def million_items(count: int) -> bytes:
    """A sequence of very many empty items."""
    return START + element(0x00082112, "SQ", b"\xfe\xff\x00\xe0\0\0\0\0" * count, length=UNDEFINED)
