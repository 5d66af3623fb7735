"""What becomes of each attribute on the way from a source to a derived image: one table. Pure.

What the table does not name keeps its value; rows that keep say why, for those that matter most. Private elements go,
but for a list by creator that downstream programs cannot do without (PS3.15 E.3.10); CSA headers and the like describe
other pixels and may name people. Rows apply to the data set itself; inside sequences that are kept, only private
elements and group lengths go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicom_node.domain.work import Equipment


class Action(StrEnum):
    """What is done with an attribute."""

    KEEP = "keep"
    REPLACE = "replace"
    DROP = "drop"
    COMPUTE = "compute"
    ADD = "add"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the table: what is done, the section of PS3.3 that asks for it, and why."""

    keyword: str
    action: Action
    section: str
    why: str


_ROWS: Final = """
ImageType                            | replace | C.7.6.1.1.2 | DERIVED leads; PET has two values, MR, DX, MG a third
SOPInstanceUID                       | replace | C.12.1      | follows from source, recipe and stored pixels
SeriesInstanceUID                    | replace | C.7.3.1     | a series of its own, over its objects
SeriesNumber                         | replace | C.7.3.1     | 1000 times the source's and the pipeline's slot
SeriesDescription                    | replace | C.7.3.1     | the mark leads, then the source's text
InstanceNumber                       | replace | C.7.6.1     | the source's where unique, else in its direction
SpecificCharacterSet                 | replace | C.12.1.1.2  | the source's, or ISO_IR 192 where the label needs it
InstanceCreationDate                 | replace | C.12.1      | time of the job
InstanceCreationTime                 | replace | C.12.1      | time of the job
ContentDate                          | replace | C.7.6.1     | time of the job, one millisecond apart, in order
ContentTime                          | replace | C.7.6.1     | one time for all would destroy the order
SeriesDate                           | replace | C.7.3.1     | time of the job
SeriesTime                           | replace | C.7.3.1     | time of the job
DerivationDescription                | replace | C.12.4.1.1  | pipeline, version, strength, weights; then the source's
DerivationCodeSequence               | add     | C.12.4      | items are successive steps: the source's, then ours
SourceImageSequence                  | replace | C.12.4      | the slice it answers, then those looked at beside it
ReferencedSeriesSequence             | add     | C.12.2      | all instances of this study that are referred to
ReferencedImageSequence              | replace | C.12.4      | kept where every target's series is known
Manufacturer                         | replace | C.12.1.1.5  | what makes a DERIVED image is its equipment
ManufacturerModelName                | replace | C.12.1.1.5  | as Manufacturer
DeviceSerialNumber                   | replace | C.12.1.1.5  | the installation
SoftwareVersions                     | replace | C.12.1.1.5  | node, pipeline, weights
StationName                          | replace | C.12.1.1.5  | AE title of the node
ContributingEquipmentSequence        | add     | C.12.1.1.5  | the source's equipment and ours; the loop guard reads it
ContentQualification                 | replace | C.12.1      | as the recipe says, never above the source
LossyImageCompression                | replace | C.7.6.1.1.5 | once lossy, for ever; else 00
PixelData                            | compute | C.7.6.3     | the restored values
SmallestImagePixelValue              | compute | C.7.6.3     | sources lie
LargestImagePixelValue               | compute | C.7.6.3     | sources lie
SmallestPixelValueInSeries           | drop    | C.7.6.3     | speaks of other pixels
LargestPixelValueInSeries            | drop    | C.7.6.3     | speaks of other pixels
SmallestImagePixelValueInPlane       | drop    | C.7.6.3     | speaks of other pixels
LargestImagePixelValueInPlane        | drop    | C.7.6.3     | speaks of other pixels
ExtendedOffsetTable                  | drop    | C.7.6.3     | the derived object is not compressed
ExtendedOffsetTableLengths           | drop    | C.7.6.3     | the derived object is not compressed
IconImageSequence                    | drop    | C.7.6.1     | shows the old pixels
ImageComments                        | drop    | C.7.6.1     | speaks of the old pixels
ReferencedInstanceSequence           | drop    | C.12.4      | speaks of the source's series
SourceInstanceSequence               | drop    | C.12.4      | speaks of the source's series
ReferencedPresentationStateSequence  | drop    | C.12.4      | speaks of the source's series
StudiesContainingOtherReferencedInstancesSequence | drop    | C.12.2      | only instances of this study are referred to
DeviceUID                            | drop    | C.12.1.1.5  | the source's; goes into Contributing Equipment
UDISequence                          | drop    | C.12.1.1.5  | the source's; goes into Contributing Equipment
SpatialResolution                    | drop    | C.12.1.1.5  | the source's; goes into Contributing Equipment
DateOfLastCalibration                | drop    | C.12.1.1.5  | the source's; goes into Contributing Equipment
TimeOfLastCalibration                | drop    | C.12.1.1.5  | the source's; goes into Contributing Equipment
OperatorsName                        | drop    | C.7.3.1     | operated it; goes into Contributing Equipment
OperatorIdentificationSequence       | drop    | C.7.3.1     | operated it; goes into Contributing Equipment
GantryID                             | drop    | C.7.5.1     | of the source's equipment
DateOfManufacture                    | drop    | C.7.5.1     | of the source's equipment
DateOfInstallation                   | drop    | C.7.5.1     | of the source's equipment
PerformingPhysicianName              | drop    | C.7.3.1     | performed the source's series
PerformingPhysicianIdentificationSequence | drop    | C.7.3.1     | performed the source's series
PerformedProcedureStepStartDate      | drop    | C.7.3.1     | not our step
PerformedProcedureStepStartTime      | drop    | C.7.3.1     | not our step
PerformedProcedureStepEndDate        | drop    | C.7.3.1     | not our step
PerformedProcedureStepEndTime        | drop    | C.7.3.1     | not our step
PerformedProcedureStepStatus         | drop    | C.7.3.1     | not our step
PerformedProcedureStepID             | drop    | C.7.3.1     | not our step
PerformedProcedureStepDescription    | drop    | C.7.3.1     | not our step
PerformedStationAETitle              | drop    | C.7.3.1     | not our step
PerformedStationName                 | drop    | C.7.3.1     | not our step
PerformedLocation                    | drop    | C.7.3.1     | not our step
PerformedProcedureTypeDescription    | drop    | C.7.3.1     | not our step
PerformedProtocolCodeSequence        | drop    | C.7.3.1     | not our step
CommentsOnThePerformedProcedureStep  | drop    | C.7.3.1     | not our step
ReferencedPerformedProcedureStepSequence | drop    | C.7.3.1     | not our step
SeriesDescriptionCodeSequence        | drop    | C.7.3.1     | codes the source's description
ContentCreatorName                   | drop    | C.12.1      | history of another object
ContentCreatorIdentificationCodeSequence | drop    | C.12.1      | history of another object
InstanceCreatorUID                   | drop    | C.12.1      | history of another object
InstanceCoercionDateTime             | drop    | C.12.1      | history of another object
OriginalAttributesSequence           | drop    | C.12.1      | history of another object
InstanceOriginStatus                 | drop    | C.12.1      | history of another object
SOPInstanceStatus                    | drop    | C.12.1      | history of another object
SOPAuthorizationDateTime             | drop    | C.12.1      | history of another object
SOPAuthorizationComment              | drop    | C.12.1      | history of another object
AuthorizationEquipmentCertificationNumber | drop    | C.12.1      | history of another object
QueryRetrieveView                    | drop    | C.12.1      | history of another object
RetrieveAETitle                      | drop    | PS3.4 C.4   | says where the source lay
RetrieveURL                          | drop    | PS3.4 C.4   | says where the source lay
InstanceAvailability                 | drop    | PS3.4 C.4   | says where the source lay
StorageMediaFileSetID                | drop    | PS3.4 C.4   | says where the source lay
StorageMediaFileSetUID               | drop    | PS3.4 C.4   | says where the source lay
MACParametersSequence                | drop    | C.12.1.1.3  | signs another content
DigitalSignaturesSequence            | drop    | C.12.1.1.3  | signs another content
DataSetTrailingPadding               | drop    | PS3.10 7.2  | padding of the source's file
PatientName                          | keep    | C.7.1.1     | with all of patient, study and order: the same patient
PatientID                            | keep    | C.7.1.1     | the same patient
StudyInstanceUID                     | keep    | C.7.2.1     | the same study
AccessionNumber                      | keep    | C.7.2.1     | the same order
FrameOfReferenceUID                  | keep    | C.7.4.1     | the same place in the patient
ImagePositionPatient                 | keep    | C.7.6.2     | geometry is exact, slice by slice
ImageOrientationPatient              | keep    | C.7.6.2     | geometry is exact
PixelSpacing                         | keep    | C.7.6.2     | geometry is exact
ImagerPixelSpacing                   | keep    | C.8.11.4    | geometry at the detector is exact
SliceThickness                       | keep    | C.7.6.2     | what was measured together stays so
AcquisitionDate                      | keep    | C.7.6.1     | with time and number: describes the data
AcquisitionTime                      | keep    | C.7.6.1     | describes the data
TimezoneOffsetFromUTC                | keep    | C.12.1      | own times stand in it; never added
FrameReferenceTime                   | keep    | C.8.9.4     | decay is counted with it
DecayCorrection                      | keep    | C.8.9.1     | quantity is exact
Units                                | keep    | C.8.9.1     | stored values mean what they meant
RescaleSlope                         | keep    | C.11.1      | of each slice: restored values are rounded into it
RescaleIntercept                     | keep    | C.11.1      | stored values mean what they meant
ModalityLUTSequence                  | keep    | C.11.1      | stored values are restored, the table stays
RealWorldValueMappingSequence        | keep    | C.7.6.16.2.11 | stored values mean what they meant
BitsStored                           | keep    | C.7.6.3     | of each slice: it differs inside real series
PhotometricInterpretation            | keep    | C.7.6.3     | values stay, and are never inverted
PixelPaddingValue                    | keep    | C.7.5.1.1.2 | padding stays padding, nothing else takes its value
WindowCenter                         | keep    | C.11.2      | with width and tables: shown as the source is
BurnedInAnnotation                   | keep    | C.7.6.1     | YES is refused: text must not be restored
SyntheticData                        | keep    | C.12.1      | restored data are acquired data; YES stays
PresentationIntentType               | keep    | C.8.11.1    | the SOP class says the same
PixelIntensityRelationship           | keep    | C.8.11.3    | stored values mean what they meant
KVP                                  | keep    | C.8.2.1     | with dose, kernel, TR, TE, coil, tracer: the acquisition
BodyPartExamined                     | keep    | C.7.3.1     | with laterality, position and view: the acquisition
"""


