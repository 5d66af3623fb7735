"""What a rejection note (Key Object Selection, PS3.3 C.17.6 and IHE IOCM) says of which instances. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from dicom_node.domain.marks import REJECTED_QUALITY, REJECTED_SAFETY, REJECTED_WORKLIST, RETENTION_EXPIRED
from dicom_node.domain.series import Attributes

KEY_OBJECT_SELECTION: Final = "1.2.840.10008.5.1.4.1.1.88.59"
REJECTING: Final = frozenset({REJECTED_QUALITY, REJECTED_SAFETY, REJECTED_WORKLIST})


@dataclass(frozen=True, kw_only=True)
class Note:
    """Document title code and the instances it names."""

    code: str
    references: frozenset[str]

    @property
    def rejects(self) -> bool:
        """Whether its instances go out of force."""
        return self.code in REJECTING

    @property
    def ends_retention(self) -> bool:
        """Whether it only says that the originals need not be kept longer."""
        return self.code == RETENTION_EXPIRED


def note_of(sop_class_uid: str, attributes: Attributes) -> Note | None:
    """Return what an object says, if it is a Key Object Selection (the sandbox reads title and references)."""
    if sop_class_uid != KEY_OBJECT_SELECTION or "_title" not in attributes:
        return None
    return Note(
        code=str(attributes["_title"]["value"][0]),
        references=frozenset(str(uid) for uid in attributes["_references"]["value"]),
    )


def rejected_by(notes: Iterable[Note], sop_instance_uid: str) -> str | None:
    """Return the code of the first note that rejects the instance, also one that came before it."""
    return next((note.code for note in notes if note.rejects and sop_instance_uid in note.references), None)
