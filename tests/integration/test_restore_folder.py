"""From folder to folder: every series restored or named, nothing left of what was not."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.domain.errors import NotFound
from dicom_node.folder.reading import DIRECTORY
from dicom_node.folder.restore import Asked, Ended, Outcome, restore_folder
from dicom_node.restore.pipelines import BundleBroken, Restorers
from restoration.restorer import Restorer
from tests.support.clock import FixedClock
from tests.support.phantoms import make_dx, make_pet, make_series, write_series
from tests.support.shared import series_folder
from tests.unit.restore.kit import pipeline


def restored(source: Path, target: Path, *, restorer: Restorer | None = None, name: str = "ct-nlm") -> list[Outcome]:
    ready = Restorers({}) if restorer is None else Restorers({}, loader=lambda _name, _device: restorer)
    return restore_folder(source, target, asked=Asked(pipeline=name), restorers=ready, clock=FixedClock())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_series(make_series(3), tmp_path / "in" / "ct")
    write_series(make_series(2, modality="MR", seed=2), tmp_path / "in" / "mr")
    (tmp_path / "in" / "notes.txt").write_text("no DICOM object")
    return tmp_path / "in"


def test_what_the_pipeline_takes_is_restored_and_the_rest_is_named(source: Path, tmp_path: Path) -> None:
    ct, mr = restored(source, tmp_path / "out")
    assert (ct.ended, ct.reason, ct.instances) == (Ended.RESTORED, "", 3)
    assert mr.ended is Ended.REFUSED
    assert "MR" in mr.reason
    assert ct.folder is not None
    made = [dcmread(path) for path in sorted(ct.folder.iterdir())]
    assert [ds.SeriesDescription for ds in made] == ["DLR CT phantom low-dose"] * 3
    assert {ds.SeriesInstanceUID for ds in made} == {ct.folder.name}
    assert [path.name for path in (tmp_path / "out").iterdir()] == [ct.folder.name]


def test_pet_keeps_its_slopes_and_times(tmp_path: Path) -> None:
    given = make_pet(7, size=128)
    write_series(given, tmp_path / "in")
    (outcome,) = restored(tmp_path / "in", tmp_path / "out", name="pet-denoise")
    assert (outcome.ended, outcome.reason) == (Ended.RESTORED, "")
    assert outcome.folder is not None
    made = [dcmread(path) for path in sorted(outcome.folder.iterdir())]
    assert [ds.RescaleSlope for ds in made] == [ds.RescaleSlope for ds in given]
    assert {(ds.SeriesDate, ds.SeriesTime) for ds in made} == {(given[0].SeriesDate, given[0].SeriesTime)}
    activity = [ds.pixel_array.astype(float) * ds.RescaleSlope for ds in (*given, *made)]
    before, after = np.stack(activity[:7]), np.stack(activity[7:])
    assert after.mean() == pytest.approx(before.mean(), rel=1e-3)
    assert after[:, 60:68, 40:50].std() < 0.8 * before[:, 60:68, 40:50].std()


def test_x_ray_images_are_restored_one_by_one(tmp_path: Path) -> None:
    given = make_dx(2)
    write_series(given, tmp_path / "in")
    (outcome,) = restored(tmp_path / "in", tmp_path / "out", name="xr-denoise")
    assert (outcome.ended, outcome.reason, outcome.instances) == (Ended.RESTORED, "", 2)
    assert outcome.folder is not None
    for source, path in zip(given, sorted(outcome.folder.iterdir()), strict=True):
        made = dcmread(path)
        assert (made.PresentationIntentType, made.ImagerPixelSpacing) == ("FOR PROCESSING", source.ImagerPixelSpacing)
        assert made.pixel_array.std(axis=0)[:20].mean() < source.pixel_array.std(axis=0)[:20].mean()


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"ImagerPixelSpacing": 0.2}, "position, orientation or spacing is missing"),
        ({"RescaleIntercept": 300}, "Rescale Intercept is 300"),
        ({"PixelIntensityRelationship": "LOG"}, "Pixel Intensity Relationship is LOG"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1", "PresentationIntentType": ""}, "FOR PRESENTATION"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.1"}, "does not take objects of the class"),
    ],
)
def test_x_ray_images_of_another_kind_are_refused(tmp_path: Path, attributes: dict[str, object], reason: str) -> None:
    write_series(make_dx(2, **attributes), tmp_path / "in")
    (outcome,) = restored(tmp_path / "in", tmp_path / "out", name="xr-denoise")
    assert outcome.ended is Ended.REFUSED
    assert reason in outcome.reason


def test_twice_is_the_same(source: Path, tmp_path: Path) -> None:
    first = restored(source, tmp_path / "out")[0].folder
    assert first is not None
    before = {path.name: path.read_bytes() for path in first.iterdir()}
    again = restored(source, tmp_path / "out")[0].folder
    assert again == first
    assert {path.name: path.read_bytes() for path in first.iterdir()} == before


def test_nothing_is_written_for_a_withheld_series(source: Path, tmp_path: Path) -> None:
    ct = restored(source, tmp_path / "out", restorer=pipeline("CT", lambda array: array + np.float32(20)))[0]
    assert (ct.ended, ct.folder) == (Ended.WITHHELD, None)
    assert "HU" in ct.reason
    assert list((tmp_path / "out").iterdir()) == []


def test_a_broken_object_is_named_and_a_directory_of_a_disc_is_none(source: Path, tmp_path: Path) -> None:
    whole = sorted((source / "ct").iterdir())[0].read_bytes()
    (source / "broken.dcm").write_bytes(whole[:140] + b"\xff" * 40)
    write_series([directory()], source / "disc")
    *_, broken = outcomes = restored(source, tmp_path / "out")
    assert [item.ended for item in outcomes] == [Ended.RESTORED, Ended.REFUSED, Ended.FAILED]
    assert broken.description == "broken.dcm"
    assert broken.reason.startswith("the object cannot be read: ")


def directory() -> Dataset:
    made = Dataset()
    made.SOPClassUID, made.SOPInstanceUID, made.FileSetID = DIRECTORY, "2.25.9", "DISC"
    return made


def test_a_folder_without_objects_and_an_unknown_pipeline(tmp_path: Path, source: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFound):
        restored(tmp_path / "empty", tmp_path / "out")
    with pytest.raises(BundleBroken):
        restored(source, tmp_path / "out", name="no-such-bundle")


def test_a_real_study_is_restored_as_far_as_it_may_be(tmp_path: Path) -> None:
    ended = Counter(outcome.ended for outcome in restored(series_folder("06-ge-ct-thorax-3-slices"), tmp_path / "out"))
    assert ended == {Ended.RESTORED: 1}
