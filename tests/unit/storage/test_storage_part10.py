"""Heads and receipts."""

import hashlib
import struct
import warnings
from datetime import UTC, datetime
from pathlib import Path

import pydicom
import pytest

from dicom_node.domain.errors import BadInstance
from dicom_node.domain.marks import IMPLEMENTATION_CLASS_UID, RECEIPT_CREATOR_UID
from dicom_node.storage import part10
from tests.support.phantoms import encode, make_series, write_series

CONTENT = encode(make_series(1)[0])
RECEIPT = part10.Receipt(
    length=len(CONTENT),
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    received_at=datetime(2026, 3, 2, 9, 0, 0, 123457, tzinfo=UTC),
)


def write(path: Path, *, receipt: bytes = RECEIPT.encoded(), content: bytes = CONTENT, calling: str = "CT1") -> Path:
    head = part10.head(
        sop_class=b"1.2.840.10008.5.1.4.1.1.2",
        sop_instance=b"1.2.3",
        transfer_syntax="1.2.840.10008.1.2.1",
        calling_ae=calling,
        called_ae="RESTORE",
    )
    encoded = bytearray(head.encoded)
    assert len(receipt) == part10.RECEIPT_LENGTH
    encoded[head.receipt_at :] = receipt
    path.write_bytes(bytes(encoded) + content)
    return path


def test_a_reader_finds_what_the_head_says(tmp_path: Path) -> None:
    meta = pydicom.dcmread(write(tmp_path / "a.dcm")).file_meta
    assert meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    assert meta.MediaStorageSOPInstanceUID == "1.2.3"
    assert meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID
    assert (meta.SourceApplicationEntityTitle, meta.ReceivingApplicationEntityTitle) == ("CT1", "RESTORE")
    assert meta.PrivateInformationCreatorUID == RECEIPT_CREATOR_UID
    assert meta.PrivateInformation == RECEIPT.encoded()
    assert (tmp_path / "a.dcm").read_bytes()[:128] == bytes(128)


def test_receipt_and_data_set_come_back(tmp_path: Path) -> None:
    path = write(tmp_path / "a.dcm")
    assert part10.read_receipt(path) == RECEIPT
    assert path.read_bytes()[part10.data_set_offset(path) :] == CONTENT
    assert part10.data_set_digest(path) == (RECEIPT.length, RECEIPT.sha256)
    assert part10.receipt_holds(path)


def test_another_data_set_breaks_the_receipt(tmp_path: Path) -> None:
    changed = bytearray(CONTENT)
    changed[-1] ^= 1
    assert not part10.receipt_holds(write(tmp_path / "changed.dcm", content=bytes(changed)))
    assert not part10.receipt_holds(write(tmp_path / "short.dcm", content=CONTENT[:-1]))
    assert not part10.receipt_holds(write(tmp_path / "long.dcm", content=CONTENT + b"\0"))


def test_an_empty_receipt_means_never_acknowledged(tmp_path: Path) -> None:
    path = write(tmp_path / "a.part", receipt=bytes(part10.RECEIPT_LENGTH))
    with pytest.raises(part10.NoReceipt):
        part10.read_receipt(path)


@pytest.mark.parametrize("length", [0, 1, 131, 143, 144, 200])
def test_a_head_that_is_not_whole_means_never_acknowledged(tmp_path: Path, length: int) -> None:
    path = write(tmp_path / "a.part")
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(part10.NoReceipt):
        part10.read_receipt(path)


DAMAGED = {
    "no Part 10 file": b"x" * 2000,
    "group length of 4 GiB": bytes(128) + b"DICM" + struct.pack("<HH2sHI", 2, 0, b"UL", 4, 0xFFFFFFFF) + bytes(2000),
    "element longer than the group": bytes(128)
    + b"DICM"
    + struct.pack("<HH2sHI", 2, 0, b"UL", 4, 20)
    + struct.pack("<HH2sH", 2, 0x10, b"UI", 500)
    + bytes(2000),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_head_is_a_bad_instance(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    with pytest.raises(BadInstance) as caught:
        part10.read_receipt(path)
    assert not isinstance(caught.value, part10.NoReceipt)


def test_a_receipt_of_another_make_is_a_bad_instance(tmp_path: Path) -> None:
    with pytest.raises(BadInstance, match="receipt cannot be read"):
        part10.read_receipt(write(tmp_path / "a.dcm", receipt=b"RECEIPT9" + RECEIPT.encoded()[8:]))


def test_a_file_of_somebody_else_carries_no_receipt_but_has_a_data_set(tmp_path: Path) -> None:
    (path,) = write_series(make_series(1), tmp_path)
    assert pydicom.dcmread(path).SOPInstanceUID.encode() in path.read_bytes()[part10.data_set_offset(path) :]
    with pytest.raises(BadInstance, match="no receipt"):
        part10.read_receipt(path)


def test_titles_outside_ascii_do_not_break_the_file(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert pydicom.dcmread(write(tmp_path / "a.dcm", calling="RÖ1")).file_meta.SourceApplicationEntityTitle == "R?1"
