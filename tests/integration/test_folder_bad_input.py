"""Bad input of every kind through a folder: a named refusal or the right result, never a wrong picture."""

import warnings
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.folder.restore import Asked, Ended, Outcome, restore_folder
from dicom_node.restore.pipelines import Restorers
from tests.support.clock import FixedClock
from tests.support.phantoms import make_series, write_series
from tests.unit.restore.kit import pipeline


def restored(series: list[Dataset], root: Path, *, exact: bool = False) -> Outcome:
    """Restore with the classical pipeline, or with an exact mean where only the way of the values counts."""
    modality = str(series[0].Modality) if series[0].Modality in {"CT", "MR"} else "CT"
    name = f"{modality.lower()}-nlm"
    ready = Restorers({}, loader=lambda _name, _device: pipeline("CT", mean)) if exact else Restorers({})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # pydicom warns of just what these tests write
        write_series(series, root / "in")
    (outcome,) = restore_folder(
        root / "in", root / "out", asked=Asked(pipeline=name), restorers=ready, clock=FixedClock()
    )
    return outcome


def mean(array: np.ndarray) -> np.ndarray:
    """Leave the values as they are: what comes back is the source to the bit."""
    return array


REFUSED = {
    "another modality": ({"Modality": "US"}, "takes CT"),
    "another class": ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, "secondary capture"),
    "units": ({"RescaleType": "MGML"}, "not in HU"),
    "no rescale": ({"RescaleSlope": None}, "Rescale"),
    "slope 0": ({"RescaleSlope": 0}, "Rescale"),
    "spacing too fine": ({"PixelSpacing": [0.01, 0.01]}, "pixel spacing"),
    "spacing missing": ({"PixelSpacing": None}, "spacing is missing"),
    "thickness": ({"SliceThickness": 50}, "slice thickness"),
    "orientation": ({"ImageOrientationPatient": [1, 0, 0, 1, 0, 0]}, "Orientation"),
    "position missing": ({"ImagePositionPatient": None}, "position, orientation or spacing"),
    "too small": ({"size": 32}, "matrix"),
    "too large": ({"size": 3072}, "matrix"),
    "8 bits stored": ({"BitsStored": 8, "HighBit": 7}, "pixel format"),
    "colour": ({"SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}, "colour"),
    "palette": ({"PhotometricInterpretation": "PALETTE COLOR"}, "colour"),
    "lossy": ({"LossyImageCompression": "01"}, "compressed with loss"),
    "burned-in text": ({"BurnedInAnnotation": "YES"}, "burned"),
    "derived": ({"ImageType": ["DERIVED", "PRIMARY", "AXIAL"]}, "derived"),
    "localizer": ({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, "localizer"),
    "too noisy": ({"noise": 600.0}, "noise"),
}


@pytest.mark.parametrize(("attributes", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_by_name_and_nothing_is_written(tmp_path: Path, attributes: dict[str, object], words: str) -> None:
    outcome = restored(make_series(2, **attributes), tmp_path)  # type: ignore[arg-type]
    assert outcome.ended is Ended.REFUSED, outcome
    assert words in outcome.reason
    assert list((tmp_path / "out").iterdir()) == []


def test_pixels_that_are_not_all_there_are_refused(tmp_path: Path) -> None:
    series = make_series(2)
    series[1].PixelData = series[1].PixelData[:4000]
    outcome = restored(series, tmp_path)
    assert (outcome.ended, outcome.folder) == (Ended.REFUSED, None)
    assert "shorter" in outcome.reason or "cannot be read" in outcome.reason


@pytest.mark.parametrize("value", [pytest.param(1064, id="constant"), pytest.param(0, id="all air")])
def test_a_picture_of_one_value_is_refused_for_want_of_noise(tmp_path: Path, value: int) -> None:
    outcome = restored(filled(make_series(2), value), tmp_path)
    assert outcome.ended is Ended.REFUSED
    assert "noise" in outcome.reason


def test_a_picture_of_padding_alone_is_refused(tmp_path: Path) -> None:
    outcome = restored(filled(make_series(2, PixelPaddingValue=0), 0), tmp_path)
    assert outcome.ended is Ended.REFUSED


def filled(series: list[Dataset], value: int) -> list[Dataset]:
    for ds in series:
        ds.PixelData = np.full((ds.Rows, ds.Columns), value, "<u2").tobytes()
    return series


@pytest.mark.parametrize(
    "attributes",
    [
        pytest.param({"slices": 1}, id="one slice"),
        pytest.param({"size": 64}, id="64²"),
        pytest.param({"slices": 1, "size": 1024}, id="1024²"),
    ],
)
def test_every_size_in_range_comes_back_whole(tmp_path: Path, attributes: dict[str, int]) -> None:
    series = make_series(**{"slices": 2, **attributes})
    outcome = restored(series, tmp_path, exact=True)
    assert outcome.ended in {Ended.RESTORED, Ended.WITHHELD}, outcome
    assert outcome.instances in {0, len(series)}


@pytest.mark.parametrize(
    ("signed", "bits", "intercept"),
    [
        pytest.param(False, 12, -1024, id="12 bits unsigned"),
        pytest.param(True, 12, 0, id="12 bits signed"),
        pytest.param(True, 16, 0, id="16 bits signed"),
        pytest.param(False, 16, -8192, id="16 bits unsigned"),
    ],
)
def test_stored_values_of_every_format_come_back_right(
    tmp_path: Path, *, signed: bool, bits: int, intercept: int
) -> None:
    series = make_series(2)
    for ds in series:
        hu = np.frombuffer(ds.PixelData, "<u2").astype(int) - 1024
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation, ds.RescaleIntercept = bits, bits - 1, int(signed), intercept
        ds.PixelData = (hu - intercept).astype("<i2" if signed else "<u2").tobytes()
    outcome = restored(series, tmp_path)
    assert outcome.ended is Ended.RESTORED, outcome.reason
    assert outcome.folder is not None
    for before, path in zip(series, sorted(outcome.folder.iterdir()), strict=True):
        after = dcmread(path)
        assert (after.BitsStored, after.PixelRepresentation) == (bits, int(signed))
        kind = "<i2" if signed else "<u2"
        was = np.frombuffer(before.PixelData, kind).reshape(after.Rows, after.Columns).astype(float)
        # Noise is taken off, but no value is shifted, scaled or wrapped.
        assert abs(after.pixel_array.astype(float).mean() - was.mean()) < 1
        assert np.abs(after.pixel_array.astype(float) - was).max() < 200


def test_a_refused_series_does_not_hinder_its_neighbours(tmp_path: Path) -> None:
    write_series(make_series(2, seed=1, BurnedInAnnotation="YES"), tmp_path / "in" / "a")
    write_series(make_series(2, seed=2), tmp_path / "in" / "b")
    (tmp_path / "in" / "c.dcm").write_bytes(b"\0" * 128 + b"DICM" + b"\xff" * 40)
    outcomes = restore_folder(
        tmp_path / "in", tmp_path / "out", asked=Asked(pipeline="ct-nlm"), restorers=Restorers({}), clock=FixedClock()
    )
    assert [one.ended for one in outcomes] == [Ended.REFUSED, Ended.RESTORED, Ended.FAILED]
    assert all(one.reason for one in outcomes if one.ended is not Ended.RESTORED)
