"""Files that were arriving when an earlier run of the node ended. Touches: store (renames, removes).

A part whose receipt verifies was complete and synced, perhaps acknowledged: it gets its name. One without a receipt was
never acknowledged: its sender keeps the object. One whose receipt is wrong stays where it is, for a person.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from dicom_node.domain.errors import BadInstance
from dicom_node.storage.durable import PART, sync_folder
from dicom_node.storage.layout import Layout
from dicom_node.storage.part10 import NoReceipt, receipt_holds


class Fate(StrEnum):
    """What became of a part."""

    ADOPTED = "adopted"
    REMOVED = "removed"
    DAMAGED = "damaged"


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part that was settled; its path as it is now, relative to the data folder."""

    path: str
    fate: Fate

    @property
    def damaged(self) -> bool:
        """Whether a person has to look at it."""
        return self.fate is Fate.DAMAGED


def settle_parts(layout: Layout, folder: str, started_at: datetime) -> list[Part]:
    """Settle the parts of one association folder that were last written before `started_at`.

    Raises
    ------
    StorageError
        The disk did not take a rename.
    """
    settled = []
    for path in sorted(layout.absolute(folder).glob(f"*{PART}")):
        if datetime.fromtimestamp(path.stat().st_mtime, UTC) < started_at:
            settled.append(_settle(layout, path))
    return settled


def _settle(layout: Layout, path: Path) -> Part:
    name = path.with_suffix(".dcm")
    try:
        holds = receipt_holds(path)
    except NoReceipt:
        path.unlink()
        return Part(path=layout.relative(path), fate=Fate.REMOVED)
    except BadInstance:
        holds = False
    if not holds or name.exists():
        return Part(path=layout.relative(path), fate=Fate.DAMAGED)
    path.rename(name)
    sync_folder(name.parent)
    return Part(path=layout.relative(name), fate=Fate.ADOPTED)
