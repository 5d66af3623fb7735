"""The data set of a degraded copy: like its source in geometry and acquisition, unmistakably a simulation. Pure.

A copy goes by default into a test study of its own, under a test patient: beside the real study a reader could take it
for an acquisition, and a department's systems would file it by its order. What names the person or the order therefore
goes too, which makes a test object, not a de-identified one: pixels and private dates of the acquisition stay.

By default Image Type says DERIVED, and our Contributing Equipment item makes a node leave the copy alone. A node is
tested end to end only by what looks acquired; for that a copy can keep ORIGINAL, in a test study alone. Its marks stay,
but the one that stops a node: its Contributing Equipment names another model.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from highdicom import ContributingEquipment
from highdicom.sr import CodedConcept
from pydicom.config import disable_value_validation
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import UID

from dicom_node import VERSION
from dicom_node.domain.errors import NodeError
from dicom_node.domain.marks import MODEL_NAME, PROJECT, uid_of
from dicom_node.domain.work import Equipment, Qualification, canonical_json
from dicom_node.restore.derive.charset import UNICODE, keeps_its_character_set
from dicom_node.restore.derive.copying import copied
from dicom_node.restore.derive.dataset import (
    LONGEST_TEXT,
    derived_image_type,
    qualification,
    text_of,
    times_of,
    was_lossy,
)
from dicom_node.restore.derive.equipment import PROCESSING
from dicom_node.restore.derive.label import PLACE, label
from dicom_node.restore.derive.references import SeriesOf, refer
from dicom_node.restore.derive.uids import StoredArray, identity_digest

MARK: Final = "SIMULATED"
TEST: Final = "TEST"
SIMULATION_MODEL: Final = f"{MODEL_NAME} simulation"
"""Manufacturer's Model Name of the Contributing Equipment item of copies that a node shall take."""

_SYNTHETIC_DATA: Final = 0x0008001C
_DIGITS: Final = 12

_KEPT: Final = frozenset(
    {
        "PatientSex",
        "PatientAge",
        "PatientSize",
        "PatientWeight",
        "AcquisitionContextSequence",
        "RealWorldValueMappingSequence",
    }
)
"""Say nothing of who it is; uptake in PET is counted by weight."""

_PERSON_AND_ORDER: Final = frozenset({0x0010, 0x0012, 0x0032, 0x0038, 0x0040})
"""Patient, clinical trial, requested procedure, visit, procedure step (PS3.6)."""

_DROPPED: Final = frozenset(
    {
        "AccessionNumber",
        "IssuerOfAccessionNumberSequence",
        "StudyDescription",
        "ProcedureCodeSequence",
        "ReasonForPerformedProcedureCodeSequence",
        "ReferringPhysicianIdentificationSequence",
        "ConsultingPhysicianIdentificationSequence",
        "PhysiciansOfRecordIdentificationSequence",
        "PhysiciansReadingStudyIdentificationSequence",
        "AdmittingDiagnosesDescription",
        "AdmittingDiagnosesCodeSequence",
        "ReferencedStudySequence",
        "ReferencedPatientSequence",
        "ReferencedSeriesSequence",
        "ReferencedImageSequence",
        "SourceImageSequence",
        "PETRelatedSeriesSequence",
    }
)


class StudyOf(StrEnum):
    """Where a copy lies."""

    TEST = "test"
    """A study and a patient of its own."""

    SOURCE = "source"
    """The study of its source."""


class Pretence(StrEnum):
    """What a copy says of itself in Image Type."""

    DERIVED = "derived"
    ORIGINAL = "original"


class UnsafeCopy(NodeError):
    """A copy that looks acquired in a study of a real patient: never made."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where copies lie, and what they say of themselves.

    Raises
    ------
    UnsafeCopy
        They would look acquired and lie in the source's study.
    """

    study: StudyOf = StudyOf.TEST
    pretence: Pretence = Pretence.DERIVED

    def __post_init__(self) -> None:
        """Refuse the one combination that could be read for a patient."""
        if self.study is StudyOf.SOURCE and self.pretence is Pretence.ORIGINAL:
            raise UnsafeCopy(
                happened="it would stand in the study of a real patient and look acquired",
                subject="the simulated series",
                remedy="Let it have a study of its own, or let it be DERIVED.",
            )


@dataclass(frozen=True, kw_only=True)
class Copying:
    """What all objects of one copied series share.

    Attributes
    ----------
    standing
        Where it lies, and what it says of itself.
    words
        Of the degradation, for the Series Description.
    record
        Of the degradation: with the source it makes the pixels again.
    at
        Start of the day that the copy is made on, aware: the same copy on one day has the same bytes.
    series_number
        Of the copy.
    known
        Series of the study's instances; for references inside the source's study.
    """

    standing: Standing
    words: str
    record: Mapping[str, object]
    at: datetime
    series_number: int
    known: SeriesOf

    @property
    def description(self) -> str:
        """Derivation Description (0008,2111)."""
        return f"{MARK}, not for diagnosis: {canonical_json(dict(self.record))}"[:LONGEST_TEXT]

    @property
    def digest(self) -> str:
        """Digest of everything but the source that makes the copy another one."""
        facts = [
            self.standing.study,
            self.standing.pretence,
            dict(self.record),
            self.at.date().isoformat(),
            self.series_number,
        ]
        return hashlib.sha256(canonical_json(facts).encode()).hexdigest()


