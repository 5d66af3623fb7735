"""Checks on the written form: text that survives its character set, private elements by listed creators. Pure."""

from collections.abc import Iterator
from typing import Final

from pydicom.dataset import Dataset

from dicom_node.restore.checks.check import Check, Evidence, counted
from dicom_node.restore.derive.attributes import keeps_private
from dicom_node.restore.derive.label import LONGEST

_OWN_TEXTS: Final = ("SeriesDescription", "StationName", "Manufacturer", "DeviceSerialNumber")


def text_survives(evidence: Evidence) -> Check:
    """Count our own texts that are too long, and texts that could not be decoded from the stored file."""
    return counted(
        "text", (f"{pair.place} {name}" for pair in evidence.pairs for name in _spoilt(pair.source, pair.derived))
    )


def _spoilt(source: Dataset, derived: Dataset) -> Iterator[str]:
    for keyword in _OWN_TEXTS:
        value = str(derived.get(keyword, ""))
        if len(value) > LONGEST and value != str(source.get(keyword, "")):
            yield keyword
    for element in derived:
        unreadable = element.VR != "SQ" and "\N{REPLACEMENT CHARACTER}" in str(element.value)
        if unreadable and "\N{REPLACEMENT CHARACTER}" not in str(source.get(element.keyword, "")):
            yield element.keyword


def private(evidence: Evidence) -> Check:
    """Count private elements that are not on the list of kept ones, at any depth."""
    return counted(
        "private", (f"{pair.place} {name}" for pair in evidence.pairs for name in _strangers(pair.derived, depth=0))
    )


def _strangers(header: Dataset, *, depth: int) -> Iterator[str]:
    for element in header:
        if element.tag.is_private and (depth or not keeps_private(header, element.tag)):
            yield str(element.tag)
        if element.VR == "SQ":
            for item in element.value:
                yield from _strangers(item, depth=depth + 1)
