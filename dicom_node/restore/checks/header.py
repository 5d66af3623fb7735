"""Checks that need headers alone: nothing else changed, who, what from, marked as ours. Pure."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom_node.domain.marks import IMPLEMENTATION_CLASS_UID, PROJECT
from dicom_node.restore.checks.check import Check, Evidence, Pair, counted, text
from dicom_node.restore.checks.difference import unexplained
from dicom_node.restore.derive.dataset import derived_image_type, qualification, text_of, times_of, was_lossy
from dicom_node.restore.derive.label import label, mark_of
from dicom_node.restore.derive.making import STEPS
from dicom_node.restore.derive.numbers import ranks
from dicom_node.restore.derive.uids import identity_digest, series_instance_uid, sop_instance_uid

_IDENTITY: Final = (
    "PatientID",
    "IssuerOfPatientID",
    "PatientName",
    "PatientBirthDate",
    "PatientSex",
    "StudyInstanceUID",
    "StudyDate",
    "StudyID",
    "AccessionNumber",
)


def nothing_else(evidence: Evidence) -> Check:
    """Count attributes that changed though the table keeps them, or stand there though it drops them."""
    equipment = evidence.making.recipe.equipment
    return counted(
        "nothing else",
        (
            f"{pair.place} {name}"
            for pair in evidence.pairs
            for name in unexplained(pair.source, pair.derived, equipment=equipment)
        ),
    )


def identity(evidence: Evidence) -> Check:
    """Count differences from patient, study and order of the source in force."""
    return counted(
        "identity",
        (
            f"{pair.place} {keyword}"
            for pair in evidence.pairs
            for keyword in _IDENTITY
            if text(pair.source, keyword) != text(pair.derived, keyword)
        ),
    )


def uids(evidence: Evidence) -> Check:
    """Count objects whose UIDs do not follow from source, recipe and pixels, or whose File Meta says otherwise."""
    series = series_instance_uid(str(pair.derived.SOPInstanceUID) for pair in evidence.pairs)
    return counted(
        "uids",
        (
            f"{pair.place} {what}"
            for pair in evidence.pairs
            for what, holds in _uids_of(pair, evidence, series)
            if not holds
        ),
    )


def _uids_of(pair: Pair, evidence: Evidence, series: str) -> Iterator[tuple[str, bool]]:
    making, derived, meta = evidence.making, pair.derived, pair.derived.file_meta
    expected = sop_instance_uid(
        [str(pair.source.SOPInstanceUID)],
        revision_digest=making.revision_digest,
        recipe_digest=making.recipe.digest,
        identity=identity_digest(pair.source),
        pixels=pair.digest,
    )
    yield "SOPInstanceUID", derived.SOPInstanceUID == expected
    yield "SeriesInstanceUID", derived.SeriesInstanceUID == series
    yield "SeriesNumber", text(derived, "SeriesNumber") == str(making.series_number)
    yield "MediaStorageSOPInstanceUID", meta.MediaStorageSOPInstanceUID == derived.SOPInstanceUID
    yield "MediaStorageSOPClassUID", meta.MediaStorageSOPClassUID == derived.SOPClassUID
    yield "TransferSyntaxUID", meta.TransferSyntaxUID == ExplicitVRLittleEndian
    yield "ImplementationClassUID", meta.ImplementationClassUID == IMPLEMENTATION_CLASS_UID


def answered_once(evidence: Evidence) -> Check:
    """Count source objects that are not answered exactly once, and Instance Numbers that occur twice."""
    answers = Counter(uid for pair in evidence.pairs for uid in _answered(pair.derived))
    sources = Counter(str(pair.source.SOPInstanceUID) for pair in evidence.pairs)
    numbers = Counter(text(pair.derived, "InstanceNumber") for pair in evidence.pairs)
    wrong = [f"{uid} is answered {answers[uid]} times" for uid in sources if answers[uid] != 1]
    wrong += [f"{uid} is no source" for uid in answers if uid not in sources]
    wrong += [f"InstanceNumber {number} occurs {count} times" for number, count in numbers.items() if count > 1]
    return counted("answered once", wrong)


def _answered(derived: Dataset) -> list[str]:
    return [str(item.get("ReferencedSOPInstanceUID", "")) for item in (derived.get("SourceImageSequence") or ())[:1]]


def references(evidence: Evidence) -> Check:
    """Count references that lead nowhere, to themselves, to another class, or are missing from the series list."""
    known = {str(pair.source.SOPInstanceUID): str(pair.source.SeriesInstanceUID) for pair in evidence.pairs}
    known.update(evidence.making.known)
    return counted(
        "references", (f"{pair.place} {what}" for pair in evidence.pairs for what in _wrong_references(pair, known))
    )


def _wrong_references(pair: Pair, known: dict[str, str]) -> Iterator[str]:
    source, derived = pair.source, pair.derived
    own = derived.get("SourceImageSequence") or []
    seen = [str(one.SOPInstanceUID) for one in (source, *pair.neighbours)]
    if [str(item.get("ReferencedSOPInstanceUID", "")) for item in own] != seen:
        yield "SourceImageSequence names other objects"
    if any(item.get("ReferencedSOPClassUID") != source.SOPClassUID for item in own):
        yield "SourceImageSequence names another class"
    images = derived.get("ReferencedImageSequence") or []
    wanted = {str(item.get("ReferencedSOPInstanceUID", "")) for item in [*own, *images]}
    if derived.SOPInstanceUID in wanted:
        yield "an object refers to itself"
    listed = {
        str(item.get("ReferencedSOPInstanceUID", "")): str(series.get("SeriesInstanceUID", ""))
        for series in derived.get("ReferencedSeriesSequence") or []
        for item in series.get("ReferencedInstanceSequence") or []
    }
    if set(listed) != wanted or any(known.get(uid) != series for uid, series in listed.items()):
        yield "ReferencedSeriesSequence is not complete"


def marked(evidence: Evidence) -> Check:
    """Count objects that could be taken for an acquired image."""
    return counted(
        "marked",
        (f"{pair.place} {what}" for pair in evidence.pairs for what, holds in _marks_of(pair, evidence) if not holds),
    )


def _marks_of(pair: Pair, evidence: Evidence) -> Iterator[tuple[str, bool]]:
    source, derived, recipe = pair.source, pair.derived, evidence.making.recipe
    wanted = label(evidence.making.label, text_of(source, "SeriesDescription"))
    leads = wanted.startswith(mark_of(recipe.label).lstrip())
    steps = derived.get("DerivationCodeSequence") or []
    items = derived.get("ContributingEquipmentSequence") or []
    yield "ImageType", text(derived, "ImageType") == "\\".join(derived_image_type(source))
    yield "SeriesDescription", leads and text(derived, "SeriesDescription") == wanted
    yield "DerivationDescription", text(derived, "DerivationDescription").startswith(evidence.making.description)
    yield (
        "DerivationCodeSequence",
        bool(steps) and str(steps[-1].get("CodeValue", "")) == STEPS[evidence.making.operation][0],
    )
    yield "ContributingEquipmentSequence", bool(items) and text(items[-1], "Manufacturer") == PROJECT
    yield (
        "ContentQualification",
        text(derived, "ContentQualification") == qualification(source, recipe.qualification),
    )


def lossy(evidence: Evidence) -> Check:
    """Count objects that hide that their source was compressed with loss."""
    return counted(
        "lossy",
        (
            f"{pair.place} LossyImageCompression"
            for pair in evidence.pairs
            if text(pair.derived, "LossyImageCompression") != ("01" if was_lossy(pair.source) else "00")
        ),
    )


def time(evidence: Evidence) -> Check:
    """Count objects that carry other times than those of the job, in order; what the source's clock says is its own."""
    order = ranks([int(pair.derived.InstanceNumber) for pair in evidence.pairs])
    return counted(
        "time",
        (
            f"{pair.place} {keyword}"
            for pair, rank in zip(evidence.pairs, order, strict=True)
            for keyword, value in times_of(pair.source, evidence.making.at, rank).items()
            if text(pair.derived, keyword) != value
        ),
    )
