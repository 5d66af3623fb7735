"""Identity of derived objects: golden values, and what each of them depends on."""

from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_node.restore.derive.uids import (
    identity_digest,
    pixel_digest,
    series_digest,
    series_instance_uid,
    sop_instance_uid,
)

STORED = np.arange(12, dtype=np.int16).reshape(3, 4)
PIXELS: dict[str, Any] = {"bits_stored": 12, "pixel_representation": 1, "rescale": [(1.0, -1024.0)]}
UID: dict[str, Any] = {
    "sources": ["1.2.3"],
    "revision_digest": "r",
    "recipe_digest": "c",
    "identity": "i",
    "pixels": "p",
}


def uid(**changes: Any) -> str:
    return sop_instance_uid(**{**UID, **changes})


def test_the_golden_values_stand() -> None:
    assert pixel_digest(STORED, **PIXELS) == "27ba87c1ef1987aa93fe89a5f99ea7b8099e8cf3a0344929ba01026903fd8859"
    assert uid() == "2.25.20938831616540119364677262657296210798"
    assert series_instance_uid(["1.2.3", "1.2.4"]) == "2.25.118686488823877852879020300633057913792"


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": ["1.2.4"]},
        {"revision_digest": "x"},
        {"recipe_digest": "x"},
        {"identity": "x"},
        {"pixels": "x"},
        {"output_index": 1},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_every_part_counts(changes: dict[str, Any]) -> None:
    assert uid(**changes) != uid()


def test_a_uid_is_valid_and_stays() -> None:
    assert uid() == uid()
    assert uid().startswith("2.25.")
    assert len(uid()) <= 64


@pytest.mark.parametrize(
    "changes",
    [
        {"bits_stored": 16},
        {"pixel_representation": 0},
        {"rescale": [(2.0, -1024.0)]},
        {"rescale": [(1.0, 0.0)]},
        {"rescale": [None]},
    ],
    ids=str,
)
def test_equal_bytes_with_another_meaning_have_another_digest(changes: dict[str, Any]) -> None:
    assert pixel_digest(STORED, **{**PIXELS, **changes}) != pixel_digest(STORED, **PIXELS)


def test_shape_and_byte_order() -> None:
    assert pixel_digest(STORED.reshape(4, 3), **PIXELS) != pixel_digest(STORED, **PIXELS)
    assert pixel_digest(STORED.astype(">i2"), **PIXELS) == pixel_digest(STORED, **PIXELS)


def test_the_order_of_a_series_does_not_count() -> None:
    assert series_instance_uid(["b", "a"]) == series_instance_uid(["a", "b"])
    assert series_digest([("b", "1"), ("a", "2")]) == series_digest([("a", "2"), ("b", "1")])


def test_identity_is_patient_issuer_and_study() -> None:
    source = Dataset()
    source.PatientID, source.StudyInstanceUID = "P", "1.2"
    same = identity_digest(source)
    source.PatientName = "Other"
    assert identity_digest(source) == same
    source.IssuerOfPatientID = "H"
    assert identity_digest(source) != same
