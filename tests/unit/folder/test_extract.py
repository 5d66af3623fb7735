"""Volumes for training: in units, in order, and nameless."""

import json
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import DigitalXRayImageStorageForProcessing, PositronEmissionTomographyImageStorage

from dicom_node.domain.errors import NotFound
from dicom_node.folder.extract import KEY, extract
from tests.support.clock import FixedClock
from tests.support.phantoms import make_series, write_series


def test_original_stacks_become_arrays_in_units_without_a_name(tmp_path: Path, clock: FixedClock) -> None:
    series = make_series(3, size=32, noise=0.0)
    for index, ds in enumerate(series):
        ds.RescaleIntercept = -1000 - index  # each slice its own values
    write_series(list(reversed(series)), tmp_path / "in" / "ct")
    write_series(make_series(2, modality="MR", size=32, seed=4), tmp_path / "in" / "mr")
    (tmp_path / "in" / "note.txt").write_text("no DICOM")
    written = extract(tmp_path / "in", tmp_path / "out", clock=clock)
    assert [(one.slices, one.reason) for one in written] == [(3, ""), (2, "")]
    with np.load(tmp_path / "out" / f"{written[0].name}.npz") as arrays:
        centre = arrays["volume"][:, 16, 16]
    assert centre.tolist() == [74.0, 73.0, 72.0]
    text = (tmp_path / "out" / f"{written[0].name}.json").read_text(encoding="utf-8")
    header = json.loads(text)
    patient = header.pop("patient")
    assert header == {
        "modality": "CT",
        "units": "HU",
        "spacing_mm": [2.0, 0.7, 0.7],
        "thickness_mm": 2.0,
        "positions_mm": [0.0, 2.0, 4.0],
    }
    assert len(patient) == 12
    assert str(series[0].SeriesInstanceUID) not in text + written[0].name


def headers(folder: Path) -> list[dict]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))]


def test_patients_are_told_apart_by_a_digest_that_only_the_key_of_the_folder_makes(
    tmp_path: Path, clock: FixedClock
) -> None:
    for seed, patient in ((1, "A"), (2, "A"), (3, "B")):
        write_series(make_series(1, size=16, seed=seed, PatientID=patient), tmp_path / "in" / str(seed))
    first, again, other = (tmp_path / name for name in ("first", "first", "other"))
    names = [[one.name for one in extract(tmp_path / "in", out, clock=clock)] for out in (first, again, other)]
    assert names[0] == names[1]
    assert not set(names[0]) & set(names[2])
    patients = {header["patient"] for header in headers(first)}
    assert len(patients) == 2
    assert not patients & {header["patient"] for header in headers(other)}
    assert (first / KEY).stat().st_mode & 0o077 == 0


def test_pet_is_extracted_in_becquerel_and_other_units_are_named(tmp_path: Path, clock: FixedClock) -> None:
    write_series(as_pet(make_series(2, modality="MR", size=16, seed=5), "BQML"), tmp_path / "in" / "pet")
    write_series(as_pet(make_series(2, modality="MR", size=16, seed=6), "CNTS"), tmp_path / "in" / "counts")
    counts, pet = extract(tmp_path / "in", tmp_path / "out", clock=clock)
    assert (pet.slices, headers(tmp_path / "out")[0]["units"]) == (2, "Bq/mL")
    assert "CNTS" in counts.reason


def as_pet(series: list[Dataset], units: str) -> list[Dataset]:
    for ds in series:
        ds.Modality, ds.SOPClassUID, ds.Units = "PT", PositronEmissionTomographyImageStorage, units
        ds.RescaleSlope, ds.RescaleIntercept = 2.5, 0
    return series


@pytest.mark.parametrize(
    ("attributes", "words"),
    [
        pytest.param({}, "", id="linear exposure"),
        pytest.param({"PixelIntensityRelationship": "LOG"}, "LOG, its sign 1", id="logarithmic"),
        pytest.param({"PixelIntensityRelationshipSign": -1}, "LIN, its sign -1", id="inverted"),
        pytest.param({"PresentationIntentType": "FOR PRESENTATION"}, "FOR PRESENTATION", id="for presentation"),
        pytest.param({"ImagerPixelSpacing": None}, "spacing is missing", id="without spacing"),
    ],
)
def test_projections_are_extracted_where_they_are_exposures(
    tmp_path: Path, clock: FixedClock, attributes: dict[str, object], words: str
) -> None:
    given = {
        "Modality": "DX",
        "SOPClassUID": DigitalXRayImageStorageForProcessing,
        "PresentationIntentType": "FOR PROCESSING",
        "PixelIntensityRelationship": "LIN",
        "PixelIntensityRelationshipSign": 1,
        "ImagerPixelSpacing": [0.15, 0.2],
        "ImagePositionPatient": None,
    }
    write_series(make_series(1, modality="MR", size=16, **{**given, **attributes}), tmp_path / "in")
    (one,) = extract(tmp_path / "in", tmp_path / "out", clock=clock)
    assert bool(one.slices) is not bool(words)
    assert words in one.reason
    if not words:
        assert headers(tmp_path / "out")[0]["spacing_mm"][1:] == [0.15, 0.2]


def test_what_is_no_original_says_why(tmp_path: Path, clock: FixedClock) -> None:
    write_series(make_series(1, ImageType=["DERIVED", "SECONDARY"]), tmp_path / "in")
    (one,) = extract(tmp_path / "in", tmp_path / "out", clock=clock)
    assert (one.name, one.slices) == ("", 0)
    assert "derived" in one.reason


def test_a_folder_without_dicom_is_one_sentence(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(NotFound, match="no DICOM file"):
        extract(tmp_path, tmp_path / "out", clock=clock)
