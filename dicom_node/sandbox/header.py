"""One received file → its header: attributes, digests, flags. Touches: the file (reads it once, values in pieces)."""

import io
import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.filereader import data_element_generator
from pydicom.tag import BaseTag
from pydicom.valuerep import EXPLICIT_VR_LENGTH_32

from dicom_node.domain.errors import BadInstance
from dicom_node.domain.work import digest_of
from dicom_node.sandbox.attributes import Element, Json, Notes, attributes_of, limited
from dicom_node.sandbox.pixels import digest_of_bytes, expected_bytes
from dicom_node.sandbox.private import private_entries

_IMPLICIT: Final = "1.2.840.10008.1.2"
_DEFLATED: Final = "1.2.840.10008.1.2.1.99"
_BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
_NATIVE: Final = frozenset({_IMPLICIT, "1.2.840.10008.1.2.1", _DEFLATED, _BIG_ENDIAN})
_KEY_OBJECT: Final = "1.2.840.10008.5.1.4.1.1.88.59"
_META: Final = 132
_META_GROUP: Final = 2
_TAG_AND_VR: Final = 6
_LONGEST_VALUE: Final = 64 * 1024
_MOST_INFLATED: Final = 512 << 20
_UNDEFINED: Final = 0xFFFFFFFF
_BUFFER: Final = 1 << 16
_PIXEL_ELEMENTS: Final = {0x7FE00008: ("float", 32), 0x7FE00009: ("double", 64), 0x7FE00010: ("pixel", 16)}
_IDENTITY: Final = (
    *("PatientID", "IssuerOfPatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"),
    *("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns"),
    *("RescaleSlope", "RescaleIntercept"),
)


@dataclass
class _Stop:
    """Where reading stopped before the pixel data; tag 0 if it did not."""

    tag: int = 0
    length: int = 0
    head: int = 8

    def __call__(self, tag: BaseTag, vr: str | None, length: int) -> bool:
        if int(tag) not in _PIXEL_ELEMENTS:
            return False
        self.tag, self.length, self.head = int(tag), length, 12 if vr in EXPLICIT_VR_LENGTH_32 else 8
        return True


def read(path: Path) -> Json:
    """Parse one Part 10 file.

    Returns
    -------
    dict
        The fields of `dicom_node.sandbox.client.Header` but for its path.

    Raises
    ------
    BadInstance
        It is no Part 10 file, it is empty or cut off, or it is not encoded as its File Meta says.
    """
    with path.open("rb", buffering=_BUFFER) as file:
        meta = _meta(file)
        syntax = meta.get(0x00020010, "")
        body = _inflated(file) if syntax == _DEFLATED else file
        notes = Notes()
        stop = _Stop()
        elements = _elements(body, syntax, stop)
        if all(element.tag.element == 0 for element in elements) and not stop.tag:
            raise _bad("the data set is empty")
        attributes = attributes_of(elements, notes)
        attributes.update(private_entries(elements, attributes))
        pixel_digest = _pixel_digest(body, stop, syntax, attributes, notes)
    if _KEY_OBJECT in attributes.get("SOPClassUID", {"value": []})["value"]:
        attributes.update(_rejection(path))
    return {
        "transfer_syntax_uid": syntax,
        "announced_class_uid": meta.get(0x00020002, ""),
        "announced_instance_uid": meta.get(0x00020003, ""),
        "attributes": limited(attributes, notes),
        "pixel_digest": pixel_digest,
        "identity_digest": identity_digest(attributes),
        "flags": sorted(notes.flags),
    }


def identity_digest(attributes: Json) -> str:
    """Return the digest of patient, study, series and geometry; numbers count by value, not by their spelling."""
    nothing: Json = {"value": []}
    return digest_of([[_canonical(value) for value in attributes.get(name, nothing)["value"]] for name in _IDENTITY])


def _canonical(value: Any) -> Any:
    try:
        return str(float(value))
    except (TypeError, ValueError):
        return value


