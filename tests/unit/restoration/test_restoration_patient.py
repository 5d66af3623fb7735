"""Blobs are looked for in the patient: not in the air around, on the table or in clothes."""

import numpy as np
import pytest

from restoration.guard.blobs import blob_maps
from restoration.guard.evidence import slice_evidence
from restoration.volume import BoolArray, FloatArray, Volume
from tests.unit.restoration.restoration_volumes import make_mr, noise

SIZE = 160
PIXEL_MM = 1.0
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]


def chest(*, lung: float = -850.0, cut: int = 0) -> FloatArray:
    """A body with a lung, moved out of the picture by some columns, over a table of two sheets."""
    picture = np.full((SIZE, SIZE), -1000.0, np.float32)
    columns = COLUMNS + cut
    picture[((columns - 80) / 60) ** 2 + ((ROWS - 65) / 50) ** 2 < 1] = 40
    picture[((columns - 60) / 30) ** 2 + ((ROWS - 65) / 30) ** 2 < 1] = lung
    picture[(ROWS > 130) & (ROWS < 136)] = -100
    return picture


def found(picture: FloatArray) -> BoolArray:
    grain = picture + noise(picture.shape, sigma=8.0)
    volume = Volume(
        array=np.rint(grain)[None], pixel_mm=(PIXEL_MM, PIXEL_MM), positions_mm=(0.0,), thickness_mm=2.0, unit="HU"
    )
    return slice_evidence(volume, 0, level=1.0).patient


def test_lungs_are_the_patient_and_table_and_air_are_not() -> None:
    inside = found(chest())
    assert inside[65, 60] and inside[65, 120]
    assert not inside[133].any() and not inside[5].any()


@pytest.mark.parametrize(("lung", "kept"), [(-850.0, True), (-995.0, False)], ids=["lung", "air"])
def test_what_the_picture_cuts_is_lung_or_air_by_its_value(lung: float, kept: bool) -> None:
    inside = found(chest(lung=lung, cut=60))
    assert bool(inside[65, 4]) == kept
    assert inside[65, 60]


def test_a_picture_of_tissue_is_all_patient() -> None:
    assert found(np.full((SIZE, SIZE), 40.0, np.float32)).all()


def test_a_picture_of_air_has_no_patient() -> None:
    assert not found(np.full((SIZE, SIZE), -1000.0, np.float32)).any()


def test_air_between_the_patient_and_a_head_rest_is_around() -> None:
    head = np.hypot(ROWS - 80, COLUMNS - 80)
    picture = np.select([head < 45, (head > 68) & (head < 72)], [40.0, 200.0], -1000.0).astype(np.float32)
    picture[np.hypot(ROWS - 80, COLUMNS - 90) < 10] = -1000
    inside = found(picture)
    assert inside[80, 60]
    assert inside[80, 90]
    assert not inside[80, 136]
    assert not inside[80, 150]


def test_other_units_search_the_body() -> None:
    evidence = slice_evidence(make_mr(), 0, level=1000.0)
    assert np.array_equal(evidence.patient, evidence.body)


def test_what_changes_on_the_table_is_no_blob() -> None:
    before = chest() + noise((SIZE, SIZE), sigma=8.0)
    after = before.copy()
    after[np.hypot(ROWS - 133, COLUMNS - 80) < 4] += 300
    one, other = (
        Volume(array=np.rint(a)[None], pixel_mm=(1.0, 1.0), positions_mm=(0.0,), thickness_mm=2.0, unit="HU")
        for a in (before, after)
    )
    maps = blob_maps(slice_evidence(one, 0, restored=other, level=1.0), step=1.0)
    assert maps is not None
    assert maps.created[125:].max() == 0
