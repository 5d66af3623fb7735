"""What verification finds, in words that name the record. Pure."""

from dataclasses import dataclass
from typing import Final

FILE_DELETED: Final = "file deleted"
"""Cause of the event that retention leaves when it deletes a stored file: without it a missing file is a finding."""
STORED_AGAIN: Final = "stored again"
"""Cause of the event by which an object whose file was deleted has one again."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is not as the events say.

    Attributes
    ----------
    table, row_id
        The record; None where it is a whole chain or a file of its own.
    series_instance_uid
        Of the received series it belongs to; empty where it belongs to none.
    sentence
        What differs.
    """

    table: str
    row_id: int | None
    series_instance_uid: str
    sentence: str

    @property
    def record(self) -> str:
        """``table:id``, or the table alone."""
        return self.table if self.row_id is None else f"{self.table}:{self.row_id}"

    def __str__(self) -> str:
        where = f" of series {self.series_instance_uid}" if self.series_instance_uid else ""
        return f"{self.record}{where}: {self.sentence}"
