"""Verifies everything offline: chains, rows, checkpoints, digests, files. Touches: database (reads), store (reads).

What it cannot see: events after the last checkpoint that the owner of the machine replaced together with their heads.
The number of such events is `unsealed`.
"""

from pathlib import Path

from sqlalchemy import func, select

from dicom_node.database.engine import Database
from dicom_node.database.tables import ProvenanceEvent, Series
from dicom_node.provenance import verify_digests, verify_files
from dicom_node.provenance.finding import Finding
from dicom_node.provenance.verify_chains import Replay
from dicom_node.provenance.verify_checkpoints import sealed
from dicom_node.storage.layout import Layout


def verify(database: Database, layout: Layout, *, copies: Path | None = None) -> list[Finding]:
    """Check all that can be checked and return what is not as it was; an empty list is a pass.

    Parameters
    ----------
    copies
        Folder of the second copies of checkpoints, `provenance.checkpoint_to`.
    """
    with database.read() as session:
        # Signed files first, the view of the database after: a running node may write a checkpoint in between.
        seal = sealed(session, layout, copies=copies)
        uids = {row_id: uid for row_id, uid in session.execute(select(Series.id, Series.series_instance_uid))}
        replay = Replay(session=session, sealed=seal.heads, uids=uids)
        found = [*seal.findings, *replay.findings()]
        found.extend(verify_digests.findings(session, uids))
        found.extend(verify_files.findings(session, layout, uids, replay.deleted))
    return found


def unsealed(database: Database, layout: Layout) -> int:
    """Return how many events no checkpoint has sealed yet, not counting those that tell of a checkpoint."""
    with database.read() as session:
        last = sealed(session, layout).last_event
        younger = select(func.count()).where(ProvenanceEvent.id > last, ProvenanceEvent.cause != "checkpoint")
        return session.scalar(younger) or 0
