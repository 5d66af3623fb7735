"""Command sets."""

import struct

import pytest
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset

from dicom_node.receive.command import Command, PeerFault, parse, refusal

CT = "1.2.840.10008.5.1.4.1.1.2"


def element(number: int, value: bytes, group: int = 0) -> bytes:
    return struct.pack("<HHI", group, number, len(value)) + value


FIELD, TYPE, MESSAGE = element(0x0100, b"\1\0"), element(0x0800, b"\1\0"), element(0x0110, b"\x2a\0")
UIDS = element(0x0002, CT.encode() + b"\0") + element(0x1000, b"1.2.3\0")
SOUND = UIDS[:34] + FIELD + MESSAGE + TYPE + UIDS[34:]


def store(sop_class: str | None = CT, sop_instance: str | None = "1.2.3", data_set: int = 0) -> Command:
    uids = [(0x0002, sop_class), (0x1000, sop_instance)]
    return parse(
        1,
        FIELD
        + MESSAGE
        + element(0x0800, struct.pack("<H", data_set))
        + b"".join(element(number, uid.encode()) for number, uid in uids if uid is not None),
    )


def test_a_command_is_read() -> None:
    command = parse(5, element(0, b"\xff\xff\xff\xff") + SOUND)
    assert (command.context_id, command.field, command.has_data_set, command.is_request) == (5, 1, True, True)
    assert (command.sop_class, command.sop_instance) == (CT.encode(), b"1.2.3")


@pytest.mark.parametrize(
    "encoded",
    [
        b"",
        b"\0",
        SOUND[:-1],
        SOUND + b"\0\0\0",
        element(0x0010, b"x", group=8),
        SOUND + struct.pack("<HHI", 0, 0x1031, 0xFFFFFFFF),
        FIELD + TYPE,
        FIELD + MESSAGE,
        TYPE + MESSAGE,
        element(0x0100, b"\1") + TYPE + MESSAGE,
        FIELD + TYPE + element(0x0110, b""),
    ],
    ids=range(11),
)
def test_what_is_no_command_is_the_peers_fault(encoded: bytes) -> None:
    with pytest.raises(PeerFault):
        parse(1, encoded)


def test_a_response_echoes_the_request() -> None:
    encoded = parse(1, SOUND).response(0xA700)
    answer = read_dataset(DicomBytesIO(encoded), True, True)
    assert answer.CommandGroupLength == len(encoded) - 12
    assert answer.CommandField == 0x8001
    assert answer.MessageIDBeingRespondedTo == 42
    assert answer.CommandDataSetType == 0x0101
    assert answer.Status == 0xA700
    assert (answer.AffectedSOPClassUID, answer.AffectedSOPInstanceUID) == (CT, "1.2.3")


REFUSALS = {
    "sound": (store(), True, None),
    "a UID that is none": (store(sop_instance="../evil"), True, None),
    "a UID of 65 characters": (store(sop_instance="1" * 65), True, None),
    "may not store": (store(), False, 0x0124),
    "no data set": (store(data_set=0x0101), True, 0x0110),
    "no class": (store(sop_class=None), True, 0x0120),
    "no instance": (store(sop_instance=None), True, 0x0120),
    "empty instance": (store(sop_instance=""), True, 0x0106),
    "class not accepted": (store(sop_class="1.2.840.10008.5.1.4.1.1.4"), True, 0x0122),
}


@pytest.mark.parametrize(("command", "may_store", "status"), REFUSALS.values(), ids=REFUSALS)
def test_refusal(command: Command, may_store: bool, status: int | None) -> None:
    assert refusal(command, accepted_classes=frozenset({CT}), may_store=may_store) == status
