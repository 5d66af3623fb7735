"""Hashes stored files, re-computes what derived objects are named after. Touches: database (reads), store (reads)."""

import hashlib
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.tables import DerivedInstance, DerivedSeries, Instance, Job, Reception, Revision
from dicom_node.domain.errors import BadInstance
from dicom_node.domain.marks import uid_of
from dicom_node.domain.work import canonical_json, digest_of
from dicom_node.provenance.finding import Finding
from dicom_node.storage.layout import Layout
from dicom_node.storage.part10 import data_set_digest


def findings(session: Session, layout: Layout, uids: dict[int, str], deleted: Collection[str]) -> Iterator[Finding]:
    """Check every stored file that no event says was deleted."""
    for instance in session.scalars(select(Instance).execution_options(yield_per=200)):
        if f"instance:{instance.id}" not in deleted:
            problem = received_problem(layout.absolute(instance.path), instance.sha256)
            if problem:
                uid = uids.get(instance.series_id, "")
                yield Finding(table="instance", row_id=instance.id, series_instance_uid=uid, sentence=problem)
    quarantined = select(Reception).where(Reception.outcome == "quarantined", Reception.reason_code != "receipt wrong")
    for reception in session.scalars(quarantined.execution_options(yield_per=200)):
        problem = received_problem(layout.absolute(reception.path), reception.sha256)
        if problem:
            uid = uids.get(reception.series_id, "") if reception.series_id is not None else ""
            yield Finding(table="reception", row_id=reception.id, series_instance_uid=uid, sentence=problem)
    derived = (
        select(DerivedInstance, DerivedSeries.series_id, Revision.digest, Job.recipe_digest, Instance.sop_instance_uid)
        .join(DerivedSeries, DerivedSeries.id == DerivedInstance.derived_series_id)
        .join(Job, Job.id == DerivedSeries.job_id)
        .join(Revision, Revision.id == Job.revision_id)
        .join(Instance, Instance.id == DerivedInstance.source_instance_id)
    )
    for row, series_id, revision_digest, recipe_digest, source_uid in session.execute(derived):
        if f"derived_instance:{row.id}" in deleted:
            continue
        path = layout.absolute(row.path)
        problem = derived_problem(path, row.sha256) or _identity_problem(
            path, row, origin=(source_uid, revision_digest, recipe_digest)
        )
        if problem:
            uid = uids.get(series_id, "")
            yield Finding(table="derived_instance", row_id=row.id, series_instance_uid=uid, sentence=problem)


def received_problem(path: Path, sha256: str) -> str | None:
    """Say what is wrong with a received file, by the digest of its data set."""
    try:
        _, found = data_set_digest(path)
    except FileNotFoundError:
        return f"the file {path.name} is missing"
    except (OSError, BadInstance) as error:
        return f"the file {path.name} cannot be read: {error}"
    return None if found == sha256 else f"the data set in {path.name} has another SHA-256 than was received"


def derived_problem(path: Path, sha256: str) -> str | None:
    """Say what is wrong with a derived file, by the digest of the whole file."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return f"the file {path.name} is missing"
    except OSError as error:
        return f"the file {path.name} cannot be read: {error}"
    return None if found == sha256 else f"the file {path.name} has another SHA-256 than was published"


def _identity_problem(path: Path, row: DerivedInstance, *, origin: tuple[str, str, str]) -> str | None:
    """Compute the pixel digest and the UID anew, apart from the code that gave them."""
    source_uid, revision_digest, recipe_digest = origin
    dataset = dcmread(path)
    if _pixel_digest(dataset) != row.pixel_digest:
        return f"the pixels in {path.name} are not those of pixel_digest"
    identity = digest_of(
        [str(dataset.get(word, "") or "") for word in ("PatientID", "IssuerOfPatientID", "StudyInstanceUID")]
    )
    named = uid_of(canonical_json([[source_uid], 0, revision_digest, recipe_digest, identity, row.pixel_digest]))
    return None if named == row.sop_instance_uid else "its SOP Instance UID does not follow from source and recipe"


def _pixel_digest(dataset: Dataset) -> str:
    stored = dataset.pixel_array
    frames = stored if stored.ndim == 3 else stored[np.newaxis]
    rescale = None
    if dataset.get("RescaleSlope") is not None and dataset.get("RescaleIntercept") is not None:
        rescale = [float(dataset.RescaleSlope), float(dataset.RescaleIntercept)]
    head = {
        "rows": int(frames.shape[1]),
        "columns": int(frames.shape[2]),
        "frames": int(frames.shape[0]),
        "bits_stored": int(dataset.BitsStored),
        "pixel_representation": int(dataset.PixelRepresentation),
        "rescale": [rescale],
    }
    digest = hashlib.sha256(canonical_json(head).encode())
    digest.update(np.ascontiguousarray(frames, dtype=frames.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()
