"""Assembles one derived data set: a copy of its source, changed as the table says, with the restored pixels. Pure."""

import io
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Final

import numpy as np
from highdicom.sr import CodedConcept
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicom_node.domain.marks import IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME
from dicom_node.domain.work import Qualification
from dicom_node.restore.derive.attributes import kept_times
from dicom_node.restore.derive.charset import UNICODE, keeps_its_character_set
from dicom_node.restore.derive.copying import copied
from dicom_node.restore.derive.equipment import equip
from dicom_node.restore.derive.label import label
from dicom_node.restore.derive.making import STEPS, Making
from dicom_node.restore.derive.references import refer
from dicom_node.restore.derive.uids import StoredArray

LONGEST_TEXT: Final = 1024
"""Characters of a Short Text (PS3.5 6.2)."""

_RANK_OF_QUALIFICATION: Final = (Qualification.SERVICE, Qualification.RESEARCH, Qualification.PRODUCT)


@dataclass(frozen=True, kw_only=True, eq=False)
class Answer:
    """One derived object before it is a data set.

    Attributes
    ----------
    source
        Header of the object it answers, with its ambiguous VRs resolved.
    neighbours
        Headers of the other objects that the pipeline looked at for it, nearest first.
    stored
        (rows, columns) stored values in the source's domain.
    instance_number, rank
        Instance Number, and the place in the source's order from 0.
    sop_instance_uid, series_instance_uid
        Its own identity.
    """

    source: Dataset
    neighbours: tuple[Dataset, ...] = ()
    stored: StoredArray
    instance_number: int
    rank: int
    sop_instance_uid: str
    series_instance_uid: str


def assemble(answer: Answer, making: Making) -> Dataset:
    """Build the derived data set.

    Raises
    ------
    LabelError
        The recipe's label cannot be a Series Description.
    """
    source = answer.source
    with disable_value_validation():
        target = copied(source, equipment=making.recipe.equipment)
        _identify(target, answer, making)
        for keyword, value in times_of(source, making.at, answer.rank).items():
            setattr(target, keyword, value)
        _mark(target, source, making)
        equip(target, source, making=making, at=_in_zone_of(source, making.at))
        refer(target, (source, *answer.neighbours), known=making.known)
        _fill(target, answer.stored)
        if not keeps_its_character_set(target):
            target.SpecificCharacterSet = UNICODE
    return target


def encode(target: Dataset) -> bytes:
    """Return the Part 10 file of a derived data set: explicit VR little endian, preamble zero."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = target.SOPClassUID
    meta.MediaStorageSOPInstanceUID = target.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION_NAME
    target.file_meta = meta
    buffer = io.BytesIO()
    with disable_value_validation():
        dcmwrite(buffer, target, enforce_file_format=True)
    return buffer.getvalue()


def _identify(target: Dataset, answer: Answer, making: Making) -> None:
    target.SOPInstanceUID = UID(answer.sop_instance_uid)
    target.SeriesInstanceUID = UID(answer.series_instance_uid)
    target.SeriesNumber = making.series_number
    target.InstanceNumber = answer.instance_number
    target.SeriesDescription = label(making.label, text_of(answer.source, "SeriesDescription"))


def times_of(source: Dataset, at: datetime, rank: int) -> dict[str, str]:
    """Return the dates and times that an object gets, in the source's zone: the job's, its content in order.

    The Series Time of PET stays, for decay is counted from it (C.8.9.4.1.5).
    """
    local = _in_zone_of(source, at)
    moments = {"InstanceCreation": local, "Series": local, "Content": local + timedelta(milliseconds=rank)}
    given = {f"{kind}Date": moment.strftime("%Y%m%d") for kind, moment in moments.items()}
    given |= {f"{kind}Time": moment.strftime("%H%M%S.%f") for kind, moment in moments.items()}
    kept = kept_times(str(source.get("Modality", "")))
    return {keyword: value for keyword, value in given.items() if keyword not in kept}


def _mark(target: Dataset, source: Dataset, making: Making) -> None:
    target.ImageType = derived_image_type(source)
    earlier = text_of(source, "DerivationDescription")
    described = f"{making.description} | {earlier}" if earlier else making.description
    target.DerivationDescription = described[:LONGEST_TEXT]
    steps = list(target.get("DerivationCodeSequence") or ())
    target.DerivationCodeSequence = Sequence([*steps, CodedConcept(*STEPS[making.operation])])
    target.ContentQualification = qualification(source, making.recipe.qualification)
    target.LossyImageCompression = "01" if was_lossy(source) else "00"


def derived_image_type(source: Dataset) -> list[str]:
    """Return Image Type (0008,0008): DERIVED, then the source's values (C.7.6.1.1.2).

    MR has a third value (C.8.3.1.1.1), DX and MG one that may be empty (C.8.11.3.1.1), PET two and the second is
    PRIMARY (C.8.9.4.1.1).
    """
    given = source.get("ImageType") or []
    values = [str(value).strip() for value in ([given] if isinstance(given, str) else given)]
    rest = values[1:] or ["PRIMARY"]
    modality = source.get("Modality")
    if modality == "PT":
        rest = ["PRIMARY"]
    elif modality == "MR" and (len(rest) < 2 or not rest[1]):
        rest = [rest[0], "OTHER", *rest[2:]]
    elif modality in ("DX", "MG") and len(rest) < 2:
        rest = [rest[0], ""]
    return ["DERIVED", *rest]


def qualification(source: Dataset, wanted: Qualification) -> str:
    """Return Content Qualification (0018,9004): as wanted, never above the source's."""
    given = str(source.get("ContentQualification", "") or "")
    if given not in set(Qualification):
        return wanted.value
    return min(wanted, Qualification(given), key=_RANK_OF_QUALIFICATION.index).value


def was_lossy(source: Dataset) -> bool:
    """Whether the source's values were ever compressed with loss (C.7.6.1.1.5)."""
    return str(source.get("LossyImageCompression", "") or "").strip() == "01"


def text_of(source: Dataset, keyword: str) -> str:
    """Return a text attribute, several values joined by a backslash; empty where absent."""
    value = source.get(keyword)
    if value is None:
        return ""
    return value if isinstance(value, str) else "\\".join(str(part) for part in value)


def _fill(target: Dataset, stored: StoredArray) -> None:
    wide = target.BitsAllocated > 8
    sign = "i" if target.PixelRepresentation else "u"
    target.add_new(0x7FE00010, "OW" if wide else "OB", stored.astype(f"<{sign}{2 if wide else 1}").tobytes())
    if not wide and stored.size % 2:
        target.PixelData += b"\0"
    for keyword, value in (("SmallestImagePixelValue", np.min(stored)), ("LargestImagePixelValue", np.max(stored))):
        if keyword in target:
            target[keyword].VR = "SS" if target.PixelRepresentation else "US"
            target[keyword].value = int(value)


def _in_zone_of(source: Dataset, at: datetime) -> datetime:
    """Return the time in the source's Timezone Offset From UTC, which holds for every time of the object."""
    text = str(source.get("TimezoneOffsetFromUTC", "") or "").strip()
    if len(text) == 5 and text[0] in "+-" and text[1:].isdigit():
        offset = timedelta(hours=int(text[1:3]), minutes=int(text[3:]))
        if offset < timedelta(hours=24):
            return at.astimezone(timezone(-offset if text[0] == "-" else offset))
    return at
