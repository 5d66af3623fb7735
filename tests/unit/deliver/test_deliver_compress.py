"""Objects in the lossless form that a destination prefers: every value comes back, or the object stays as it is."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.deliver.compress import LOSSLESS, compressed
from tests.support.phantoms import make_series, write_series

CHANCE = np.random.default_rng(5)
PICTURES = {
    "12 of 16 bits": (CHANCE.integers(0, 4096, (37, 41)).astype("<u2"), 12, 0),
    "16 bits": (CHANCE.integers(0, 65536, (37, 41)).astype("<u2"), 16, 0),
    "16 bits with a sign": (CHANCE.integers(-32768, 32768, (37, 41)).astype("<i2"), 16, 1),
    "12 bits with a sign": (CHANCE.integers(-2048, 2048, (37, 41)).astype("<i2"), 12, 1),
    "8 bits, an odd number of them": (CHANCE.integers(0, 256, (37, 41)).astype("u1"), 8, 0),
    "constant": (np.full((37, 41), 7, "<u2"), 12, 0),
}


def written(folder: Path, picture: np.ndarray, bits: int, signed: int) -> Path:
    ds: Dataset = make_series(1)[0]
    ds.Rows, ds.Columns = picture.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 8 * picture.itemsize, bits, bits - 1
    ds.PixelRepresentation = signed
    content = picture.tobytes()
    ds.add_new("PixelData", "OB" if picture.itemsize == 1 else "OW", content + b"\0" * (len(content) % 2))
    return write_series([ds], folder)[0]


@pytest.mark.parametrize("syntax", LOSSLESS)
@pytest.mark.parametrize("kind", PICTURES)
def test_every_value_comes_back(tmp_path: Path, syntax: str, kind: str) -> None:
    picture, bits, signed = PICTURES[kind]
    path = written(tmp_path, picture, bits, signed)
    made = compressed(path, LOSSLESS[syntax])
    assert made is not None
    assert made.file_meta.TransferSyntaxUID == LOSSLESS[syntax]
    assert made.SOPInstanceUID == dcmread(path).SOPInstanceUID
    made.save_as(tmp_path / "made.dcm")
    np.testing.assert_array_equal(dcmread(tmp_path / "made.dcm").pixel_array, picture)


def test_an_object_that_no_form_holds_is_left_alone(tmp_path: Path) -> None:
    ds = make_series(1)[0]
    ds.PixelData = ds.PixelData[:100]
    path = write_series([ds], tmp_path)[0]
    assert compressed(path, LOSSLESS["jpeg-ls"]) is None


def test_whatever_a_codec_raises_the_object_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object, **options: object) -> None:
        raise TypeError("a codec's own fault")

    monkeypatch.setattr(Dataset, "compress", broken)
    path = write_series(make_series(1), tmp_path)[0]
    assert compressed(path, LOSSLESS["jpeg-ls"]) is None
