"""Identity of derived objects: the UIDs follow from what was restored, how, and the stored pixels themselves. Pure.

The pixels' digest is part of the name, so that one UID can never carry two contents, whatever crashed or was brought
back from a back-up; the identity digest is part of it, so that deriving again with a corrected patient makes another
object.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicom_node.domain.marks import uid_of
from dicom_node.domain.work import canonical_json, digest_of

StoredArray = npt.NDArray[np.integer]


def pixel_digest(
    stored: StoredArray,
    *,
    bits_stored: int,
    pixel_representation: int,
    rescale: Sequence[tuple[float, float] | None],
) -> str:
    """Return the SHA-256 of stored values together with what gives them their meaning.

    Parameters
    ----------
    stored
        (rows, columns) or (frames, rows, columns), before compression.
    bits_stored, pixel_representation
        As in the header.
    rescale
        (slope, intercept) of each frame; None where the object has none.
    """
    frames = stored if stored.ndim == 3 else stored[np.newaxis]
    head = {
        "rows": int(frames.shape[1]),
        "columns": int(frames.shape[2]),
        "frames": int(frames.shape[0]),
        "bits_stored": bits_stored,
        "pixel_representation": pixel_representation,
        "rescale": [None if pair is None else [float(pair[0]), float(pair[1])] for pair in rescale],
    }
    digest = hashlib.sha256(canonical_json(head).encode())
    digest.update(np.ascontiguousarray(frames, dtype=frames.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def identity_digest(source: Dataset) -> str:
    """Return the digest of Patient ID, its issuer and the Study Instance UID as they stand in the source."""
    keywords = ("PatientID", "IssuerOfPatientID", "StudyInstanceUID")
    return digest_of([str(source.get(keyword, "") or "") for keyword in keywords])


def sop_instance_uid(
    sources: Sequence[str],
    *,
    revision_digest: str,
    recipe_digest: str,
    identity: str,
    pixels: str,
    output_index: int = 0,
) -> str:
    """Return the UID of one derived object.

    Parameters
    ----------
    sources
        SOP Instance UIDs of the source objects it answers.
    revision_digest, recipe_digest
        Of the cut and of the recipe.
    identity
        See `identity_digest`.
    pixels
        See `pixel_digest`.
    output_index
        Which of several objects that answer the same sources; 0 where it is the only one.
    """
    return uid_of(canonical_json([list(sources), output_index, revision_digest, recipe_digest, identity, pixels]))


def series_instance_uid(sop_instance_uids: Iterable[str]) -> str:
    """Return the UID of the series that holds exactly these objects."""
    return uid_of(canonical_json(sorted(sop_instance_uids)))


def series_digest(instances: Iterable[tuple[str, str]]) -> str:
    """Return the digest over the sorted (SOP Instance UID, pixel digest) of a series."""
    return digest_of(sorted([uid, pixels] for uid, pixels in instances))
