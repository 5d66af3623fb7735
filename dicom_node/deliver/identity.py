"""Whether two systems mean the same patient and order. Pure.

Patient names are compared by component group (PS3.5 6.2.1): trailing delimiters and blanks dropped, case-folded, the
first group that both sides can represent decides. Patient ID must be equal; an empty side excuses only the other
attributes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

KEYWORDS: Final[Mapping[str, str]] = {
    "patient_id": "PatientID",
    "issuer": "IssuerOfPatientID",
    "patient_name": "PatientName",
    "birth_date": "PatientBirthDate",
    "sex": "PatientSex",
    "accession_number": "AccessionNumber",
}
_UNREPRESENTABLE: Final = re.compile("[\ufffd?]")


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Decoded texts of the attributes in `KEYWORDS`; empty where absent."""

    patient_id: str
    issuer: str
    patient_name: str
    birth_date: str
    sex: str
    accession_number: str


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first attribute that differs, with both values."""

    keyword: str
    ours: str
    theirs: str


def difference(ours: Identity, theirs: Identity) -> Difference | None:
    """Compare and return the first difference, or None if both mean the same patient and order."""
    for field, keyword in KEYWORDS.items():
        mine, other = getattr(ours, field).strip(), getattr(theirs, field).strip()
        if not _same(field, mine, other):
            return Difference(keyword=keyword, ours=mine, theirs=other)
    return None


def _same(field: str, mine: str, other: str) -> bool:
    if field == "patient_id":
        return mine == other
    if field == "patient_name":
        return _same_name(mine, other)
    return not mine or not other or _plain(field, mine) == _plain(field, other)


def _plain(field: str, text: str) -> str:
    # ACR-NEMA wrote dates with dots.
    return text.replace(".", "") if field == "birth_date" else text.casefold()


def _same_name(mine: str, other: str) -> bool:
    pairs = list(zip(_groups(mine), _groups(other), strict=True))
    if not any(a for a, _ in pairs) or not any(b for _, b in pairs):
        return True
    for a, b in pairs:
        if a and b and (a == b or not (_UNREPRESENTABLE.search(a) or _UNREPRESENTABLE.search(b))):
            return a == b
    return False


def _groups(name: str) -> tuple[str, str, str]:
    """Alphabetic, ideographic and phonetic group, each trimmed and case-folded."""
    groups = [
        "^".join(" ".join(part.split()) for part in group.split("^")).rstrip("^ ").casefold()
        for group in name.split("=")
    ]
    first, second, third = (*groups, "", "", "")[:3]
    return first, second, third
