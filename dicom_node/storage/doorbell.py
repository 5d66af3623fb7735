"""How receivers wake the coordinator: a datagram with the folder's name on a socket in `run/`. Touches: unix socket.

A ring may be lost (nobody listens, the queue is full): the folders are the truth, and a scan finds what was not heard.
The socket is addressed through its folder's descriptor, because a socket's path holds at most 107 bytes (unix(7)).
"""

import os
import select
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

from dicom_node.storage.layout import Layout

_LONGEST: Final = 4096


def ring(layout: Layout, folder: str) -> None:
    """Tell the coordinator of an association folder, relative to the data folder; never waits, never fails."""
    with suppress(OSError), _address(layout.doorbell) as address, _datagram() as sock:
        sock.sendto(folder.encode(), address)


class Doorbell:
    """The coordinator's end; a socket left by an earlier process is replaced.

    Raises
    ------
    OSError
        The socket cannot be made in `run/`.
    """

    def __init__(self, layout: Layout) -> None:
        layout.run.mkdir(parents=True, exist_ok=True)
        layout.doorbell.unlink(missing_ok=True)
        self._path = layout.doorbell
        self._socket = _datagram()
        with _address(self._path) as address:
            self._socket.bind(address)

    def wait(self, timeout: float) -> set[str]:
        """Return the folders rung for, as soon as there are any, or none after `timeout` [s]."""
        select.select([self._socket], [], [], timeout)
        folders: set[str] = set()
        with suppress(BlockingIOError):
            while True:
                folders.add(self._socket.recv(_LONGEST).decode(errors="replace"))
        return folders

    def close(self) -> None:
        """Stop listening and take the socket away."""
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _datagram() -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sock.setblocking(False)
    return sock


@contextmanager
def _address(path: Path) -> Iterator[str]:
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
