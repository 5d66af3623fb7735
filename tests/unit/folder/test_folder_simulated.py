"""A degraded copy says what it is, and never passes for an acquisition beside the patient's own images."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_node.folder.simulated import Copy, Copying, Pretence, Standing, StudyOf, UnsafeCopy, assemble
from dicom_node.restore.derive.dataset import encode
from tests.support.phantoms import make_series

RECORD = {"degradation": "LowDose", "dose": 0.25, "seed": 1}
WHO = {
    "PatientName": "Person^Real",
    "PatientID": "4711",
    "PatientBirthDate": "19510203",
    "OtherPatientIDs": "0815",
    "AccessionNumber": "ACC9",
    "ReferringPhysicianName": "Doctor^Some",
    "OperatorsName": "Operator^One",
    "RequestingPhysician": "Doctor^Other",
    "PatientWeight": 71,
}


def copied(standing: Standing, *, record: dict[str, object] = RECORD, **attributes: object) -> Dataset:
    (source,) = make_series(1, size=8, **{**WHO, **attributes})
    copying = Copying(
        standing=standing,
        words="dose 25 %",
        record=record,
        at=datetime(2026, 3, 2, tzinfo=UTC),
        series_number=3099,
        known={},
    )
    stored = np.full((8, 8), 1000, np.uint16)
    copy = Copy(source=source, stored=stored, rank=0, sop_instance_uid="2.25.1", series_instance_uid="2.25.2")
    made = assemble(copy, copying)
    encode(made)
    return made


def texts(ds: Dataset) -> str:
    return "\n".join(str(element.value) for element in ds.iterall() if element.keyword != "PixelData")


@pytest.mark.parametrize("pretence", Pretence)
def test_every_copy_is_marked(pretence: Pretence) -> None:
    made = copied(Standing(pretence=pretence))
    assert made.SeriesDescription == "SIMULATED dose 25 % CT phantom low-dose"
    description = made.DerivationDescription
    assert description.startswith("SIMULATED, not for diagnosis: ")
    assert json.loads(description.split(": ", 1)[1]) == RECORD
    assert (made[0x0008001C].value, made.ContentQualification) == ("YES", "RESEARCH")
    assert "not for diagnosis" in made.ContributingEquipmentSequence[-1].ContributionDescription
    assert made.ImageType[0] == pretence.name
    assert np.array_equal(made.pixel_array, np.full((8, 8), 1000))


def test_a_test_study_names_nobody_and_no_order() -> None:
    made = copied(Standing())
    text = texts(made)
    for word in ("Real", "4711", "19510203", "0815", "ACC9", "Doctor", "Operator"):
        assert word not in text, word
    assert made.PatientName == "TEST^SIMULATED"
    assert made.PatientID.startswith("TEST-")
    assert (made.StudyDate, made.StudyID, made.PatientWeight) == ("20260302", "TEST", 71)
    (source,) = make_series(1)
    assert made.StudyInstanceUID != source.StudyInstanceUID
    assert made.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert made.ImagePositionPatient is not None


def test_copies_of_one_patient_stay_together_and_others_apart() -> None:
    first, same, other = (copied(Standing(), PatientID=number) for number in ("1", "1", "2"))
    assert first.PatientID == same.PatientID != other.PatientID
    assert first.StudyInstanceUID == same.StudyInstanceUID


def test_in_the_source_s_study_the_patient_stays_and_the_source_is_referred_to() -> None:
    made = copied(Standing(study=StudyOf.SOURCE))
    (source,) = make_series(1, size=8)
    assert (made.PatientID, made.AccessionNumber) == ("4711", "ACC9")
    assert made.StudyInstanceUID == source.StudyInstanceUID
    assert made.SourceImageSequence[0].ReferencedSOPInstanceUID == source.SOPInstanceUID


def test_never_original_in_the_study_of_a_patient() -> None:
    with pytest.raises(UnsafeCopy, match="look acquired"):
        Standing(study=StudyOf.SOURCE, pretence=Pretence.ORIGINAL)


def test_decay_of_pet_is_still_counted_from_the_same_time() -> None:
    made = copied(Standing(), Modality="PT", SeriesTime="081500")
    assert made.SeriesTime == "081500"


def test_a_long_record_is_cut_to_what_a_short_text_holds() -> None:
    assert len(copied(Standing(), record={"words": "x" * 2000}).DerivationDescription) == 1024