def _parse(rows: str) -> Mapping[str, Row]:
    table = {}
    for line in rows.strip().splitlines():
        keyword, action, section, why = (part.strip() for part in line.split("|", 3))
        table[keyword] = Row(keyword=keyword, action=Action(action), section=section, why=why)
    return MappingProxyType(table)


TABLE: Final[Mapping[str, Row]] = _parse(_ROWS)

GROUP_LENGTH: Final = Row(keyword="", action=Action.DROP, section="PS3.5 7.2", why="group lengths are retired")
CURVE: Final = Row(keyword="", action=Action.DROP, section="C.10.2", why="curves are retired and speak of old pixels")
_KEPT: Final = Row(keyword="", action=Action.KEEP, section="", why="the table does not name it")
DECAY: Final = Row(keyword="", action=Action.KEEP, section="C.8.9.4.1.5", why="decay is counted from it")

_SERIES_TIME: Final = frozenset({"SeriesDate", "SeriesTime"})

_SOURCE_EQUIPMENT: Final = frozenset(
    {
        "Manufacturer",
        "ManufacturerModelName",
        "DeviceSerialNumber",
        "SoftwareVersions",
        "StationName",
        "DeviceUID",
        "UDISequence",
        "SpatialResolution",
        "DateOfLastCalibration",
        "TimeOfLastCalibration",
        "OperatorsName",
        "OperatorIdentificationSequence",
        "GantryID",
        "DateOfManufacture",
        "DateOfInstallation",
    }
)
"""Kept where the recipe leaves the source's equipment in place."""

