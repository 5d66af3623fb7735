"""What decisions need from private and binary elements: mosaic, b-value, overlay inside pixel words. Pure."""

import math
import struct
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydicom.dataelem import RawDataElement

from dicom_node.sandbox.attributes import Element

Json = dict[str, Any]
Raw = Mapping[int, RawDataElement]

_SIEMENS: Final = (b"SIEMENS MR HEADER", 0x0019)
_GE: Final = (b"GEMS_PARM_01", 0x0043)
_PHILIPS: Final = (b"Philips Imaging DD 001", 0x2001)
_MOSAIC_NUMBER: Final = 0x0A
_SIEMENS_B: Final = 0x0C
_GE_B: Final = 0x39
_PHILIPS_B: Final = 0x03
_GE_B_MODULUS: Final = 100_000  # newer software adds 10⁹ as a marker
_OVERLAY_GROUPS: Final = range(0x6000, 0x6020, 2)


def private_entries(elements: Iterable[Element], attributes: Mapping[str, Any]) -> Json:
    """Return ``_mosaic``, ``_b_value`` and ``_overlay_in_pixels`` where they apply."""
    raw: Raw = {int(element.tag): element for element in elements if isinstance(element, RawDataElement)}
    entries: Json = {}
    images = _integer(_private(raw, _SIEMENS, _MOSAIC_NUMBER))
    if images is not None and images > 1:
        entries["_mosaic"] = {"vr": "IS", "value": [images]}
    b_value = _b_value(raw, attributes)
    if b_value is not None:
        entries["_b_value"] = {"vr": "FD", "value": [b_value]}
    if any(_in_pixels(raw, group) for group in _OVERLAY_GROUPS):
        entries["_overlay_in_pixels"] = {"vr": "CS", "value": ["YES"]}
    return entries


def _private(raw: Raw, owner: tuple[bytes, int], number: int) -> RawDataElement | None:
    """Find a private element by its creator's block (PS3.5 7.8.1)."""
    creator, group = owner
    for block in range(0x10, 0x100):
        name = raw.get(group << 16 | block)
        if name is not None and _bytes(name).rstrip(b" \0") == creator:
            return raw.get(group << 16 | block << 8 | number)
    return None


def _b_value(raw: Raw, attributes: Mapping[str, Any]) -> float | None:
    standard = attributes.get("DiffusionBValue")
    if standard is not None and isinstance(standard["value"][0], float):
        return standard["value"][0]
    siemens = _decimal(_private(raw, _SIEMENS, _SIEMENS_B))
    if siemens is not None:
        return siemens
    ge = _decimal(_private(raw, _GE, _GE_B))
    if ge:  # zero also stands in images without diffusion weighting
        return ge % _GE_B_MODULUS
    return _float(_private(raw, _PHILIPS, _PHILIPS_B))


def _decimal(element: RawDataElement | None) -> float | None:
    """First component of a decimal or integer string."""
    try:
        number = float(_bytes(element).split(b"\\")[0].strip(b" \0"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _integer(element: RawDataElement | None) -> int | None:
    """Unsigned short."""
    value = _bytes(element)
    if element is None or len(value) != struct.calcsize("H"):
        return None
    return int.from_bytes(value, "little" if element.is_little_endian else "big")


def _float(element: RawDataElement | None) -> float | None:
    """Single-precision number."""
    value = _bytes(element)
    if element is None or len(value) != struct.calcsize("f"):
        return None
    number = float(struct.unpack("<f" if element.is_little_endian else ">f", value)[0])
    return number if math.isfinite(number) else None


def _bytes(element: RawDataElement | None) -> bytes:
    return (element.value if element is not None else None) or b""


def _in_pixels(raw: Raw, group: int) -> bool:
    """Whether the overlay plane of this group lies in unused bits of the pixel words (retired, PS3.3 C.9.2)."""
    rows, data = group << 16 | 0x0010, group << 16 | 0x3000
    return rows in raw and data not in raw
