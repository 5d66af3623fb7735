"""Reads the instances of a revision as volumes in physical units, or refuses by name.

Touches: store (reads), sandbox. A header is parsed here a second time, but for the private elements that no derived
object keeps: registration has read it in the sandbox before, so it is known to be harmless; pixels are decoded in the
sandbox alone.
"""

import struct
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

import numpy as np
from pydicom import dcmread
from pydicom.config import disable_value_validation
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.tag import BaseTag
from pydicom.valuerep import PersonName

from dicom_node.domain.errors import NodeError
from dicom_node.domain.iods import Exposed, is_projection, not_proportional, spacing_of
from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.series import Stack
from dicom_node.restore.checks.check import text
from dicom_node.restore.derive.attributes import keeps_private
from dicom_node.restore.derive.charset import TEXT_VRS
from dicom_node.restore.derive.dataset import was_lossy
from dicom_node.restore.derive.references import neighbours
from dicom_node.restore.derive.uids import StoredArray
from dicom_node.restore.stored_values import Domain, domain_of, padding_mask, to_units
from dicom_node.sandbox.client import Sandbox, Unreadable
from restoration.volume import Volume

_UNREADABLE: Final = (
    InvalidDicomError,
    OSError,
    EOFError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    struct.error,
)
"""What pydicom raises on a stranger's header."""

_DEFERRED_FROM: Final = 64 * 1024
"""Longer values stay in the file until they are asked for [bytes]."""
_ALLOCATED: Final = (8, 16)
_HU_TYPES: Final = ("", "HU")


class Private(StrEnum):
    """Which private elements are read."""

    ALL = "all"
    """To check a derived file."""

    KEPT = "kept"
    """What a derived object may keep of its source."""


class Refused(NodeError):
    """A source that cannot be restored; `why` is the reason of the table."""

    def __init__(self, why: Reason, subject: str) -> None:
        super().__init__(happened=why.sentence, subject=subject, remedy="The original stays as it is.")
        self.why = why


@dataclass(frozen=True, kw_only=True)
class SourceFile:
    """One instance of a revision: its row, file and identity as registered."""

    instance_id: int
    path: Path
    sop_instance_uid: str
    sop_class_uid: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Slice:
    """One instance as read.

    Attributes
    ----------
    file
        Where it came from.
    header
        Whole but for the pixels; ambiguous VRs resolved.
    stored
        (rows, columns) stored values.
    domain
        How they are to be read.
    """

    file: SourceFile
    header: Dataset
    stored: StoredArray
    domain: Domain


@dataclass(frozen=True, kw_only=True, eq=False)
class SourceStack:
    """One stack of a revision: its slices by increasing position, and the volume they are."""

    slices: tuple[Slice, ...]
    volume: Volume

    def neighbours(self, reach: int) -> list[tuple[Dataset, ...]]:
        """Return, per slice, the headers of the slices that a pipeline of this reach looked at for it."""
        count = len(self.slices)
        return [
            tuple(self.slices[other].header for other in neighbours(index, count, reach=reach))
            for index in range(count)
        ]


def read_source(
    stacks: Sequence[Stack], files: Mapping[int, SourceFile], *, sandbox: Sandbox, unit: str
) -> tuple[SourceStack, ...]:
    """Read all stacks of a revision.

    Parameters
    ----------
    stacks
        As the cut found them.
    files
        By instance id.
    sandbox
        Decodes the pixels.
    unit
        Of `restoration.volume`, as the pipeline's card wants it.

    Returns
    -------
    tuple[SourceStack, ...]
        One per stack; of projections one per image, as each was exposed by itself.

    Raises
    ------
    Refused
        An instance cannot be read or is not what the pipeline takes.
    """
    return tuple(part for stack in stacks for part in _read_stack(stack, files, sandbox, unit))


def _read_stack(stack: Stack, files: Mapping[int, SourceFile], sandbox: Sandbox, unit: str) -> tuple[SourceStack, ...]:
    slices = tuple(
        read_slice(files[instance_id], sandbox=sandbox, private=Private.KEPT) for instance_id in stack.instance_ids
    )
    for item in slices:
        why = _refusal(item, unit)
        if why is not None:
            raise Refused(why, item.file.path.name)
    if any(_spacing(item.header) is None for item in slices):
        raise Refused(reason("geometry missing"), stack.key)
    if all(is_projection(item.file.sop_class_uid) for item in slices):
        return tuple(SourceStack(slices=(item,), volume=volume_of((item,), (0.0,), unit=unit)) for item in slices)
    if len({item.stored.shape for item in slices}) > 1:
        raise Refused(reason("mixed orientation", count=len(slices)), stack.key)
    if len(stack.positions_mm) != len(slices):
        raise Refused(reason("geometry missing"), stack.key)
    return (SourceStack(slices=slices, volume=volume_of(slices, stack.positions_mm, unit=unit)),)


def volume_of(slices: Sequence[Slice], positions_mm: Sequence[float], *, unit: str) -> Volume:
    """Return slices as a volume in physical units."""
    masks = [padding_mask(item.stored, item.domain) for item in slices]
    thickness = text(slices[0].header, "SliceThickness")
    return Volume(
        array=np.stack([to_units(item.stored, item.domain) for item in slices]),
        pixel_mm=_spacing(slices[0].header) or (1.0, 1.0),
        positions_mm=tuple(positions_mm),
        thickness_mm=float(thickness) if thickness else None,
        unit=unit,
        padding=np.stack(masks) if any(mask.any() for mask in masks) else None,
    )