@dataclass(frozen=True, kw_only=True, eq=False)
class Copy:
    """One object of a copied series before it is a data set.

    Attributes
    ----------
    source
        Header of its source, ambiguous VRs resolved.
    stored
        (rows, columns) stored values in the source's domain.
    rank
        Place in the source's order from 0.
    sop_instance_uid, series_instance_uid
        Its own identity.
    """

    source: Dataset
    stored: StoredArray
    rank: int
    sop_instance_uid: str
    series_instance_uid: str


def instance_uid(source: Dataset, pixel_digest: str, copying: Copying) -> str:
    """Return the SOP Instance UID of a copy: of its source, who that is, how it was made, and what came out."""
    identity = identity_digest(source)
    return uid_of(canonical_json(["copy", str(source.SOPInstanceUID), identity, copying.digest, pixel_digest]))


def assemble(copy: Copy, copying: Copying) -> Dataset:
    """Build the data set of a copy.

    Parameters
    ----------
    copy
        The object.
    copying
        What it shares with its series.
    """
    source = copy.source
    with disable_value_validation():
        target = copied(source, equipment=Equipment.SOURCE)
        target.SOPInstanceUID, target.SeriesInstanceUID = UID(copy.sop_instance_uid), UID(copy.series_instance_uid)
        target.SeriesNumber = copying.series_number
        target.SeriesDescription = label(f"{MARK} {copying.words} {PLACE}", text_of(source, "SeriesDescription"))
        for keyword, value in times_of(source, copying.at, copy.rank).items():
            setattr(target, keyword, value)
        _mark(target, source, copying)
        if copying.standing.study is StudyOf.TEST:
            _as_test_patient(target, source, copying)
        else:
            refer(target, (source,), known=copying.known)
        _fill(target, copy.stored)
        if not keeps_its_character_set(target):
            target.SpecificCharacterSet = UNICODE
    return target


def _mark(target: Dataset, source: Dataset, copying: Copying) -> None:
    derived = copying.standing.pretence is Pretence.DERIVED
    if derived:
        target.ImageType = derived_image_type(source)
    earlier = text_of(source, "DerivationDescription")
    target.DerivationDescription = (
        f"{copying.description} | {earlier}"[:LONGEST_TEXT] if earlier else copying.description
    )
    target.ImageComments = f"{MARK} {copying.words}. Made for tests, not for diagnosis."
    target.add_new(_SYNTHETIC_DATA, "CS", "YES")
    target.ContentQualification = qualification(source, Qualification.RESEARCH)
    target.LossyImageCompression = "01" if was_lossy(source) else "00"
    item = ContributingEquipment(
        PROJECT,
        CodedConcept(*PROCESSING),
        manufacturer_model_name=MODEL_NAME if derived else SIMULATION_MODEL,
        software_versions=[f"{MODEL_NAME} {VERSION}"],
        contribution_datetime=copying.at.strftime("%Y%m%d%H%M%S.%f%z"),
        contribution_description=f"{MARK} {copying.words}, not for diagnosis",
    )
    target.ContributingEquipmentSequence = Sequence([*(target.get("ContributingEquipmentSequence") or ()), item])


def _as_test_patient(target: Dataset, source: Dataset, copying: Copying) -> None:
    """Take away who it is and what was ordered; copies of one patient and study stay together."""
    for element in list(target):
        named = element.VR == "PN" or element.tag.group in _PERSON_AND_ORDER or element.keyword in _DROPPED
        if named and element.keyword not in _KEPT:
            del target[element.tag]
    for inner in _items(target):
        for element in [element for element in inner if element.VR == "PN"]:
            del inner[element.tag]
    who = [text_of(source, "IssuerOfPatientID"), text_of(source, "PatientID")]
    digest = hashlib.sha256(canonical_json(["test patient", *who]).encode()).hexdigest()[:_DIGITS].upper()
    target.PatientID, target.PatientName = f"{TEST}-{digest}", f"{TEST}^{MARK}"
    target.PatientBirthDate = target.AccessionNumber = target.ReferringPhysicianName = ""
    target.PatientSex = text_of(source, "PatientSex")
    target.StudyDate, target.StudyTime, target.StudyID = *copying.at.strftime("%Y%m%d %H%M%S").split(), TEST
    target.StudyDescription = f"{MARK}, test data"
    name = ["test study", str(source.StudyInstanceUID), target.StudyDate]
    target.StudyInstanceUID = UID(uid_of(canonical_json(name)))


def _items(target: Dataset) -> Iterator[Dataset]:
    for element in target:
        if element.VR == "SQ":
            for item in element.value:
                yield item
                yield from _items(item)


def _fill(target: Dataset, stored: StoredArray) -> None:
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in target:
            del target[keyword]
    target.set_pixel_data(stored, target.PhotometricInterpretation, target.BitsStored, generate_instance_uid=False)
