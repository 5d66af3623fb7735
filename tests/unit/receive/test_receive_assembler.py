"""Fragments in, events out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicom_node.receive.assembler import LONGEST_COMMAND, Assembler, Piece
from dicom_node.receive.command import Command, PeerFault
from tests.unit.receive.test_receive_command import FIELD, MESSAGE, SOUND, TYPE, element

ECHO = element(0x0100, b"\x30\0") + MESSAGE + element(0x0800, b"\1\1")


def cut(content: bytes, sizes: list[int]) -> list[bytes]:
    pieces = []
    for size in sizes:
        pieces.append(content[:size])
        content = content[size:]
    return [*pieces, content]


@given(
    content=st.binary(max_size=200),
    command_cuts=st.lists(st.integers(0, 30), max_size=6),
    content_cuts=st.lists(st.integers(0, 30), max_size=6),
    messages=st.integers(1, 3),
)
def test_any_fragmentation_gives_the_same_messages(
    content: bytes, command_cuts: list[int], content_cuts: list[int], messages: int
) -> None:
    assembler = Assembler({1})
    for _ in range(messages):
        *first, last = cut(SOUND, command_cuts)
        assert all(assembler.feed(1, b"\1" + piece) is None for piece in first)
        command = assembler.feed(1, b"\3" + last)
        assert isinstance(command, Command)
        assert command.encoded == SOUND
        pieces = cut(content, content_cuts)
        events = [
            assembler.feed(1, bytes([2 if n == len(pieces) - 1 else 0]) + piece) for n, piece in enumerate(pieces)
        ]
        assert all(isinstance(event, Piece) for event in events)
        assert b"".join(event.content for event in events) == content
        assert [event.last for event in events] == [False] * (len(events) - 1) + [True]


def test_after_a_command_without_data_set_the_next_may_use_another_context() -> None:
    assembler = Assembler({1, 3})
    assert assembler.feed(1, b"\3" + ECHO).field == 0x0030
    assert assembler.feed(3, b"\3" + ECHO).context_id == 3


FAULTS = {
    "empty value": [(1, b"")],
    "context not accepted": [(5, b"\3" + SOUND)],
    "data set without command": [(1, b"\2x")],
    "data set after a command without one": [(1, b"\3" + ECHO), (1, b"\2x")],
    "command while a data set is due": [(1, b"\3" + SOUND), (1, b"\3" + ECHO)],
    "data set in another context": [(1, b"\3" + SOUND), (3, b"\2x")],
    "command in two contexts": [(1, b"\1" + FIELD), (3, b"\3" + MESSAGE + TYPE)],
    "command too long": [(1, b"\1" + bytes(LONGEST_COMMAND)), (1, b"\1x")],
}


@pytest.mark.parametrize("values", FAULTS.values(), ids=FAULTS)
def test_faults(values: list[tuple[int, bytes]]) -> None:
    assembler = Assembler({1, 3})
    for context_id, value in values[:-1]:
        assembler.feed(context_id, value)
    with pytest.raises(PeerFault):
        assembler.feed(*values[-1])
