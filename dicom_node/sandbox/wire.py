"""How owner and server speak over pipes: lengths before bytes, JSON, never pickle. Touches: descriptors given to it.

::

    request   u32 length, JSON {"call": …, "paths": [texts]}
    answer    any number of (u32 length > 0, bytes); then u32 0, u32 length, JSON {"ending": …}
"""

import os
import struct
from typing import Final

_LENGTH: Final = struct.Struct("<I")
CHUNK: Final = 1 << 18

DONE: Final = "done"
"""The child answered all."""
MEMORY: Final = "memory"
CPU: Final = "cpu"
WALL: Final = "wall"
DIED: Final = "died"


class PipeClosed(Exception):
    """The other side is gone; caught by both sides, never seen by callers."""


def read_exactly(descriptor: int, count: int) -> bytes:
    """Read so many bytes.

    Raises
    ------
    PipeClosed
        The other side is gone.
    """
    parts = []
    while count:
        part = os.read(descriptor, min(count, CHUNK))
        if not part:
            raise PipeClosed
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def write_all(descriptor: int, data: bytes) -> None:
    """Write all of it.

    Raises
    ------
    PipeClosed
        The other side is gone.
    """
    view = memoryview(data)
    try:
        while view:
            view = view[os.write(descriptor, view) :]
    except BrokenPipeError:
        raise PipeClosed from None


def read_block(descriptor: int) -> bytes:
    """Read one length and its bytes.

    Raises
    ------
    PipeClosed
        The other side is gone.
    """
    return read_exactly(descriptor, _LENGTH.unpack(read_exactly(descriptor, _LENGTH.size))[0])


def write_block(descriptor: int, data: bytes) -> None:
    """Write one length and its bytes.

    Raises
    ------
    PipeClosed
        The other side is gone.
    """
    write_all(descriptor, _LENGTH.pack(len(data)) + data)