PRIVATE_KEPT: Final[Mapping[tuple[str, int], frozenset[int]]] = MappingProxyType(
    {
        ("SIEMENS MR HEADER", 0x0019): frozenset({0x0C, 0x0D, 0x0E, 0x27}),
        ("GEMS_PARM_01", 0x0043): frozenset({0x39, 0x6F}),
        ("Philips Imaging DD 001", 0x2001): frozenset({0x03, 0x04}),
        ("Philips MR Imaging DD 001", 0x2005): frozenset({0x0D, 0x0E}),
        ("Philips PET Private Group", 0x7053): frozenset({0x00, 0x09}),
        ("GEMS_PETD_01", 0x0009): frozenset({0x0D}),
        ("SIEMENS MED PT", 0x0071): frozenset({0x22}),
    }
)
"""(creator, group) to the elements kept: b-value, gradient direction and matrix, private scale factors, the times that
decay is counted from."""


def row_of(tag: BaseTag, *, modality: str, equipment: Equipment = Equipment.NODE) -> Row:
    """Return the row that a public attribute of the data set's first level falls under.

    Parameters
    ----------
    tag
        The attribute.
    modality
        Of the source.
    equipment
        Whose equipment attributes the derived object carries.
    """
    if tag.element == 0:
        return GROUP_LENGTH
    if 0x5000 <= tag.group <= 0x50FF:
        return CURVE
    keyword = keyword_for_tag(tag)
    if equipment is Equipment.SOURCE and keyword in _SOURCE_EQUIPMENT:
        return _KEPT
    if keyword in kept_times(modality):
        return DECAY
    return TABLE.get(keyword, _KEPT)


def kept_times(modality: str) -> frozenset[str]:
    """Return the dates and times that are replaced elsewhere and kept in this modality.

    In PET decay is counted from the time of the series: one hour later makes the uptake of F-18 half as much again.
    """
    return _SERIES_TIME if modality == "PT" else frozenset()


def keeps_private(header: Dataset, tag: BaseTag) -> bool:
    """Whether a private element is on the list, or is the creator of one that is there and on it (PS3.5 7.8.1)."""
    if tag.is_private_creator:
        creator = str(header[tag].value)
        tags = sorted(header.keys())
        block = (other for other in tags if other.group == tag.group and other.element >> 8 == tag.element)
        return any(_listed(creator, other) for other in block)
    element = header.get((tag.group, tag.element >> 8))
    return element is not None and _listed(str(element.value), tag)


def _listed(creator: str, tag: BaseTag) -> bool:
    return (tag.element & 0xFF) in PRIVATE_KEPT.get((creator.strip(), tag.group), frozenset())
