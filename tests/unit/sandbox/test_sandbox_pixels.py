"""Stored values: what the header says, whatever the encoding."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from dicom_node.sandbox.client import Sandbox, Unreadable
from tests.support.phantoms import make_series, write_series
from tests.support.shared import series_folder


def test_values_come_back_as_they_were_stored(sandbox: Sandbox, tmp_path: Path) -> None:
    ds = make_series(1)[0]
    values = sandbox.stored_values(write_series([ds], tmp_path)[0])
    assert not isinstance(values, Unreadable)
    assert values.dtype == np.uint16
    assert np.array_equal(values, np.frombuffer(ds.PixelData, "<u2").reshape(64, 64))
    values[0, 0] = 0  # belongs to the caller


def test_equal_pixels_in_seven_syntaxes_have_one_digest(sandbox: Sandbox) -> None:
    folder = series_folder("18-siemens-mr-mosaic-codecs")
    digests = {sandbox.value_digest(path) for path in folder.glob("*.dcm")}
    assert len(digests) == 1
    assert isinstance(digests.pop(), str)


def test_sign_bits_that_are_not_extended_are(sandbox: Sandbox) -> None:
    path = series_folder("49-mr-odd-headers") / "signed-12bit.dcm"
    values = sandbox.stored_values(path)
    ds = dcmread(path)
    raw = np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns).astype(np.int32) & 0xFFF
    assert not isinstance(values, Unreadable)
    assert np.array_equal(values, np.where(raw & 0x800, raw - 0x1000, raw))


def test_frames_come_first(sandbox: Sandbox) -> None:
    folder = series_folder("40-enhanced-ct-and-mr-small")
    for name in ("emri_small.dcm", "emri_small_RLE.dcm", "emri_small_jpeg_ls_lossless.dcm"):
        values = sandbox.stored_values(folder / name)
        assert not isinstance(values, Unreadable)
        assert values.shape == (10, 64, 64)


NOT_DECODABLE = [
    ("28-odd-broken-files/says-rle-is-raw.dcm", ""),
    ("28-odd-broken-files/pixel-data-cut.dcm", ""),
    ("28-odd-broken-files/rows-do-not-fit.dcm", ""),
    ("50-malformed/claims-46341x46341.dcm", ""),
    ("50-malformed/claims-65535x65535.dcm", ""),
    ("19-ge-ct-chest-16-syntaxes/008.dcm", "no decoder is installed"),
    ("32-siemens-ct-fruit-study/sr-00001.dcm", "no Pixel Data"),
]


@pytest.mark.parametrize(("name", "words"), NOT_DECODABLE, ids=[name for name, _ in NOT_DECODABLE])
def test_what_cannot_be_decoded_is_named(sandbox: Sandbox, name: str, words: str) -> None:
    folder, file = name.split("/")
    answer = sandbox.stored_values(series_folder(folder) / file)
    assert isinstance(answer, Unreadable)
    assert words in answer.detail
    assert answer.detail