def read_slice(file: SourceFile, *, sandbox: Sandbox, private: Private = Private.ALL) -> Slice:
    """Read one instance.

    Raises
    ------
    Refused
        The header cannot be read, or the pixels cannot be decoded.
    """
    header = read_header(file.path, private=private)
    header.SOPInstanceUID = header.get("SOPInstanceUID") or file.sop_instance_uid
    header.SOPClassUID = header.get("SOPClassUID") or file.sop_class_uid
    why = _format_refusal(header)
    if why is not None:
        raise Refused(why, file.path.name)
    stored = sandbox.stored_values(file.path)
    if isinstance(stored, Unreadable):
        raise Refused(reason("source gone", detail=stored.detail), file.path.name)
    if stored.shape != (header.Rows, header.Columns):
        raise Refused(reason("pixel format", detail=f"shape {stored.shape}"), file.path.name)
    return Slice(file=file, header=header, stored=stored, domain=domain_of(header))


def read_header(path: Path, *, private: Private = Private.ALL) -> Dataset:
    """Read and convert everything but the pixels; warnings about odd values are the source's, not ours.

    Raises
    ------
    Refused
        It cannot be read.
    """
    try:
        with warnings.catch_warnings(), disable_value_validation():
            warnings.simplefilter("ignore")
            header = dcmread(path, stop_before_pixels=True, defer_size=_DEFERRED_FROM)
            if private is Private.KEPT:
                _drop_private(header)
            _implicit, little = header.original_encoding
            blank = _blank_texts(header)
            for _element in header.iterall():
                pass
            for element in blank:
                header[element.tag] = element
            return correct_ambiguous_vr(header, little is not False)
    except _UNREADABLE as error:
        raise Refused(reason("source gone", detail=str(error)), path.name) from error


def _drop_private(header: Dataset) -> None:
    """Drop unread what is never kept: the longest private elements describe the maker's own work."""
    private = [tag for tag in sorted(header.keys()) if tag.is_private]
    for tag in [tag for tag in private if not keeps_private(header, tag)]:
        del header[tag]


def _blank_texts(header: Dataset) -> list[DataElement]:
    """Return texts of blanks alone: reading them makes them empty, and an empty value is another one than a blank."""
    raw: list[object] = [header.get_item(tag) for tag in sorted(header.keys())]
    blank = [item for item in raw if isinstance(item, RawDataElement) and item.value and not item.value.strip(b" ")]
    found = ((item.tag, item.VR or _listed_vr(item.tag)) for item in blank)
    return [
        DataElement(tag, vr, PersonName("  ") if vr == "PN" else "  ", already_converted=True)
        for tag, vr in found
        if vr in TEXT_VRS
    ]


def _listed_vr(tag: BaseTag) -> str:
    """Return the VR that a file with implicit VRs means; empty for elements that no dictionary lists."""
    return dictionary_VR(tag) if dictionary_has_tag(tag) else ""


def _format_refusal(header: Dataset) -> Reason | None:
    for keyword in ("StudyInstanceUID", "SeriesInstanceUID"):
        if not header.get(keyword):
            return reason("no identity", attribute=keyword)
    if "EncryptedAttributesSequence" in header:
        return reason("encrypted")
    if any(header.get(keyword) is None for keyword in ("Rows", "Columns", "BitsStored", "PixelRepresentation")):
        return reason("no pixels")
    if header.get("SamplesPerPixel", 1) != 1:
        return reason("colour")
    if header.get("BitsAllocated") not in _ALLOCATED:
        return reason("pixel format", detail=f"{header.get('BitsAllocated')} bits allocated")
    if text(header, "NumberOfFrames") not in ("", "1"):
        return reason("multi-frame")
    return None


def _refusal(item: Slice, unit: str) -> Reason | None:
    header = item.header
    if text(header, "BurnedInAnnotation") == "YES":
        return reason("burned-in text")
    if was_lossy(header):
        return reason("lossy")
    if item.domain.slope == 0:
        return reason("units", wanted=unit, detail="Rescale Slope is 0")
    return _UNIT_REFUSALS[unit](item) if unit in _UNIT_REFUSALS else None


def _not_in_hu(item: Slice) -> Reason | None:
    kind = text(item.header, "RescaleType")
    if item.domain.rescale is None:
        return reason("rescale missing")
    if kind not in _HU_TYPES or "ModalityLUTSequence" in item.header:
        return reason("units", wanted="HU", detail=f"Rescale Type is {kind or 'a table'}")
    return None


def _not_in_activity(item: Slice) -> Reason | None:
    units = text(item.header, "Units")
    if item.domain.rescale is None:
        return reason("rescale missing")
    return None if units == "BQML" else reason("units", wanted="Bq/mL", detail=f"Units is {units or 'missing'}")


def _not_exposure(item: Slice) -> Reason | None:
    header = item.header
    why = not_proportional(
        Exposed(
            sop_class_uid=text(header, "SOPClassUID"),
            intent=text(header, "PresentationIntentType"),
            relation=text(header, "PixelIntensityRelationship"),
            sign=text(header, "PixelIntensityRelationshipSign"),
            intercept=text(header, "RescaleIntercept"),
            has_table="ModalityLUTSequence" in header,
        )
    )
    return reason("units", wanted="exposure", detail=why) if why else None


_UNIT_REFUSALS: Final[Mapping[str, Callable[[Slice], Reason | None]]] = {
    "HU": _not_in_hu,
    "Bq/mL": _not_in_activity,
    "exposure": _not_exposure,
}


def _spacing(header: Dataset) -> tuple[float, float] | None:
    words = text(header, spacing_of(str(header.SOPClassUID))).split("\\")
    values = [float(word) for word in words if word]
    return (values[0], values[1]) if len(values) == 2 and min(values) > 0 else None