def _meta(file: BinaryIO) -> dict[int, str]:
    if file.read(_META)[-4:] != b"DICM":
        raise _bad("it is no DICOM file")
    group = data_element_generator(file, False, True, stop_when=lambda tag, _vr, _length: tag.group != _META_GROUP)
    return {
        int(element.tag): element.value.rstrip(b" \0").decode("latin-1")
        for element in group
        if isinstance(element, RawDataElement) and isinstance(element.value, bytes)
    }


def _inflated(file: BinaryIO) -> BinaryIO:
    inflator = zlib.decompressobj(-zlib.MAX_WBITS)
    data = inflator.decompress(file.read(), _MOST_INFLATED)
    if inflator.unconsumed_tail:
        raise _bad(f"it inflates to more than {_MOST_INFLATED >> 20} MiB")
    return io.BytesIO(data)


def _elements(file: BinaryIO, syntax: str, stop: _Stop) -> list[Element]:
    """Read all elements before the pixel data, and check that the file does not end inside one of them."""
    start = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(start)
    _check_encoding(file.read(_TAG_AND_VR), syntax)
    file.seek(start)
    found = data_element_generator(
        file, syntax == _IMPLICIT, syntax != _BIG_ENDIAN, stop_when=stop, defer_size=_LONGEST_VALUE
    )
    elements: list[Element] = []
    end = start
    for element in found:
        elements.append(element)
        end = 0
        if isinstance(element, RawDataElement) and element.length != _UNDEFINED:
            end = element.value_tell + element.length
            if end > size:
                raise _bad(f"it ends inside the value of {element.tag}")
    if not stop.tag and end and end != size:
        raise _bad("it ends inside an element's tag or length")
    return elements


def _check_encoding(first: bytes, syntax: str) -> None:
    """Compare the first element with the stated transfer syntax: a low group number, a VR of two capitals or none."""
    if len(first) < _TAG_AND_VR:
        raise _bad("the data set is empty")
    low, high = (first[1], first[0]) if syntax == _BIG_ENDIAN else (first[0], first[1])
    if not low and high:
        raise _bad(f"its byte order is not that of the transfer syntax {syntax}")
    explicit = first[4:6].isalpha() and first[4:6].isupper()
    if explicit == (syntax == _IMPLICIT):
        raise _bad(f"its Value Representations are not those of the transfer syntax {syntax}")


def _pixel_digest(file: BinaryIO, stop: _Stop, syntax: str, attributes: Json, notes: Notes) -> str:
    """Hash the pixel data and enter ``_pixels`` and, where the bytes do not suffice, ``_pixels_short``."""
    kind, bits = _PIXEL_ELEMENTS.get(stop.tag, ("none", 0))
    digest, count, short = "", 0, False
    if stop.tag:
        file.seek(stop.head, os.SEEK_CUR)
        digest, count, short = digest_of_bytes(file, stop.length)
    if not count and not short:
        kind, digest = "none", ""
    elif syntax in _NATIVE:
        short = short or count < expected_bytes(attributes, bits)
    attributes["_pixels"] = {"vr": "CS", "value": [kind]}
    if short:
        attributes["_pixels_short"] = {"vr": "CS", "value": ["YES"]}
        notes.flags.add("pixel data too short")
    return digest


def _rejection(path: Path) -> Json:
    """Return what a Key Object Selection names: its title's code and the instances (PS3.3 C.17.6)."""
    note = dcmread(path)
    title = note.get("ConceptNameCodeSequence") or [Dataset()]
    named = list(_referenced(note.get("CurrentRequestedProcedureEvidenceSequence") or []))
    code = str(title[0].get("CodeValue", "")) if title[0].get("CodingSchemeDesignator") == "DCM" else ""
    return {
        "_title": {"vr": "SH", "value": [code]},
        "_references": {"vr": "UI", "value": sorted(set(named))},
    }


def _referenced(items: Any) -> Iterator[str]:
    for item in items:
        if "ReferencedSOPInstanceUID" in item:
            yield str(item.ReferencedSOPInstanceUID)
        for keyword in ("ReferencedSeriesSequence", "ReferencedSOPSequence"):
            yield from _referenced(item.get(keyword) or [])


def _bad(happened: str) -> BadInstance:
    return BadInstance(happened=happened, subject="object", remedy="It is kept as received.")
