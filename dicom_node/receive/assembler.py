"""From presentation data values to whole commands and pieces of data sets (PS3.7 6.3, PS3.8 Annex E). Pure.

Fragments in, events out; what the standard forbids (a command while a data set is due, fragments of two messages mixed)
is the peer's fault and ends the association.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from dicom_node.receive.command import Command, parse, peer_fault

COMMAND: Final = 0x01
LAST: Final = 0x02
LONGEST_COMMAND: Final = 64 << 10
"""A command set is some hundred bytes."""


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of the data set that belongs to the last command."""

    content: bytes
    last: bool


class Assembler:
    """Follows the messages of one association.

    Parameters
    ----------
    accepted
        Identifiers of the accepted presentation contexts.
    """

    def __init__(self, accepted: Collection[int]) -> None:
        self._accepted = frozenset(accepted)
        self._command = bytearray()
        self._context_id: int | None = None
        self._data_set_due = False

    def feed(self, context_id: int, value: bytes) -> Command | Piece | None:
        """Take one presentation data value: message control header and fragment.

        Returns
        -------
        Command, Piece or None
            A command that is now whole, a piece of a data set, or nothing yet.

        Raises
        ------
        PeerFault
            The fragment must not come now, or is none.
        """
        if not value:
            raise peer_fault("a presentation data value is empty")
        if context_id not in self._accepted:
            raise peer_fault(f"presentation context {context_id} was not accepted")
        if self._context_id not in (None, context_id):
            raise peer_fault("fragments of one message came in two presentation contexts")
        control, fragment = value[0], value[1:]
        last = bool(control & LAST)
        if control & COMMAND:
            return self._take_command(context_id, fragment, last)
        return self._take_data(fragment, last)

    def _take_command(self, context_id: int, fragment: bytes, last: bool) -> Command | None:
        if self._data_set_due:
            raise peer_fault("a command came while a data set was due")
        self._context_id = context_id
        self._command += fragment
        if len(self._command) > LONGEST_COMMAND:
            raise peer_fault(f"a command set is longer than {LONGEST_COMMAND} bytes")
        if not last:
            return None
        command = parse(context_id, bytes(self._command))
        self._command.clear()
        self._data_set_due = command.has_data_set
        if not self._data_set_due:
            self._context_id = None
        return command

    def _take_data(self, fragment: bytes, last: bool) -> Piece:
        if not self._data_set_due:
            raise peer_fault("a data set came without its command")
        if last:
            self._data_set_due, self._context_id = False, None
        return Piece(content=fragment, last=last)
