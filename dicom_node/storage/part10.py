"""The head of a received Part 10 file and the receipt it carries. Touches: store (reads).

The File Meta Information names who sent the object to whom (0002,0016–0018) and ends with a receipt in the private
information element (0002,0102) under our creator (0002,0100): length and SHA-256 of the data set, and when it was
complete. Its length is fixed, because it is filled in last, over a file whose data set is already written. A file whose
receipt is empty was never acknowledged. See PS3.10 7.1.
"""

import hashlib
import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from dicom_node.domain.errors import BadInstance
from dicom_node.domain.marks import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME, RECEIPT_CREATOR_UID

RECEIPT_LENGTH: Final = 56
_RECEIPT: Final = struct.Struct("<8sQ32sQ")  # magic, length, SHA-256, microseconds since 1970
_MAGIC: Final = b"RECEIPT1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PREFIX: Final = b"\0" * 128 + b"DICM"
_GROUP_LENGTH_END: Final = len(_PREFIX) + 12
_LONGEST_META: Final = 1 << 20
_CHUNK: Final = 1 << 20


class NoReceipt(BadInstance):
    """A file that was never acknowledged: its head is not whole, or its receipt is empty."""


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the node vouched for when it answered Success.

    Attributes
    ----------
    length
        Of the data set [bytes].
    sha256
        Of the data set, in hex.
    received_at
        When the last fragment had come, UTC.
    """

    length: int
    sha256: str
    received_at: datetime

    def encoded(self) -> bytes:
        """Return the value of (0002,0102), `RECEIPT_LENGTH` bytes."""
        microseconds = (self.received_at - _EPOCH) // timedelta(microseconds=1)
        return _RECEIPT.pack(_MAGIC, self.length, bytes.fromhex(self.sha256), microseconds)


@dataclass(frozen=True, kw_only=True)
class Head:
    """Preamble and File Meta Information with an empty receipt; `receipt_at` is the receipt's offset in the file."""

    encoded: bytes
    receipt_at: int


def head(*, sop_class: bytes, sop_instance: bytes, transfer_syntax: str, calling_ae: str, called_ae: str) -> Head:
    """Return the head of a file that is about to be received.

    Parameters
    ----------
    sop_class, sop_instance
        As the command stated them, without padding; they are not judged here.
    transfer_syntax
        Of the presentation context.
    calling_ae, called_ae
        Of the association.
    """
    sender, receiver = calling_ae.encode("ascii", "replace"), called_ae.encode("ascii", "replace")
    body = b"".join(
        (
            _element(0x0001, b"OB", b"\0\1"),
            _element(0x0002, b"UI", sop_class),
            _element(0x0003, b"UI", sop_instance),
            _element(0x0010, b"UI", transfer_syntax.encode("ascii")),
            _element(0x0012, b"UI", IMPLEMENTATION_CLASS_UID.encode("ascii")),
            _element(0x0013, b"SH", IMPLEMENTATION_VERSION_NAME.encode("ascii")),
            _element(0x0016, b"AE", sender),
            _element(0x0017, b"AE", sender),
            _element(0x0018, b"AE", receiver),
            _element(0x0100, b"UI", RECEIPT_CREATOR_UID.encode("ascii")),
            _element(0x0102, b"OB", bytes(RECEIPT_LENGTH)),
        )
    )
    encoded = _PREFIX + _element(0x0000, b"UL", struct.pack("<I", len(body))) + body
    return Head(encoded=encoded, receipt_at=len(encoded) - RECEIPT_LENGTH)


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    if len(value) % 2:
        value += b"\0" if vr in (b"UI", b"OB") else b" "
    if vr == b"OB":
        return struct.pack("<HH2sHI", 2, number, vr, 0, len(value)) + value
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value


def data_set_offset(path: Path) -> int:
    """Return where the data set begins in a Part 10 file.

    Raises
    ------
    NoReceipt
        The file ends within its File Meta Information.
    BadInstance
        It is not a Part 10 file.
    """
    with path.open("rb") as file:
        return _meta_end(file, path)


def read_receipt(path: Path) -> Receipt:
    """Return the receipt that a received file carries; whether it is true is another question, see `receipt_holds`.

    Raises
    ------
    NoReceipt
        The head is not whole or the receipt is empty: the object was never acknowledged.
    BadInstance
        Not a Part 10 file, or not one that this node received.
    """
    with path.open("rb") as file:
        end = _meta_end(file, path)
        file.seek(_GROUP_LENGTH_END)
        value = _elements(file.read(end - _GROUP_LENGTH_END), path).get(0x0102)
    if value is None or len(value) != RECEIPT_LENGTH:
        raise BadInstance(happened="it carries no receipt of this node", subject=str(path), remedy="Send it again.")
    magic, length, digest, microseconds = _RECEIPT.unpack(value)
    if not any(value):
        raise _never_acknowledged(path)
    if magic != _MAGIC:
        raise BadInstance(happened="its receipt cannot be read", subject=str(path), remedy="Send the object again.")
    received_at = _EPOCH + timedelta(microseconds=microseconds)
    return Receipt(length=length, sha256=digest.hex(), received_at=received_at)


def receipt_holds(path: Path) -> bool:
    """Whether length and SHA-256 of the stored data set are those of the file's receipt (reads the whole file).

    Raises
    ------
    NoReceipt, BadInstance
        As `read_receipt`.
    """
    receipt = read_receipt(path)
    length, sha256 = data_set_digest(path)
    return (length, sha256) == (receipt.length, receipt.sha256)


def data_set_digest(path: Path) -> tuple[int, str]:
    """Return length [bytes] and SHA-256 (hex) of the data set in a Part 10 file.

    Raises
    ------
    NoReceipt, BadInstance
        As `data_set_offset`.
    """
    digest, length = hashlib.sha256(), 0
    with path.open("rb") as file:
        file.seek(_meta_end(file, path))
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            length += len(chunk)
    return length, digest.hexdigest()


def _meta_end(file: BinaryIO, path: Path) -> int:
    start = file.read(_GROUP_LENGTH_END)
    if len(start) < _GROUP_LENGTH_END:
        raise _never_acknowledged(path)
    group, number, vr, size, length = struct.unpack("<HH2sHI", start[-12:])
    if start[128:132] != b"DICM" or (group, number, vr, size) != (2, 0, b"UL", 4) or length > _LONGEST_META:
        raise BadInstance(happened="it is not a Part 10 file", subject=str(path), remedy="Send the object again.")
    end = _GROUP_LENGTH_END + int(length)
    if path.stat().st_size < end:
        raise _never_acknowledged(path)
    return end


def _elements(meta: bytes, path: Path) -> dict[int, bytes]:
    values: dict[int, bytes] = {}
    at = 0
    while at + 8 <= len(meta):
        _, number, vr, length = struct.unpack_from("<HH2sH", meta, at)
        at += 8
        if vr in (b"OB", b"OW", b"UN", b"UT", b"UR", b"SQ", b"UC"):
            if at + 4 > len(meta):
                break
            (length,) = struct.unpack_from("<I", meta, at)
            at += 4
        values[number] = meta[at : at + length]
        at += length
    if at != len(meta):
        raise BadInstance(
            happened="its File Meta Information is damaged", subject=str(path), remedy="Send the object again."
        )
    return values


def _never_acknowledged(path: Path) -> NoReceipt:
    return NoReceipt(
        happened="the object was not received to its end", subject=str(path), remedy="Its sender keeps it and retries."
    )
