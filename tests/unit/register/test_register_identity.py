"""Who an object is, and what it is to one of the same UID that came before."""

from typing import Any

import pytest

from dicom_node.domain.reasons import Reason
from dicom_node.domain.series import SeriesUid, SopUid, StudyUid
from dicom_node.register.identity import Candidate, Identity, Outcome, classify, identify, to_decode

CT = "1.2.840.10008.5.1.4.1.1.2"
MR = "1.2.840.10008.5.1.4.1.1.4"
KEYS = {"SOPClassUID": CT, "SOPInstanceUID": "1.2.3", "StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.9"}
ELE, ILE, J2K, JPEG = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.50"


def attributes(**values: Any) -> dict[str, Any]:
    return {
        keyword: {"vr": "LO", "value": value if isinstance(value, list) else [value]}
        for keyword, value in values.items()
        if value != ""
    }


def identified(command: tuple[str, str] = (CT, "1.2.3"), **changed: Any) -> Identity | Reason:
    said = attributes(**{**KEYS, "PatientID": "P", **changed})
    return identify(said, announced_class=command[0], announced_instance=command[1])


REFUSED = [
    ("SOP instance differs", {"SOPInstanceUID": "1.2.4"}, "command differs", "SOP Instance UID"),
    ("SOP class differs", {"SOPClassUID": MR}, "command differs", "SOP Class UID"),
    ("no study", {"StudyInstanceUID": ""}, "no identity", "Study Instance UID"),
    ("no series", {"SeriesInstanceUID": ""}, "no identity", "Series Instance UID"),
    ("65 characters", {"SeriesInstanceUID": "1." + "2" * 63}, "uid invalid", "Series Instance UID"),
    ("1000 characters cut at 256", {"StudyInstanceUID": "1." + "2" * 254}, "uid invalid", "Study Instance UID"),
    ("NUL inside", {"SeriesInstanceUID": "1.2\0.3"}, "uid invalid", "Series Instance UID"),
    ("line break", {"StudyInstanceUID": "1.2\n"}, "uid invalid", "Study Instance UID"),
    ("not ASCII", {"StudyInstanceUID": "1.2é"}, "uid invalid", "Study Instance UID"),
]


