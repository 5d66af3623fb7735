"""Volumes for training: in units, in order, and nameless."""

import json
from pathlib import Path

import numpy as np
import pytest

from dicom_node.domain.errors import NotFound
from dicom_node.folder.extract import extract
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
    assert json.loads(text) == {"modality": "CT", "units": "HU", "spacing_mm": [2.0, 0.7, 0.7]}
    assert str(series[0].SeriesInstanceUID) not in text + written[0].name


def test_what_is_no_original_says_why(tmp_path: Path, clock: FixedClock) -> None:
    write_series(make_series(1, ImageType=["DERIVED", "SECONDARY"]), tmp_path / "in")
    (one,) = extract(tmp_path / "in", tmp_path / "out", clock=clock)
    assert (one.name, one.slices) == ("", 0)
    assert "derived" in one.reason


def test_a_folder_without_dicom_is_one_sentence(tmp_path: Path, clock: FixedClock) -> None:
    with pytest.raises(NotFound, match="no DICOM file"):
        extract(tmp_path, tmp_path / "out", clock=clock)
