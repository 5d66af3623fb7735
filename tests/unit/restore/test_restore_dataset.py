"""The derived data set of a phantom, attribute by attribute."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_node.domain.marks import PROJECT
from dicom_node.domain.work import Equipment, Qualification
from dicom_node.restore.derive.attributes import TABLE, Action
from dicom_node.restore.derive.dataset import Answer, assemble, derived_image_type, encode, qualification
from dicom_node.restore.derive.document import as_markdown
from dicom_node.restore.derive.making import Making
from dicom_node.restore.derive.references import neighbours
from dicom_node.restore.source import Private, read_header
from tests.support.phantoms import make_pet, make_series
from tests.unit.restore.kit import JOB_TIME, making, recipe


def source(modality: str = "CT", **attributes: Any) -> Dataset:
    made = make_series(1, modality=modality)[0]
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def derived(from_: Dataset, by: Making | None = None, *, rank: int = 0) -> Dataset:
    stored = np.full((from_.Rows, from_.Columns), 77, dtype=np.uint16)
    answer = Answer(
        source=from_,
        stored=stored,
        instance_number=1,
        rank=rank,
        sop_instance_uid="2.25.1",
        series_instance_uid="2.25.2",
    )
    return assemble(answer, by or making(str(from_.Modality)))


def test_every_keyword_of_the_table_exists() -> None:
    assert [keyword for keyword in TABLE if tag_for_keyword(keyword) is None] == []
    assert all(row.why and row.section for row in TABLE.values())


def test_the_documentation_is_the_table() -> None:
    written = Path(__file__).parents[3] / "docs" / "derived.md"
    assert written.read_text(encoding="utf-8") == as_markdown()


def test_what_the_table_does_not_name_is_kept() -> None:
    given = source(KVP=120, PatientComments="kept", WindowCenter=[40, 400], WindowWidth=[400, 1500])
    made = derived(given)
    for element in given:
        row = TABLE.get(element.keyword)
        if row is None or row.action is Action.KEEP:
            assert made[element.keyword] == element, element.keyword


@pytest.mark.parametrize("keyword", [row.keyword for row in TABLE.values() if row.action is Action.DROP])
def test_what_the_table_drops_is_gone(keyword: str) -> None:
    given = source()
    given.add_new(tag_for_keyword(keyword), *_a_value_for(keyword))
    assert keyword not in derived(given)


def _a_value_for(keyword: str) -> tuple[str, Any]:
    from pydicom.datadict import dictionary_VR

    vr = dictionary_VR(tag_for_keyword(keyword) or 0).split(" ")[0]
    values: dict[str, Any] = {
        "SQ": Sequence([Dataset()]),
        "US": 1,
        "DA": "20260101",
        "DT": "20260101",
        "TM": "1000",
        "UI": "1.2",
    }
    return vr, values.get(vr, b"\0\0" if vr[0] == "O" else "1")


def test_the_mark_leads_and_the_equipment_is_ours() -> None:
    made = derived(source())
    assert made.SeriesDescription == f"DLR {source().SeriesDescription}"
    assert list(made.ImageType) == ["DERIVED", "PRIMARY", "AXIAL"]
    assert (made.SeriesNumber, made.InstanceNumber) == (3091, 1)
    assert (made.Manufacturer, made.ManufacturerModelName, made.StationName) == (PROJECT, "dicom-node", "RESTORE")
    assert made.ContentQualification == "RESEARCH"
    assert made.LossyImageCompression == "00"
    theirs, ours = made.ContributingEquipmentSequence
    assert (theirs.Manufacturer, theirs.PurposeOfReferenceCodeSequence[0].CodeValue) == (
        source().Manufacturer,
        "109101",
    )
    assert (ours.Manufacturer, ours.PurposeOfReferenceCodeSequence[0].CodeValue) == (PROJECT, "109102")
    assert str(ours.ContributionDateTime) == "20260302090000.000000+0000"


def test_the_derivation_says_what_was_done_and_from_what() -> None:
    made = derived(source(DerivationDescription="theirs"))
    assert made.DerivationDescription == "ct-nlm 1.1.0, strength 75 %, weights none | theirs"
    assert [item.CodeValue for item in made.DerivationCodeSequence] == ["113087"]
    own = made.SourceImageSequence[0]
    given = source()
    assert own.ReferencedSOPInstanceUID == given.SOPInstanceUID
    assert own.SpatialLocationsPreserved == "YES"
    listed = made.ReferencedSeriesSequence[0]
    assert listed.SeriesInstanceUID == given.SeriesInstanceUID
    assert [item.ReferencedSOPInstanceUID for item in listed.ReferencedInstanceSequence] == [given.SOPInstanceUID]


def test_times_are_the_jobs_one_millisecond_apart() -> None:
    made = derived(source(), rank=12)
    assert (made.SeriesDate, made.SeriesTime) == ("20260302", "090000.000000")
    assert (made.ContentDate, made.ContentTime) == ("20260302", "090000.012000")
    assert made.AcquisitionTime == source().AcquisitionTime


def test_the_series_time_of_pet_stays() -> None:
    given = make_pet(1)[0]
    made = derived(given)
    assert (made.SeriesDate, made.SeriesTime) == (given.SeriesDate, given.SeriesTime)
    assert (made.ContentDate, made.ContentTime) == ("20260302", "090000.000000")


def test_what_decay_is_counted_from_is_kept_where_it_is_private() -> None:
    given = make_pet(1)[0]
    block = given.private_block(0x0009, "GEMS_PETD_01", create=True)
    block.add_new(0x0D, "DT", "20260302080000")
    block.add_new(0x0E, "DT", "20260302080000")
    made = derived(given)
    assert made[0x0009, 0x100D].value == given[0x0009, 0x100D].value
    assert (0x0009, 0x100E) not in made


def test_the_slices_that_were_looked_at_are_named_nearest_first() -> None:
    assert neighbours(3, 7, reach=2) == [2, 4, 1, 5]
    assert neighbours(0, 7, reach=2) == [1, 2]
    assert neighbours(6, 7, reach=9) == [5, 4, 3]
    assert neighbours(0, 1, reach=2) == []


def test_times_stand_in_the_sources_zone() -> None:
    made = derived(source(TimezoneOffsetFromUTC="-0930"))
    assert (made.SeriesDate, made.SeriesTime) == ("20260301", "233000.000000")
    assert made.TimezoneOffsetFromUTC == "-0930"


def test_building_twice_gives_the_same_bytes() -> None:
    assert encode(derived(source())) == encode(derived(source()))


def test_the_source_is_not_touched() -> None:
    given = source(ReferencedImageSequence=Sequence([Dataset()]))
    before = given.to_json()
    derived(given)
    assert given.to_json() == before


@pytest.mark.parametrize(
    ("modality", "given", "expected"),
    [
        ("CT", ["ORIGINAL", "PRIMARY", "AXIAL"], ["DERIVED", "PRIMARY", "AXIAL"]),
        ("CT", ["DERIVED ", "SECONDARY ", "AXIAL "], ["DERIVED", "SECONDARY", "AXIAL"]),
        ("MR", ["ORIGINAL", "PRIMARY"], ["DERIVED", "PRIMARY", "OTHER"]),
        ("MR", ["ORIGINAL", "PRIMARY", "", "X"], ["DERIVED", "PRIMARY", "OTHER", "X"]),
        ("MR", ["ORIGINAL", "PRIMARY", "M", "ND"], ["DERIVED", "PRIMARY", "M", "ND"]),
        ("PT", ["ORIGINAL", "PRIMARY"], ["DERIVED", "PRIMARY"]),
        ("PT", ["ORIGINAL", "SECONDARY", "AXIAL"], ["DERIVED", "PRIMARY"]),
        ("DX", ["ORIGINAL", "PRIMARY"], ["DERIVED", "PRIMARY", ""]),
        ("DX", ["ORIGINAL", "PRIMARY", "", "X"], ["DERIVED", "PRIMARY", "", "X"]),
        ("CT", "ORIGINAL", ["DERIVED", "PRIMARY"]),
        ("CT", [], ["DERIVED", "PRIMARY"]),
    ],
)
def test_image_type(modality: str, given: Any, expected: list[str]) -> None:
    header = Dataset()
    header.Modality, header.ImageType = modality, given
    assert derived_image_type(header) == expected


@pytest.mark.parametrize(
    ("given", "wanted", "expected"),
    [
        ("", Qualification.RESEARCH, "RESEARCH"),
        ("", Qualification.PRODUCT, "PRODUCT"),
        ("RESEARCH", Qualification.PRODUCT, "RESEARCH"),
        ("PRODUCT", Qualification.RESEARCH, "RESEARCH"),
        ("SERVICE", Qualification.RESEARCH, "SERVICE"),
    ],
)
def test_qualification_is_never_above_the_source(given: str, wanted: Qualification, expected: str) -> None:
    assert qualification(source(ContentQualification=given), wanted) == expected


def test_equipment_of_the_source_where_the_rule_says_so() -> None:
    by = making(recipe=recipe(equipment=Equipment.SOURCE))
    made = derived(source(GantryID="G1"), by)
    assert (made.Manufacturer, made.GantryID) == (source().Manufacturer, "G1")
    assert [item.Manufacturer for item in made.ContributingEquipmentSequence] == [PROJECT]


def test_what_is_said_of_the_sources_equipment_is_copied_clean() -> None:
    item = Dataset()
    item.InstitutionName = "clinic"
    item.private_block(0x0011, "WHO", create=True).add_new(0x01, "LO", "inside")
    of_source = derived(source(ImageType="ORIGINAL", OperatorIdentificationSequence=Sequence([item])))
    made = of_source.ContributingEquipmentSequence[0]
    assert made.PurposeOfReferenceCodeSequence[0].CodeMeaning == "Acquisition Equipment"
    assert [element.keyword for element in made.OperatorIdentificationSequence[0]] == ["InstitutionName"]


def test_lossy_once_is_lossy_for_ever() -> None:
    made = derived(source(LossyImageCompression="01", LossyImageCompressionRatio=10))
    assert (made.LossyImageCompression, made.LossyImageCompressionRatio) == ("01", 10)


def test_stated_extremes_are_computed_and_never_added() -> None:
    made = derived(source(SmallestImagePixelValue=0, LargestImagePixelValue=9))
    assert (made.SmallestImagePixelValue, made.LargestImagePixelValue) == (77, 77)
    assert "SmallestImagePixelValue" not in derived(source())


@pytest.mark.parametrize(
    ("charset", "label", "expected"),
    [
        ("ISO_IR 100", "DLR {SeriesDescription}", "ISO_IR 100"),
        ("ISO_IR 100", "整 {SeriesDescription}", "ISO_IR 192"),
        ("", "DLR {SeriesDescription}", ""),
        ("", "Schädel {SeriesDescription}", "ISO_IR 192"),
        (["", "ISO 2022 IR 87"], "整 {SeriesDescription}", ["", "ISO 2022 IR 87"]),
    ],
)
def test_the_label_decides_the_character_set(charset: Any, label: str, expected: Any, tmp_path: Path) -> None:
    given = source(SpecificCharacterSet=charset, PatientName="Müller^Jörg" if charset == "ISO_IR 100" else "A^B")
    path = tmp_path / "made.dcm"
    path.write_bytes(encode(derived(given, making(recipe=recipe(label=label)))))
    made = dcmread(path)
    charset_made = made.get("SpecificCharacterSet") or ""
    assert (charset_made if isinstance(charset_made, str) else list(charset_made)) == expected
    assert made.SeriesDescription == label.replace("{SeriesDescription}", given.SeriesDescription)
    assert str(made.PatientName) == str(given.PatientName)


KATAKANA = b"\xd1\xc8 CT"
"""Half-width katakana with Latin letters: JIS X 0201, which pydicom reads and cannot write."""


def test_text_that_cannot_be_written_as_it_was_read_becomes_unicode(tmp_path: Path) -> None:
    given = source(SpecificCharacterSet="ISO_IR 13", PatientName="N" * len(KATAKANA), StudyDescription="N")
    path = tmp_path / "source.dcm"
    path.write_bytes(encode(given).replace(b"N" * len(KATAKANA), KATAKANA))
    header = read_header(path)
    assert str(header.PatientName) == "\uff91\uff88 CT"
    path.write_bytes(encode(derived(header)))
    made = dcmread(path)
    assert (made.SpecificCharacterSet, made.PatientName) == ("ISO_IR 192", "\uff91\uff88 CT")


def test_private_elements_that_go_are_not_read_of_a_source(tmp_path: Path) -> None:
    given = source()
    kept = given.private_block(0x0043, "GEMS_PARM_01", create=True)
    kept.add_new(0x39, "IS", "1000")
    kept.add_new(0x40, "OB", b"x" * 200_000)
    given.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", b"y" * 2_000_000)
    given.RedPaletteColorLookupTableData = b"z" * 100_000
    path = tmp_path / "source.dcm"
    path.write_bytes(encode(given))
    whole, header = read_header(path), read_header(path, private=Private.KEPT)
    assert [tag for tag in sorted(header.keys()) if tag.is_private] == [0x00430010, 0x00431039]
    assert header.RedPaletteColorLookupTableData == given.RedPaletteColorLookupTableData
    assert (0x0029, 0x1010) in whole
    assert encode(derived(header)) == encode(derived(whole))


def _image_reference(uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", uid
    return item


def test_references_stay_where_their_series_is_known() -> None:
    given = source(ReferencedImageSequence=Sequence([_image_reference("1.9.1"), _image_reference("1.9.2")]))
    known = replace(making(), known={"1.9.1": "1.9", "1.9.2": "1.9"})
    made = derived(given, known)
    assert len(made.ReferencedImageSequence) == 2
    series = {item.SeriesInstanceUID: len(item.ReferencedInstanceSequence) for item in made.ReferencedSeriesSequence}
    assert series == {given.SeriesInstanceUID: 1, "1.9": 2}
    unknown = derived(given, replace(making(), known={"1.9.1": "1.9"}))
    assert "ReferencedImageSequence" not in unknown
    assert len(unknown.ReferencedSeriesSequence) == 1


def test_private_elements_go_but_for_the_listed_ones() -> None:
    given = source("MR")
    siemens = given.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    siemens.add_new(0x0C, "IS", 1000)
    siemens.add_new(0x08, "CS", "IMAGE NUM 4")
    given.private_block(0x0029, "SIEMENS CSA HEADER", create=True).add_new(0x10, "OB", b"names")
    item = Dataset()
    item.private_block(0x0011, "WHO", create=True).add_new(0x01, "LO", "inside")
    item.CodeValue = "1"
    given.ProcedureCodeSequence = Sequence([item])
    made = derived(given)
    assert [str(element.tag) for element in made if element.tag.is_private] == ["(0019,0010)", "(0019,100C)"]
    assert [element.keyword for element in made.ProcedureCodeSequence[0]] == ["CodeValue"]


def test_words_of_a_big_endian_source_are_swapped(tmp_path: Path) -> None:
    given = source()
    given.add_new(0x60003000, "OW", b"\x01\x02\x03\x04")
    given.add_new(0x60000010, "US", 4)
    given.set_original_encoding(False, False, "iso8859")
    made = derived(given)
    assert made[0x60003000].value == b"\x02\x01\x04\x03"
    assert made[0x60000010].value == 4


def test_the_job_time_may_stand_in_any_zone() -> None:
    assert datetime(2026, 3, 2, 9, 0, tzinfo=UTC) == JOB_TIME