@pytest.mark.parametrize(("changed", "code", "name"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_an_object_without_identity_says_why(changed: dict[str, str], code: str, name: str) -> None:
    why = identified(**changed)
    assert isinstance(why, Reason)
    assert (why.code, why.values["attribute"]) == (code, name)
    assert why.sentence


def test_the_command_must_name_an_object_that_does_not() -> None:
    why = identified(("", ""), SOPClassUID="", SOPInstanceUID="")
    assert isinstance(why, Reason)
    assert why.code == "no identity"


FLAGGED = [
    ("regular", {}, ()),
    ("no Patient ID", {"PatientID": ""}, ("Patient ID missing",)),
    ("empty in the data set", {"SOPInstanceUID": ""}, ("SOP Instance UID from the command",)),
    ("path", {"SeriesInstanceUID": "1.2/../../etc"}, ("Series Instance UID irregular",)),
    ("letters", {"StudyInstanceUID": "1.2.abc"}, ("Study Instance UID irregular",)),
    ("leading zero", {"StudyInstanceUID": "1.02"}, ("Study Instance UID irregular",)),
    ("64 characters", {"StudyInstanceUID": "1." + "2" * 62}, ()),
]


@pytest.mark.parametrize(("changed", "flags"), [row[1:] for row in FLAGGED], ids=[row[0] for row in FLAGGED])
def test_what_is_irregular_is_flagged(changed: dict[str, str], flags: tuple[str, ...]) -> None:
    found = identified(**changed)
    assert isinstance(found, Identity)
    assert found.flags == flags
    assert found.sop_instance_uid == "1.2.3"


def candidate(path: str = "new", **changed: Any) -> Candidate:
    keys = {"patient": "P", "issuer": "", "study": "1.2", "series": "1.2.9", "sop_class": CT}
    keys |= {name: changed.pop(name) for name in list(changed) if name in keys}
    fields = {"syntax": ELE, "sha256": "s", "pixels": "p", "in_force": True}
    fields |= {name: changed.pop(name) for name in list(changed) if name in fields}
    image = {"PatientName": "A^B", "AccessionNumber": "A1", "ImagePositionPatient": ["0", "0", "1"], "Rows": 4}
    return Candidate(
        path=path,
        identity=Identity(
            patient_id=keys["patient"],
            issuer=keys["issuer"],
            study_instance_uid=StudyUid(keys["study"]),
            series_instance_uid=SeriesUid(keys["series"]),
            sop_class_uid=keys["sop_class"],
            sop_instance_uid=SopUid("1.2.3"),
        ),
        transfer_syntax_uid=fields["syntax"],
        sha256=fields["sha256"],
        pixel_digest=fields["pixels"],
        attributes=attributes(**{**image, **changed}),
        in_force=fields["in_force"],
    )


COMPARED = [
    ("the same again", {}, "duplicate", None),
    ("other bytes, no other attribute that counts", {"sha256": "t", "StudyDate": "2026"}, "duplicate", None),
    ("position spelled otherwise", {"ImagePositionPatient": ["0.0", "0", "1.00"]}, "duplicate", None),
    ("name corrected", {"PatientName": "A^C"}, "correction", None),
    ("accession number corrected", {"AccessionNumber": "A2"}, "correction", None),
    ("accession number added", {"StudyID": "7"}, "correction", None),
    ("other pixels", {"pixels": "q"}, "conflict", "conflict pixels"),
    ("pixels gone", {"pixels": ""}, "conflict", "conflict pixels"),
    ("other patient", {"patient": "Q"}, "conflict", "conflict identity"),
    ("other issuer", {"issuer": "H"}, "conflict", "conflict identity"),
    ("other study", {"study": "1.3"}, "conflict", "conflict identity"),
    ("other patient and pixels", {"patient": "Q", "pixels": "q"}, "conflict", "conflict identity"),
    ("other series", {"series": "1.2.8"}, "conflict", "conflict geometry"),
    ("other class", {"sop_class": MR}, "conflict", "conflict geometry"),
    ("other position", {"ImagePositionPatient": ["0", "0", "2"]}, "conflict", "conflict geometry"),
    ("no pixels, same content", {"pixels": ""}, "duplicate", None),
    ("no pixels, other content", {"pixels": "", "sha256": "t"}, "conflict", "conflict content"),
    ("no pixels, corrected", {"pixels": "", "sha256": "t", "PatientSex": "F"}, "correction", None),
]


@pytest.mark.parametrize(
    ("changed", "outcome", "code"), [row[1:] for row in COMPARED], ids=[row[0] for row in COMPARED]
)
def test_what_came_before_decides(changed: dict[str, Any], outcome: str, code: str | None, request: Any) -> None:
    before = candidate("old", pixels="" if request.node.callspec.id.startswith("no pixels") else "p")
    verdict = classify(candidate(**changed), [before])
    assert (verdict.outcome, verdict.reason.code if verdict.reason else None) == (outcome, code)
    assert verdict.known == before


def test_the_first_of_its_uid_is_registered() -> None:
    assert classify(candidate(), []).outcome is Outcome.REGISTERED


def test_a_copy_of_anything_kept_is_a_duplicate() -> None:
    first, conflict = candidate("first"), candidate("conflict", pixels="q", in_force=False)
    verdict = classify(candidate(pixels="q"), [first, conflict])
    assert (verdict.outcome, verdict.known) == (Outcome.DUPLICATE, conflict)


def test_a_correction_replaces_the_one_in_force() -> None:
    old, now = candidate("old", in_force=False), candidate("now", PatientName="A^C")
    verdict = classify(candidate(PatientName="A^D"), [old, now])
    assert (verdict.outcome, verdict.known) == (Outcome.CORRECTION, now)


def test_the_old_version_sent_again_changes_nothing() -> None:
    old, now = candidate("old", in_force=False), candidate("now", PatientName="A^C")
    assert classify(candidate(), [old, now]).outcome is Outcome.DUPLICATE


ENCODINGS = [
    ("lossless both", ELE, J2K, True),
    ("implicit and explicit", ILE, ELE, True),
    ("lossy before", ELE, JPEG, False),
    ("lossy now", JPEG, ELE, False),
]


@pytest.mark.parametrize(("now", "before", "asked"), [row[1:] for row in ENCODINGS], ids=[row[0] for row in ENCODINGS])
def test_lossless_encodings_are_compared_by_their_values(now: str, before: str, asked: bool) -> None:
    new, old = candidate(pixels="q", syntax=now), candidate("old", syntax=before)
    assert to_decode(new, [old]) == ([old] if asked else [])
    assert classify(new, [old], ["old"]).outcome is Outcome.DUPLICATE
    assert classify(new, [old], []).outcome is Outcome.CONFLICT


def test_equal_bytes_need_no_decoding() -> None:
    assert to_decode(candidate(), [candidate("old")]) == []
