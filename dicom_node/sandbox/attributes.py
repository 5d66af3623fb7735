"""Data elements as read from a file → `domain.series.Attributes`. Pure.

Works on pydicom's raw elements: decoding only what is kept is five times as fast as building a data set of all.
"""

import json
import math
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydicom._dicom_dict import DicomDictionary
from pydicom.charset import convert_encodings, decode_bytes, python_encoding
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.values import convert_SQ

Element = RawDataElement | DataElement
Json = dict[str, Any]

CHARACTERS: Final = 256
"""Longest value kept."""
BYTES: Final = 64 * 1024
"""Most that all attributes take as JSON."""
DEPTH: Final = 3
"""Deepest sequence kept."""
_ITEMS: Final = 1000  # more items of a sequence cannot fit into BYTES
_CHARACTER_SET: Final = 0x00080005
_PIXEL_REPRESENTATION: Final = 0x00280103
_ENCODED_TEXT: Final = frozenset({"SH", "LO", "ST", "LT", "UC", "UT", "PN"})
_PLAIN_TEXT: Final = frozenset({"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"})
_SINGLE: Final = frozenset({"ST", "LT", "UT", "UR"})
_NUMBERS: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d"}
_DELIMITERS: Final = {0x0D, 0x0A, 0x09, 0x0C, 0x5C}
_NAME_DELIMITERS: Final = _DELIMITERS | {0x5E, 0x3D}  # PS3.5 6.1.2.5.3


@dataclass
class Notes:
    """What was noticed while reading: flags, names of what was left out, sign of ``US or SS``."""

    flags: set[str] = field(default_factory=set)
    dropped: list[str] = field(default_factory=list)
    signed: bool = False


def attributes_of(
    elements: Iterable[Element], notes: Notes, encodings: Sequence[str] = ("iso8859",), depth: int = 0
) -> Json:
    """Return the public, non-binary, non-empty attributes.

    Parameters
    ----------
    elements
        In the order of the file.
    notes
        Is added to.
    encodings
        Python encodings in force, until the elements name others.
    depth
        Of these elements in sequences.
    """
    result: Json = {}
    for element in elements:
        entry = DicomDictionary.get(element.tag)
        if entry is None or not entry[4]:
            continue
        vr = _representation(element.VR, entry[0], notes.signed)
        value = _sequence(element, notes, encodings, depth) if vr == "SQ" else _value(element, vr, notes, encodings)
        if value is None:
            notes.dropped.append(entry[4])
        elif value:
            result[entry[4]] = {"vr": vr, "value": value}
        if element.tag == _CHARACTER_SET and value:
            encodings = _encodings([str(name) for name in value], notes)
        elif element.tag == _PIXEL_REPRESENTATION:
            notes.signed = value == [1]
    return result


def limited(attributes: Json, notes: Notes) -> Json:
    """Return the attributes without the longest, until they fit; what is missing is named under ``_dropped``."""
    size = len(json.dumps(attributes))
    if size > BYTES:
        attributes = dict(attributes)
        sizes = {keyword: len(json.dumps(item)) + len(keyword) + 6 for keyword, item in attributes.items()}
        for keyword in sorted(sizes, key=sizes.__getitem__, reverse=True):
            if size <= BYTES:
                break
            del attributes[keyword]
            notes.dropped.append(keyword)
            size -= sizes[keyword]
    if notes.dropped:
        attributes["_dropped"] = {"vr": "LO", "value": sorted(set(notes.dropped))}
    return attributes


def _representation(stated: str | None, listed: str, signed: bool) -> str:
    """VR of an element: as stated in the file where that is known, else as the dictionary lists it."""
    if stated is not None and stated != "UN" and (stated in _ENCODED_TEXT | _PLAIN_TEXT or stated in _NUMBERS):
        return stated
    if stated in ("SQ", "AT", "OB", "OW", "OF", "OD", "OL", "OV"):
        return stated
    if listed == "US or SS":
        return "SS" if signed else "US"
    return listed


def _sequence(element: Element, notes: Notes, encodings: Sequence[str], depth: int) -> list[Json] | None:
    if depth == DEPTH:
        return []
    items: Sequence[Dataset]
    if isinstance(element, RawDataElement):
        if not element.length:
            return []
        if element.value is None:
            return None
        implicit = element.is_implicit_VR or element.VR == "UN"
        items = convert_SQ(element.value, implicit, element.is_little_endian, list(encodings))
    else:
        items = element.value or []
    if len(items) > _ITEMS:
        return None
    return [attributes_of(item.values(), notes, encodings, depth + 1) for item in items]


def _value(element: Element, vr: str, notes: Notes, encodings: Sequence[str]) -> list[Any] | None:
    """Values of an element; empty for none and for binary, None for one too long to be read."""
    known = vr in _ENCODED_TEXT or vr in _PLAIN_TEXT or vr in _NUMBERS or vr == "AT"
    if not known or not isinstance(element, RawDataElement) or not element.length:
        return []
    raw = element.value
    if raw is None:
        return None
    if vr in _NUMBERS or vr == "AT":
        return _numbers(raw, vr, "<" if element.is_little_endian or element.VR == "UN" else ">")
    if vr in _PLAIN_TEXT:
        return _texts(raw.decode("latin-1"), vr)
    text = decode_bytes(raw, list(encodings), _NAME_DELIMITERS if vr == "PN" else _DELIMITERS)
    if "\ufffd" in text:
        notes.flags.add("text replaced")
    return _texts(text, vr)


def _texts(text: str, vr: str) -> list[str]:
    parts = [text.rstrip(" \0")] if vr in _SINGLE else [part.strip(" \0") for part in text.split("\\")]
    return [part[:CHARACTERS] for part in parts] if any(parts) else []


def _numbers(raw: bytes, vr: str, order: str) -> list[Any]:
    if vr == "AT":
        words = struct.unpack(f"{order}{len(raw) // 2}H", raw[: len(raw) // 2 * 2])
        return [f"{group:04X}{number:04X}" for group, number in zip(words[::2], words[1::2], strict=False)]
    code = _NUMBERS[vr]
    size = struct.calcsize(code)
    count = len(raw) // size
    values = struct.unpack(f"{order}{count}{code}", raw[: count * size])
    if vr in ("FL", "FD"):
        return [value if math.isfinite(value) else str(value) for value in values]
    return list(values)


def _encodings(names: Sequence[str], notes: Notes) -> list[str]:
    if any(name and name not in python_encoding for name in names):
        notes.flags.add("character set unknown")
    return convert_encodings(list(names))
