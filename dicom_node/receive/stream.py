"""From P-DATA to the file and back to the answer. Touches: store, sockets.

pynetdicom's DIMSE provider gathers whole data sets in memory and answers from a second thread. This one takes its place
on each association: data sets go piece by piece into their files, and the answer leaves from the thread that reads the
socket, in one send.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.pdu_primitives import P_DATA

from dicom_node.domain.errors import StorageError
from dicom_node.receive.arrival import Arrival
from dicom_node.receive.assembler import COMMAND, LAST, Assembler, Piece
from dicom_node.receive.command import C_CANCEL_RQ, C_ECHO_RQ, C_STORE_RQ, Command, PeerFault, peer_fault, refusal
from dicom_node.storage import part10
from dicom_node.wire import statuses

INVALID_PDU: Final = "Evt19"
"""Event of the upper layer's state machine that ends in A-ABORT (PS3.8 9.2.3)."""
_PDV_HEADER: Final = 6


@dataclass(frozen=True, kw_only=True)
class _Negotiated:
    """What the association's contexts are, looked up once."""

    syntaxes: dict[int, str]
    classes: frozenset[str]


class Stream(DIMSEServiceProvider):
    """The DIMSE side of one association: C-STORE to disk, C-ECHO, and refusals of all else.

    Parameters
    ----------
    assoc
        The association, of which this becomes the `dimse`.
    arrival
        Where its objects go.
    may_store
        Whether its peer may store.
    reserve_left
        Whether the disk still has room for objects of open associations.
    """

    def __init__(
        self, assoc: Association, arrival: Arrival, *, may_store: bool, reserve_left: Callable[[], bool]
    ) -> None:
        super().__init__(assoc)
        self._arrival = arrival
        self._may_store = may_store
        self._reserve_left = reserve_left
        self._negotiated: _Negotiated | None = None
        self._assembler = Assembler(())
        self._command: Command | None = None
        self._refused: int | None = None
        self._broken = False

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take what one P-DATA-TF PDU carried; called in the thread that reads the socket."""
        if self._negotiated is None:
            self._negotiated = self._look_up()
            self._assembler = Assembler(self._negotiated.syntaxes)
        try:
            for context_id, value in primitive.presentation_data_value_list:
                if self._broken:
                    return
                match self._assembler.feed(context_id, value):
                    case Command() as command:
                        self._take_command(command, self._negotiated)
                    case Piece() as piece:
                        self._take_piece(piece)
        except PeerFault as fault:
            self._broken = True
            structlog.get_logger().warning(
                "association aborted", why=fault.happened, calling_ae=self._arrival.opening.calling_ae
            )
            self.dul.event_queue.put(INVALID_PDU)

    def _look_up(self) -> _Negotiated:
        contexts = self.assoc.accepted_contexts
        return _Negotiated(
            syntaxes={
                context.context_id: str(context.transfer_syntax[0]) for context in contexts if context.context_id
            },
            classes=frozenset(str(context.abstract_syntax) for context in contexts),
        )

    def _take_command(self, command: Command, negotiated: _Negotiated) -> None:
        self._command = None
        if command.field == C_CANCEL_RQ:
            return
        if not command.is_request:
            raise peer_fault("a response came to no request")
        self._command = command
        self._refused = self._begin(command, negotiated)
        if not command.has_data_set:
            self._answer(statuses.SUCCESS if self._refused is None else self._refused)

    def _begin(self, command: Command, negotiated: _Negotiated) -> int | None:
        if command.field == C_ECHO_RQ:
            return None
        if command.field != C_STORE_RQ:
            return statuses.UNRECOGNISED_OPERATION
        status = refusal(command, accepted_classes=negotiated.classes, may_store=self._may_store)
        if status is not None:
            return status
        if not self._reserve_left():
            self._arrival.refused("the disk's reserve is used up")
            return statuses.OUT_OF_RESOURCES
        opening = self._arrival.opening
        head = part10.head(
            sop_class=command.sop_class or b"",
            sop_instance=command.sop_instance or b"",
            transfer_syntax=negotiated.syntaxes[command.context_id],
            calling_ae=opening.calling_ae,
            called_ae=opening.called_ae,
        )
        return self._to_disk(lambda: self._arrival.begin(head))

    def _take_piece(self, piece: Piece) -> None:
        command = self._command
        if command is None:
            return
        if self._refused is None and command.field == C_STORE_RQ:
            self._refused = self._to_disk(lambda: self._store(piece))
        if piece.last:
            self._answer(statuses.SUCCESS if self._refused is None else self._refused)

    def _store(self, piece: Piece) -> None:
        self._arrival.add(piece.content)
        if piece.last:
            self._arrival.keep()

    def _to_disk(self, action: Callable[[], None]) -> int | None:
        try:
            action()
        except StorageError as error:
            structlog.get_logger().error("object refused", why=error.happened, subject=error.subject)
            return statuses.OUT_OF_RESOURCES
        return None

    def _answer(self, status: int) -> None:
        command, self._command = self._command, None
        sock = self.dul.socket
        if command is None or sock is None:
            return
        response = command.response(status)
        longest = self.maximum_pdu_size - _PDV_HEADER if self.maximum_pdu_size else len(response)
        starts = range(0, len(response), longest)
        sock.send(
            b"".join(
                _p_data(
                    command.context_id,
                    response[start : start + longest],
                    COMMAND | (LAST if start == starts[-1] else 0),
                )
                for start in starts
            )
        )


def _p_data(context_id: int, fragment: bytes, control: int) -> bytes:
    """Return a P-DATA-TF PDU with one presentation data value (PS3.8 9.3.5)."""
    length = len(fragment) + _PDV_HEADER
    return struct.pack(">BBIIBB", 0x04, 0, length, length - 4, context_id, control) + fragment
