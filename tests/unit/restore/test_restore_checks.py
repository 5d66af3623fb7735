"""Every fault planted into a stored derived file is found by the check that is there for it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import CTImageStorage, MRImageStorage

from dicom_node.restore.attempt import DerivedFile
from dicom_node.restore.checks.all import CHECKS
from dicom_node.restore.read_back import NotReadBack, ReadBack, Written, read_back
from dicom_node.restore.source import SourceFile
from dicom_node.sandbox.client import Sandbox
from restoration.card import load_card
from tests.support.phantoms import make_dx, make_pet, make_series
from tests.unit.restore.kit import ExactMean, Tried, try_series

SLICES = 4
PADDING = 0


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Tried:
    series = make_series(
        SLICES, LossyImageCompression="00", PixelPaddingValue=PADDING, SmallestImagePixelValue=0, KVP=120
    )
    for number, ds in enumerate(series):
        ds["PixelPaddingValue"].VR = ds["SmallestImagePixelValue"].VR = "US"
        pixels = np.frombuffer(ds.PixelData, dtype="<u2").reshape(ds.Rows, ds.Columns).copy()
        pixels[:3] = PADDING
        # A mark of its own in each slice, as anatomy is.
        pixels[20 : 24 + 4 * number, 30:34] += 60
        ds.PixelData = pixels.tobytes()
    return try_series(series, tmp_path_factory.mktemp("checks"), sandbox)


def look(tried: Tried, sandbox: Sandbox) -> ReadBack:
    by_source = {file.source_instance_id: file for file in tried.made.files}
    written = [[_written(by_source[item.file.instance_id]) for item in stack.slices] for stack in tried.sources]
    return read_back(tried.sources, written, making=tried.making, clipped=0.0, sandbox=sandbox)


def _written(file: DerivedFile) -> Written:
    where = SourceFile(
        instance_id=file.source_instance_id,
        path=file.path,
        sop_instance_uid=file.sop_instance_uid,
        sop_class_uid=file.sop_class_uid,
    )
    return Written(file=where, rank=file.rank, pixel_digest=file.pixel_digest)


@pytest.fixture(scope="module")
def pet(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Tried:
    restorer = ExactMean(load_card("pet-denoise"))
    return try_series(make_pet(7), tmp_path_factory.mktemp("pet"), sandbox, restorer=restorer)


@pytest.fixture(scope="module")
def dx(tmp_path_factory: pytest.TempPathFactory, sandbox: Sandbox) -> Tried:
    restorer = ExactMean(load_card("xr-denoise"))
    return try_series(make_dx(2), tmp_path_factory.mktemp("dx"), sandbox, restorer=restorer)


@pytest.fixture
def planted(tried: Tried) -> Iterator[Callable[[int, Callable[[FileDataset], None]], None]]:
    """Change stored files, and put them back afterwards."""
    yield from _planting(tried)


def _planting(tried: Tried) -> Iterator[Callable[[int, Callable[[FileDataset], None]], None]]:
    saved = {file.path: file.path.read_bytes() for file in tried.made.files}

    def plant(index: int, fault: Callable[[FileDataset], None]) -> None:
        path = tried.made.files[index].path
        ds = dcmread(path)
        fault(ds)
        ds.save_as(path)

    yield plant
    for path, content in saved.items():
        path.write_bytes(content)


def failed(found: ReadBack) -> set[str]:
    return {check.name for check in found.failures}


def test_a_sound_series_passes_every_check(tried: Tried, sandbox: Sandbox) -> None:
    found = look(tried, sandbox)
    assert [check.sentence() for check in found.failures] == []
    assert len(found.checks) == len(CHECKS)
    assert len({check.name for check in found.checks}) == len(CHECKS)
    assert tried.made.judgement is not None
    assert tried.made.judgement.sentence == ""


@pytest.mark.parametrize("day", ["20200101", "20990101"])
def test_a_scanner_with_a_wrong_clock_is_restored(tmp_path: Path, sandbox: Sandbox, day: str) -> None:
    wrong = {"AcquisitionDate": day, "AcquisitionTime": "101112", "ContentDate": day, "ContentTime": "101112"}
    found = try_series(make_series(3, **wrong), tmp_path, sandbox).made.found
    assert [check.sentence() for check in found.failures] == []


def put(**values: object) -> Callable[[FileDataset], None]:
    def fault(ds: FileDataset) -> None:
        for keyword, value in values.items():
            setattr(ds, keyword, value)

    return fault


def dropped(keyword: str) -> Callable[[FileDataset], None]:
    def fault(ds: FileDataset) -> None:
        delattr(ds, keyword)

    return fault


def pixels(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[FileDataset], None]:
    def fault(ds: FileDataset) -> None:
        stored = np.frombuffer(ds.PixelData, dtype="<u2").reshape(ds.Rows, ds.Columns).copy()
        ds.PixelData = change(stored).astype("<u2").tobytes()

    return fault


def _raised(stored: np.ndarray) -> np.ndarray:
    stored[40, 40] = 5000
    return stored


def _padded(stored: np.ndarray) -> np.ndarray:
    stored[0, 0] = 1
    return stored


def _private(ds: FileDataset) -> None:
    ds.private_block(0x0011, "STRANGER", create=True).add_new(0x01, "LO", "x")


def _private_inside(ds: FileDataset) -> None:
    ds.SourceImageSequence[0].private_block(0x0011, "STRANGER", create=True).add_new(0x01, "LO", "x")


def _moved_position(ds: FileDataset) -> None:
    x, y, z = ds.ImagePositionPatient
    ds.ImagePositionPatient = [x, y + 0.05, z]


def _itself(ds: FileDataset) -> None:
    ds.SourceImageSequence[0].ReferencedSOPInstanceUID = ds.SOPInstanceUID


def _class_of_source(ds: FileDataset) -> None:
    ds.SourceImageSequence[0].ReferencedSOPClassUID = MRImageStorage


def _dangling(ds: FileDataset) -> None:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = CTImageStorage, "1.2.3.4"
    ds.ReferencedSeriesSequence[0].ReferencedInstanceSequence.append(item)


def _meta(ds: FileDataset) -> None:
    ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        (_moved_position, "corners"),
        (put(ImageOrientationPatient=[1, 0, 0, 0, -1, 0]), "corners"),
        (put(ImageOrientationPatient=[1, 0, 0, 0, 0, 1]), "corners"),
        (put(PixelSpacing=[0.7, 0.71]), "corners"),
        (put(FrameOfReferenceUID="1.2.3"), "corners"),
        (dropped("ImagePositionPatient"), "corners"),
        (put(ImagePositionPatient=[-22.4, -22.4, 400]), "order"),
        (put(InstanceNumber=77), "order"),
        (put(ContentTime="235959"), "order"),
        (put(InstanceNumber=1), "answered once"),
        (put(RescaleIntercept=-1000), "units"),
        (put(RescaleSlope=2), "units"),
        (dropped("RescaleIntercept"), "units"),
        (put(PhotometricInterpretation="MONOCHROME1"), "units"),
        (put(SeriesDescription="Thorax"), "marked"),
        (put(SeriesDescription="Thorax DLR"), "marked"),
        (put(ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]), "marked"),
        (put(ContributingEquipmentSequence=[]), "marked"),
        (put(ContentQualification="PRODUCT"), "marked"),
        (put(DerivationDescription=""), "marked"),
        (dropped("DerivationCodeSequence"), "marked"),
        (put(SOPInstanceUID="1.2.3.4"), "uids"),
        (put(SeriesInstanceUID="1.2.3.4"), "uids"),
        (put(SeriesNumber=3), "uids"),
        (_meta, "uids"),
        (put(PatientID="OTHER"), "identity"),
        (put(PatientName="Other^Name"), "identity"),
        (put(AccessionNumber="B2"), "identity"),
        (put(StudyInstanceUID="1.2.3.4"), "identity"),
        (put(PatientBirthDate="19700102"), "identity"),
        (_itself, "references"),
        (_class_of_source, "references"),
        (_dangling, "references"),
        (dropped("ReferencedSeriesSequence"), "references"),
        (dropped("SourceImageSequence"), "answered once"),
        (_private, "private"),
        (_private_inside, "private"),
        (pixels(_padded), "padding"),
        (put(PixelPaddingValue=7), "padding"),
        (pixels(lambda stored: np.roll(stored, 1, axis=1)), "alignment"),
        (pixels(lambda stored: np.flip(stored, axis=1)), "alignment"),
        (pixels(lambda stored: np.flip(stored, axis=0)), "alignment"),
        (pixels(np.rot90), "alignment"),
        (pixels(_raised), "digest"),
        (pixels(lambda stored: stored + 1), "digest"),
        (put(SmallestImagePixelValue=5), "min/max"),
        (put(WindowWidth=500), "window"),
        (put(LossyImageCompression="01"), "lossy"),
        (put(ContentDate="20200101"), "time"),
        (put(ContentTime="090000.002"), "time"),
        (put(SeriesTime="090001"), "time"),
        (put(KVP=80), "nothing else"),
        (put(PatientComments="added"), "nothing else"),
        (dropped("BodyPartExamined"), "nothing else"),
        (put(PatientPosition="FFS"), "nothing else"),
        (put(OperatorsName="Back^Again"), "nothing else"),
        (put(StationName="x" * 70), "text"),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_a_planted_fault_is_found(
    tried: Tried,
    sandbox: Sandbox,
    planted: Callable[[int, Callable[[FileDataset], None]], None],
    fault: Callable[[FileDataset], None],
    name: str,
) -> None:
    planted(1, fault)
    assert name in failed(look(tried, sandbox))


def _lost_neighbour(ds: FileDataset) -> None:
    del ds.SourceImageSequence[2]


def _neighbour_first(ds: FileDataset) -> None:
    ds.SourceImageSequence = [*ds.SourceImageSequence[1:], ds.SourceImageSequence[0]]


@pytest.mark.parametrize(
    ("kind", "fault", "name"),
    [
        ("pet", put(SeriesTime="090000.000000"), "nothing else"),
        ("pet", put(SeriesDate="20260303"), "nothing else"),
        ("pet", put(DecayFactor=1.0), "nothing else"),
        ("pet", put(FrameReferenceTime=1.0), "nothing else"),
        ("pet", put(RescaleSlope=1.0), "units"),
        ("pet", put(Units="CNTS"), "units"),
        ("pet", put(ImageType=["DERIVED", "PRIMARY", "AXIAL"]), "marked"),
        ("pet", _lost_neighbour, "references"),
        ("pet", _neighbour_first, "answered once"),
        ("dx", put(ImagerPixelSpacing=[0.1, 0.1]), "corners"),
        ("dx", put(PatientOrientation=["R", "F"]), "corners"),
        ("dx", put(PresentationIntentType="FOR PRESENTATION"), "nothing else"),
        ("dx", put(ImageType=["DERIVED", "PRIMARY"]), "marked"),
        ("dx", put(PhotometricInterpretation="MONOCHROME1"), "units"),
    ],
)
def test_a_fault_of_another_kind_of_image_is_found(
    request: pytest.FixtureRequest, sandbox: Sandbox, kind: str, fault: Callable[[FileDataset], None], name: str
) -> None:
    tried: Tried = request.getfixturevalue(kind)
    assert [check.sentence() for check in look(tried, sandbox).failures] == []
    planting = _planting(tried)
    next(planting)(1, fault)
    found = failed(look(tried, sandbox))
    next(planting, None)
    assert name in found


def test_swapped_slices_are_found(
    tried: Tried, sandbox: Sandbox, planted: Callable[[int, Callable[[FileDataset], None]], None]
) -> None:
    first, second = (dcmread(tried.made.files[index].path).PixelData for index in (1, 2))
    planted(1, put(PixelData=second))
    planted(2, put(PixelData=first))
    assert {"alignment", "digest"} <= failed(look(tried, sandbox))


def test_a_file_that_is_cut_is_not_read_back(
    tried: Tried, sandbox: Sandbox, planted: Callable[[int, Callable[[FileDataset], None]], None]
) -> None:
    planted(1, lambda ds: None)
    path: Path = tried.made.files[1].path
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(NotReadBack):
        look(tried, sandbox)


def test_padding_far_below_all_values_hides_no_likeness(tmp_path: Path, sandbox: Sandbox) -> None:
    series = make_series(3, size=96)
    y, x = np.mgrid[:96, :96] - 47.5
    for ds in series:
        stored = np.frombuffer(ds.PixelData, dtype="<u2").reshape(96, 96).astype(np.int32)
        units = np.where(x**2 + y**2 > 46**2, -32768, stored * int(ds.RescaleSlope) + int(ds.RescaleIntercept))
        ds.PixelData = units.astype("<i2").tobytes()
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation, ds.RescaleIntercept, ds.RescaleSlope = 16, 15, 1, 0, 1
        ds.add_new("PixelPaddingValue", "SS", -32768)
    made = try_series(series, tmp_path, sandbox).made
    assert [check.sentence() for check in made.found.failures] == []
