"""Who made a derived object: equipment attributes and Contributing Equipment (PS3.3 C.12.1.1.5). Pure."""

from datetime import datetime
from typing import Final

from highdicom import ContributingEquipment
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_node.domain.marks import MODEL_NAME, PROJECT
from dicom_node.domain.work import Equipment
from dicom_node.restore.derive.copying import copied_element
from dicom_node.restore.derive.making import Making

ACQUISITION: Final = ("109101", "DCM", "Acquisition Equipment")
PROCESSING: Final = ("109102", "DCM", "Processing Equipment")
"""CID 7005."""

_OF_SOURCE: Final = (
    "Manufacturer",
    "InstitutionName",
    "InstitutionAddress",
    "StationName",
    "InstitutionalDepartmentName",
    "OperatorsName",
    "OperatorIdentificationSequence",
    "ManufacturerModelName",
    "DeviceSerialNumber",
    "SoftwareVersions",
    "DeviceUID",
    "UDISequence",
    "SpatialResolution",
    "DateOfLastCalibration",
    "TimeOfLastCalibration",
)


def equip(target: Dataset, source: Dataset, *, making: Making, at: datetime) -> None:
    """Set the equipment of a data set that was copied from a source.

    Parameters
    ----------
    target, source
        The copy, and what it was copied from.
    making
        The attempt: whose equipment attributes are wanted.
    at
        Time of the contribution, aware.
    """
    items = list(target.get("ContributingEquipmentSequence") or ())
    if making.recipe.equipment is Equipment.NODE:
        if str(source.get("Manufacturer", "") or "").strip():
            items.append(_item_of(source))
        target.Manufacturer = PROJECT
        target.ManufacturerModelName = MODEL_NAME
        target.DeviceSerialNumber = making.installation_id
        target.SoftwareVersions = list(making.versions)
        target.StationName = making.ae_title
    target.ContributingEquipmentSequence = Sequence([*items, _own_item(making, at)])


def _item_of(source: Dataset) -> Dataset:
    """Describe the source's equipment; the values are taken as they stand, valid or not."""
    item = Dataset()
    for keyword in _OF_SOURCE:
        if source.get(keyword):
            item.add(copied_element(source[keyword]))
    image_type = source.get("ImageType") or ""
    first = image_type if isinstance(image_type, str) else str(image_type[0])
    original = first.strip() == "ORIGINAL"
    item.PurposeOfReferenceCodeSequence = Sequence([CodedConcept(*(ACQUISITION if original else PROCESSING))])
    return item


def _own_item(making: Making, at: datetime) -> Dataset:
    return ContributingEquipment(
        PROJECT,
        CodedConcept(*PROCESSING),
        manufacturer_model_name=MODEL_NAME,
        software_versions=list(making.versions),
        device_serial_number=making.installation_id,
        station_name=making.ae_title,
        contribution_datetime=at.strftime("%Y%m%d%H%M%S.%f%z"),
        contribution_description=making.description,
    )
