"""What notes say."""

import pytest

from dicom_node.register.rejection import KEY_OBJECT_SELECTION, note_of, rejected_by

TITLES = [
    ("113001", True, False),
    ("113037", True, False),
    ("113038", True, False),
    ("113039", False, True),
    ("113000", False, False),
    ("", False, False),
]


def attributes(code: str, *uids: str) -> dict:
    return {"_title": {"vr": "SH", "value": [code]}, "_references": {"vr": "UI", "value": list(uids)}}


@pytest.mark.parametrize(("code", "rejects", "retention"), TITLES, ids=[row[0] or "none" for row in TITLES])
def test_only_three_titles_reject(code: str, rejects: bool, retention: bool) -> None:
    note = note_of(KEY_OBJECT_SELECTION, attributes(code, "1.2"))
    assert note is not None
    assert (note.rejects, note.ends_retention) == (rejects, retention)
    assert rejected_by([note], "1.2") == (code if rejects else None)
    assert rejected_by([note], "1.3") is None


def test_other_classes_are_no_notes() -> None:
    assert note_of("1.2.840.10008.5.1.4.1.1.2", attributes("113001", "1.2")) is None
    assert note_of(KEY_OBJECT_SELECTION, {}) is None
