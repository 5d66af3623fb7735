"""What a destination knows: whose a study is, and which objects of a series have arrived. Touches: network."""

from pydicom.dataset import Dataset

from dicom_node.deliver.identity import KEYWORDS, Identity
from dicom_node.wire.scu import Association, Remote, query_context


def identities(remote: Remote, study_instance_uid: str) -> list[Identity]:
    """Ask at study level whose the study is; no answer means that the study is unknown there.

    Raises
    ------
    Unreachable
        No answer.
    NothingAccepted, QueryRefused
        The destination does not answer queries.
    """
    identifier = _identifier("STUDY", study_instance_uid)
    for keyword in KEYWORDS.values():
        setattr(identifier, keyword, "")
    with Association(remote, query_context()) as association:
        return [identity_of(match) for match in association.find(identifier)]


def objects(remote: Remote, study_instance_uid: str, series_instance_uid: str) -> set[str]:
    """Ask at image level for the SOP Instance UIDs of a series.

    Raises
    ------
    Unreachable
        No answer.
    NothingAccepted, QueryRefused
        The destination does not answer queries.
    """
    identifier = _identifier("IMAGE", study_instance_uid)
    identifier.SeriesInstanceUID, identifier.SOPInstanceUID = series_instance_uid, ""
    with Association(remote, query_context()) as association:
        return {str(match.get("SOPInstanceUID", "")) for match in association.find(identifier)}


def identity_of(dataset: Dataset) -> Identity:
    """Read the identity from a data set: an answer, or the header of what is to be sent."""
    return Identity(**{field: str(dataset.get(keyword) or "") for field, keyword in KEYWORDS.items()})


def _identifier(level: str, study_instance_uid: str) -> Dataset:
    identifier = Dataset()
    identifier.QueryRetrieveLevel = level
    identifier.StudyInstanceUID = study_instance_uid
    return identifier
