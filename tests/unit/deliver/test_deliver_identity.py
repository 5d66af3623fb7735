"""The same patient and order, or not."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_node.deliver.identity import KEYWORDS, Identity, difference

OURS = Identity(
    patient_id="P1",
    issuer="HOSP",
    patient_name="Müller^Hans^^Dr.",
    birth_date="19700101",
    sex="M",
    accession_number="A1",
)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"patient_name": "MÜLLER^HANS^^DR."},
        {"patient_name": "Müller^Hans^^Dr.^^"},
        {"patient_name": " Müller ^ Hans^^Dr. "},
        {"patient_name": "Müller^Hans^^Dr.="},
        {"patient_name": ""},
        {"issuer": ""},
        {"birth_date": "1970.01.01"},
        {"birth_date": ""},
        {"sex": "m"},
        {"accession_number": ""},
        {"patient_id": "P1 "},
    ],
    ids=str,
)
def test_the_same(change: dict[str, str]) -> None:
    assert difference(OURS, replace(OURS, **change)) is None
    assert difference(replace(OURS, **change), OURS) is None


@pytest.mark.parametrize(
    ("change", "keyword"),
    [
        ({"patient_id": "p1"}, "PatientID"),
        ({"patient_id": ""}, "PatientID"),
        ({"issuer": "OTHER"}, "IssuerOfPatientID"),
        ({"patient_name": "Müller^Hanna^^Dr."}, "PatientName"),
        ({"patient_name": "Hans^Müller^^Dr."}, "PatientName"),
        ({"patient_name": "M?ller^Hans^^Dr."}, "PatientName"),
        ({"birth_date": "19700110"}, "PatientBirthDate"),
        ({"sex": "F"}, "PatientSex"),
        ({"accession_number": "A2"}, "AccessionNumber"),
    ],
    ids=str,
)
def test_another(change: dict[str, str], keyword: str) -> None:
    found = difference(OURS, replace(OURS, **change))
    assert found is not None and found.keyword == keyword


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ("Yamada^Tarou=山田^太郎=やまだ^たろう", "Yamada^Tarou=??^??=???^???", True),
        ("Yamada^Tarou=山田^太郎", "=山田^太郎", True),
        ("=山田^太郎", "Yamada^Tarou=山田^太郎", True),
        ("山田^太郎", "??^??", False),
        ("Yamada^Tarou=山田^太郎", "Yamada^Hanako=山田^太郎", False),
        ("Yamada^Tarou", "=山田^太郎", False),
    ],
    ids=[
        "unrepresentable groups",
        "ours has more",
        "theirs has more",
        "nothing comparable",
        "first decides",
        "disjoint",
    ],
)
def test_names_compare_by_the_first_group_both_can_represent(ours: str, theirs: str, same: bool) -> None:
    answer = difference(replace(OURS, patient_name=ours), replace(OURS, patient_name=theirs))
    assert (answer is None) is same


@given(st.builds(Identity, **{field: st.text(max_size=12) for field in KEYWORDS}))
def test_everybody_is_the_same_as_themselves(identity: Identity) -> None:
    assert difference(identity, identity) is None
