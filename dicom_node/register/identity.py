"""Who an object is, and what it is to one that came before under the same SOP Instance UID. Pure.

Equal pixels and equal identity make a duplicate; equal pixels with corrected patient or order attributes a correction;
all else under the same UID is a conflict. Objects without pixels are compared by their whole data set.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.series import Attributes, SeriesUid, SopUid, StudyUid
from dicom_node.domain.syntaxes import LOSSLESS

UID_CHARACTERS: Final = 64
_REGULAR: Final = re.compile(r"(0|[1-9]\d*)(\.(0|[1-9]\d*))+")  # PS3.5 9.1
_SHOWN: Final = 80
_GEOMETRY: Final = (
    *("FrameOfReferenceUID", "ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "Rows", "Columns"),
    *("RescaleSlope", "RescaleIntercept"),
)
_CORRECTABLE: Final = (
    *("PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID", "StudyDescription"),
    *("ReferringPhysicianName", "RequestedProcedureID", "RequestedProcedureDescription", "RequestAttributesSequence"),
)


class Outcome(StrEnum):
    """What became of a received file."""

    REGISTERED = "registered"
    DUPLICATE = "duplicate"
    CORRECTION = "correction"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """The keys of an object, and what was irregular about them."""

    patient_id: str
    issuer: str
    study_instance_uid: StudyUid
    series_instance_uid: SeriesUid
    sop_class_uid: str
    sop_instance_uid: SopUid
    flags: tuple[str, ...] = ()

    @property
    def study(self) -> tuple[str, str, str]:
        """Patient and study."""
        return self.patient_id, self.issuer, self.study_instance_uid


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """An object as far as comparing needs it; the path names it.

    Attributes
    ----------
    file_deleted
        Retention has deleted its file, or is about to.
    """

    path: str
    identity: Identity
    transfer_syntax_uid: str
    sha256: str
    pixel_digest: str
    attributes: Attributes
    in_force: bool = True
    file_deleted: bool = False


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Outcome, its reason where it is not the usual one, and the earlier object that decided."""

    outcome: Outcome
    reason: Reason | None = None
    known: Candidate | None = None


def text(attributes: Attributes, keyword: str) -> str:
    """Return a value as text, several values joined by a backslash; empty where absent."""
    item = attributes.get(keyword)
    return "" if item is None or item["vr"] == "SQ" else "\\".join(str(value) for value in item["value"])


def identify(attributes: Attributes, *, announced_class: str, announced_instance: str) -> Identity | Reason:
    """Return an object's keys, or why it has none.

    Parameters
    ----------
    attributes
        Of the data set.
    announced_class, announced_instance
        SOP Class and Instance UID of the C-STORE command; they count where the data set's are empty.
    """
    flags = []
    uids: dict[str, str] = {}
    for keyword, name, announced in (
        ("SOPClassUID", "SOP Class UID", announced_class),
        ("SOPInstanceUID", "SOP Instance UID", announced_instance),
        ("StudyInstanceUID", "Study Instance UID", ""),
        ("SeriesInstanceUID", "Series Instance UID", ""),
    ):
        own = text(attributes, keyword)
        if own and announced and own != announced:
            return reason("command differs", attribute=name)
        uids[keyword] = uid = own or announced
        problem = _uid_problem(name, uid)
        if problem is not None:
            return problem
        if not own:
            flags.append(f"{name} from the command")
        if not _REGULAR.fullmatch(uid):
            flags.append(f"{name} irregular")
    patient_id = text(attributes, "PatientID")
    if not patient_id:
        flags.append("Patient ID missing")
    return Identity(
        patient_id=patient_id,
        issuer=text(attributes, "IssuerOfPatientID"),
        study_instance_uid=StudyUid(uids["StudyInstanceUID"]),
        series_instance_uid=SeriesUid(uids["SeriesInstanceUID"]),
        sop_class_uid=uids["SOPClassUID"],
        sop_instance_uid=SopUid(uids["SOPInstanceUID"]),
        flags=tuple(flags),
    )


def _uid_problem(name: str, uid: str) -> Reason | None:
    if not uid:
        return reason("no identity", attribute=name)
    if len(uid) > UID_CHARACTERS or not (uid.isascii() and uid.isprintable()):
        return reason("uid invalid", attribute=name, value=ascii(uid)[:_SHOWN])
    return None


def to_decode(new: Candidate, known: Sequence[Candidate]) -> list[Candidate]:
    """Return those whose pixel bytes differ from the new one's, though both encodings are lossless: values decide."""
    if not new.pixel_digest or new.transfer_syntax_uid not in LOSSLESS:
        return []
    return [
        other
        for other in known
        if other.pixel_digest not in ("", new.pixel_digest) and other.transfer_syntax_uid in LOSSLESS
    ]


def classify(new: Candidate, known: Sequence[Candidate], equal_values: Collection[str] = ()) -> Verdict:
    """Say what a new object is to those that are there under its SOP Instance UID.

    Parameters
    ----------
    new
        The new one.
    known
        All others, also those out of force.
    equal_values
        Paths of those of `to_decode` whose decoded values are equal.
    """
    if not known:
        return Verdict(outcome=Outcome.REGISTERED)
    verdicts = [_compare(new, other, equal_values) for other in known]
    for outcome in (Outcome.DUPLICATE, Outcome.CORRECTION):
        chosen = [verdict for verdict in verdicts if verdict.outcome is outcome]
        if chosen:
            return max(chosen, key=lambda verdict: verdict.known is not None and verdict.known.in_force)
    return verdicts[0]


def _compare(new: Candidate, known: Candidate, equal_values: Collection[str]) -> Verdict:
    conflict = _conflict(new, known, equal_values)
    if conflict is not None:
        return Verdict(outcome=Outcome.CONFLICT, reason=reason(conflict), known=known)
    if any(new.attributes.get(keyword) != known.attributes.get(keyword) for keyword in _CORRECTABLE):
        return Verdict(outcome=Outcome.CORRECTION, known=known)
    if not new.pixel_digest and new.sha256 != known.sha256:
        return Verdict(outcome=Outcome.CONFLICT, reason=reason("conflict content"), known=known)
    return Verdict(outcome=Outcome.DUPLICATE, known=known)


def _conflict(new: Candidate, known: Candidate, equal_values: Collection[str]) -> str | None:
    if new.identity.study != known.identity.study:
        return "conflict identity"
    if new.pixel_digest != known.pixel_digest and known.path not in equal_values:
        return "conflict pixels"
    if (
        new.identity.series_instance_uid != known.identity.series_instance_uid
        or new.identity.sop_class_uid != known.identity.sop_class_uid
        or _geometry(new.attributes) != _geometry(known.attributes)
    ):
        return "conflict geometry"
    return None


def _geometry(attributes: Attributes) -> list[object]:
    return [[_number(value) for value in attributes.get(name, {"value": ()})["value"]] for name in _GEOMETRY]


def _number(value: object) -> object:
    """Numbers count by value: another sender may spell them differently."""
    try:
        return float(str(value))
    except ValueError:
        return value
