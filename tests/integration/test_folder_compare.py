"""Two series in figures: what was changed is found, in its amount and at its place."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from dicom_node.domain.errors import NotFound
from dicom_node.folder.compare import Compared, NotComparable, compare_folders
from dicom_node.folder.pairing import NoMatch
from tests.support.clock import FixedClock
from tests.support.phantoms import make_series, write_series

SIZE = 96


def written(folder: Path, change: int = 0, **attributes: object) -> Path:
    series = make_series(4, size=SIZE, **attributes)  # type: ignore[arg-type]
    for ds in series:
        stored = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns) + change
        ds.PixelData = np.clip(stored, 0, 4095).astype("<u2").tobytes()
    write_series(series, folder)
    return folder


def compared(before: Path, after: Path, pictures: Path | None = None) -> Compared:
    return compare_folders(before, after, pictures=pictures, clock=FixedClock())


def test_a_series_equals_itself(tmp_path: Path) -> None:
    found = compared(written(tmp_path / "a"), tmp_path / "a")
    assert (found.matched, found.factor, found.figures.psnr) == (4, 1, None)
    assert (found.figures.spread, found.figures.largest.value, found.figures.noise_left) == (0, 0, 1)
    assert found.figures.mean_frequency is None


def test_a_change_is_found_in_its_amount(tmp_path: Path) -> None:
    found = compared(written(tmp_path / "a"), written(tmp_path / "b", 7))
    bands = {band.name: band.mean for band in found.figures.bands}
    assert bands["soft tissue"] == pytest.approx(7, abs=0.01)
    assert found.figures.spread == pytest.approx(0, abs=1e-3)
    assert found.figures.psnr == pytest.approx(20 * np.log10(400 / 7), abs=1.5)


def test_half_the_noise_and_the_largest_difference_are_found(tmp_path: Path) -> None:
    series = make_series(4, size=SIZE, noise=12.5)
    lesion = np.frombuffer(series[2].PixelData, "<u2").reshape(SIZE, SIZE).copy()
    lesion[40, 50] += 300
    series[2].PixelData = lesion.tobytes()
    write_series(series, tmp_path / "b")
    found = compared(written(tmp_path / "a", noise=25.0), tmp_path / "b", tmp_path / "pictures")
    assert found.figures.noise_left == pytest.approx(0.5, abs=0.1)
    largest = found.figures.largest
    assert (largest.pair, largest.row, largest.column, found.largest_at) == (2, 40, 50, 4.0)
    assert [path.name for path in found.pictures] == ["middle.png", "largest-difference.png"]
    with Image.open(found.pictures[0]) as picture:
        assert picture.width > 3 * SIZE


def test_other_slices_are_counted_and_not_compared(tmp_path: Path) -> None:
    written(tmp_path / "a")
    write_series(make_series(2, size=SIZE), tmp_path / "b")
    found = compared(tmp_path / "a", tmp_path / "b")
    assert (found.before.slices, found.after.slices, found.matched) == (4, 2, 2)


def test_a_finer_grid_is_averaged_onto_the_coarser_one(tmp_path: Path) -> None:
    coarse, fine = make_series(2, size=SIZE), make_series(2, size=SIZE, seed=1)
    for ds in fine:
        enlarge(ds)
    write_series(coarse, tmp_path / "a")
    write_series(fine, tmp_path / "b")
    found = compared(tmp_path / "a", tmp_path / "b")
    assert (found.factor, found.figures.largest.value) == (2, 0)


def enlarge(ds: Dataset) -> None:
    stored = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns)
    ds.PixelData = np.kron(stored, np.ones((2, 2), np.uint16)).astype("<u2").tobytes()
    ds.Rows, ds.Columns = 2 * SIZE, 2 * SIZE
    spacing = float(ds.PixelSpacing[0])
    ds.PixelSpacing = [spacing / 2, spacing / 2]
    ds.ImagePositionPatient = [float(part) - spacing / 4 for part in ds.ImagePositionPatient[:2]] + [
        ds.ImagePositionPatient[2]
    ]


@pytest.mark.parametrize(
    ("attributes", "error", "words"),
    [
        pytest.param({"FrameOfReferenceUID": "1.2.3"}, NoMatch, "Frames of Reference differ", id="elsewhere"),
        pytest.param({"spacing": 2.7, "modality": "MR"}, NoMatch, "one is in HU, the other in signal", id="units"),
        pytest.param({"PixelSpacing": [0.8, 0.8]}, NoMatch, "pixel grids differ", id="grid"),
        pytest.param({"Modality": "US"}, NotComparable, "US", id="no unit"),
        pytest.param({"RescaleSlope": None}, NotComparable, "Rescale", id="no rescale"),
    ],
)
def test_what_cannot_be_compared_is_named(
    tmp_path: Path, attributes: dict[str, object], error: type[Exception], words: str
) -> None:
    before = written(tmp_path / "a")
    with pytest.raises(error, match=words):
        compared(before, written(tmp_path / "b", **attributes))


def test_a_folder_holds_one_series(tmp_path: Path) -> None:
    written(tmp_path / "a")
    written(tmp_path / "both" / "one")
    written(tmp_path / "both" / "two", seed=2)
    with pytest.raises(NotComparable, match="holds 2 series"):
        compared(tmp_path / "a", tmp_path / "both")
    (tmp_path / "none").mkdir()
    with pytest.raises(NotFound):
        compared(tmp_path / "none", tmp_path / "a")
