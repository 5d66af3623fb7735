"""What statuses mean."""

import pytest
from pynetdicom.status import STORAGE_SERVICE_CLASS_STATUS, code_to_category

from dicom_node.wire.statuses import StatusClass, meaning, status_class

TABLE = [
    (0x0000, StatusClass.SUCCESS),
    (0xB000, StatusClass.WARNING),
    (0xB006, StatusClass.WARNING),
    (0xB007, StatusClass.WARNING),
    (0x0107, StatusClass.WARNING),
    (0x0116, StatusClass.WARNING),
    (0xA700, StatusClass.RETRY),
    (0xA7FF, StatusClass.RETRY),
    (0x0122, StatusClass.RETRY),
    (0x0124, StatusClass.RETRY),
    (0x0111, StatusClass.REFUSED),
    (0xA900, StatusClass.REFUSED),
    (0xC123, StatusClass.REFUSED),
    (0xA801, StatusClass.REFUSED),
    (0x1234, StatusClass.REFUSED),
    (0xFF00, StatusClass.PENDING),
    (0xFF01, StatusClass.PENDING),
    (0xFE00, StatusClass.CANCEL),
]


@pytest.mark.parametrize(("status", "expected"), TABLE, ids=[f"{status:04X}" for status, _ in TABLE])
def test_status_class(status: int, expected: StatusClass) -> None:
    assert status_class(status) is expected


def test_the_table_agrees_with_pynetdicom_on_what_is_no_failure() -> None:
    done = {StatusClass.SUCCESS: "Success", StatusClass.WARNING: "Warning", StatusClass.CANCEL: "Cancel"}
    for status in STORAGE_SERVICE_CLASS_STATUS:
        assert done.get(status_class(status), "Failure") == code_to_category(status)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (0xA701, "out of resources (0xA701)"),
        (0xB006, "stored, elements discarded (0xB006)"),
        (0x0999, "failure (0x0999)"),
    ],
)
def test_meaning(status: int, words: str) -> None:
    assert meaning(status) == words
