"""Command sets of requests, read and answered (PS3.7 6.3.1, 9.3, Annex E). Pure.

A command set is Implicit VR Little Endian, group 0000 only. Values are kept as they came: a SOP Instance UID that is
none is echoed as it was sent and judged at registration.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from dicom_node.domain.errors import NodeError
from dicom_node.wire import statuses

C_STORE_RQ: Final = 0x0001
C_ECHO_RQ: Final = 0x0030
C_CANCEL_RQ: Final = 0x0FFF
_RESPONSE: Final = 0x8000
_NO_DATA_SET: Final = 0x0101
_AFFECTED_SOP_CLASS, _COMMAND_FIELD, _MESSAGE_ID, _RESPONDED_TO = 0x0002, 0x0100, 0x0110, 0x0120
_DATA_SET_TYPE, _STATUS, _AFFECTED_SOP_INSTANCE = 0x0800, 0x0900, 0x1000


class PeerFault(NodeError):
    """The peer broke the protocol: the association is aborted (PS3.8 9.3.8)."""


def peer_fault(happened: str) -> PeerFault:
    """Return the fault of a peer, which is known by the association it happens on."""
    return PeerFault(happened=happened, subject="association", remedy="Report it to the maker of the sending system.")


@dataclass(frozen=True, kw_only=True)
class Command:
    """A whole command set.

    Attributes
    ----------
    context_id
        Of the presentation context it came in.
    elements
        Element number to value as it came.
    encoded
        The command set itself.
    """

    context_id: int
    elements: Mapping[int, bytes]
    encoded: bytes

    @property
    def field(self) -> int:
        """Command Field (0000,0100)."""
        return _number(self.elements[_COMMAND_FIELD])

    @property
    def has_data_set(self) -> bool:
        """Whether a data set follows, by Command Data Set Type (0000,0800)."""
        return _number(self.elements[_DATA_SET_TYPE]) != _NO_DATA_SET

    @property
    def is_request(self) -> bool:
        """Whether it asks for something: neither a response nor a C-CANCEL."""
        return not self.field & _RESPONSE and self.field != C_CANCEL_RQ

    @property
    def sop_class(self) -> bytes | None:
        """Affected SOP Class UID without padding; absent where the element is."""
        return self._uid(_AFFECTED_SOP_CLASS)

    @property
    def sop_instance(self) -> bytes | None:
        """Affected SOP Instance UID without padding; absent where the element is."""
        return self._uid(_AFFECTED_SOP_INSTANCE)

    def _uid(self, number: int) -> bytes | None:
        value = self.elements.get(number)
        return None if value is None else value.rstrip(b"\0 ")

    def response(self, status: int) -> bytes:
        """Return the command set that answers a request: its UIDs echoed, without a data set."""
        echoed = [n for n in (_AFFECTED_SOP_CLASS, _AFFECTED_SOP_INSTANCE) if n in self.elements]
        values = {number: self.elements[number] for number in echoed}
        values[_COMMAND_FIELD] = struct.pack("<H", self.field | _RESPONSE)
        values[_RESPONDED_TO] = self.elements[_MESSAGE_ID]
        values[_DATA_SET_TYPE] = struct.pack("<H", _NO_DATA_SET)
        values[_STATUS] = struct.pack("<H", status)
        body = b"".join(_element(number, values[number]) for number in sorted(values))
        return _element(0, struct.pack("<I", len(body))) + body


def parse(context_id: int, encoded: bytes) -> Command:
    """Read a command set; a wrong group length is passed over.

    Raises
    ------
    PeerFault
        It is not one, or lacks what every answer needs.
    """
    elements: dict[int, bytes] = {}
    at = 0
    while at < len(encoded):
        if len(encoded) - at < 8:
            raise peer_fault("a command set ends within an element")
        group, number, length = struct.unpack_from("<HHI", encoded, at)
        at += 8
        if group != 0 or length > len(encoded) - at:
            raise peer_fault("a command element lies outside group 0000 or is longer than its set")
        elements[number] = encoded[at : at + length]
        at += length
    command = Command(context_id=context_id, elements=elements, encoded=encoded)
    needed = [_COMMAND_FIELD, _DATA_SET_TYPE]
    if all(len(elements.get(number, b"")) == 2 for number in needed) and command.is_request:
        needed.append(_MESSAGE_ID)
    if any(len(elements.get(number, b"")) != 2 for number in needed):
        raise peer_fault("a command set lacks Command Field, Command Data Set Type or Message ID")
    return command


def refusal(command: Command, *, accepted_classes: frozenset[str], may_store: bool) -> int | None:
    """Return the status that refuses a C-STORE request before its data set comes, or nothing if it is to be stored.

    Parameters
    ----------
    command
        A C-STORE-RQ.
    accepted_classes
        Abstract syntaxes of the accepted presentation contexts.
    may_store
        Whether this peer may store.
    """
    if not may_store:
        return statuses.NOT_AUTHORISED
    if not command.has_data_set:
        return statuses.PROCESSING_FAILURE
    sop_class, sop_instance = command.sop_class, command.sop_instance
    if sop_class is None or sop_instance is None:
        return statuses.MISSING_ATTRIBUTE
    if not sop_instance:
        return statuses.INVALID_ATTRIBUTE_VALUE
    if sop_class.decode("latin-1") not in accepted_classes:
        return statuses.SOP_CLASS_NOT_SUPPORTED
    return None


def _number(value: bytes) -> int:
    return int.from_bytes(value, "little")


def _element(number: int, value: bytes) -> bytes:
    return struct.pack("<HHI", 0, number, len(value)) + value
