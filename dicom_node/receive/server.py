"""Accepts connections on a socket that processes share, and bounds what one may cost. Touches: sockets."""

import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from socketserver import BaseServer
from typing import Final

import structlog
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.presentation import PresentationContext
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

from dicom_node.domain.clock import Clock
from dicom_node.receive.arrival import SLOWEST
from dicom_node.receive.stream import INVALID_PDU

LONGEST_PDU: Final = 1 << 20
"""Longest PDU that is read, whatever its header announces [bytes]."""
OFFERED_PDU: Final = 256 << 10
"""Maximum length we offer: a peer that is told «unlimited» may send a whole object as one PDU [bytes]."""
REQUEST_TIMEOUT_S: Final = 15
STALL_S: Final = 60
"""Longest silence within a PDU once the association is open."""
_KEEP_ALIVE: Final = ((socket.TCP_KEEPIDLE, 60), (socket.TCP_KEEPINTVL, 10), (socket.TCP_KEEPCNT, 6))
_POLL_S: Final = 0.1
_CLOSING: Final = "Sta13"
"""State of the upper layer in which the last word is spoken and only the peer's closing is awaited (PS3.8 9.2.1)."""


class SharedServer(ThreadedAssociationServer):
    """pynetdicom's server on an inherited listening socket.

    Parameters
    ----------
    ae
        Titles, limits and time-outs.
    listening
        Bound and listening; this process's handle is taken over and closed by `halt`.
    contexts
        Supported until an association's request is seen.
    handlers
        Events and what handles them.
    sweep
        Called a few times a second, to end what died.
    welcome
        Whether a connection from an address is taken at all.
    """

    daemon_threads = True

    def __init__(
        self,
        ae: ApplicationEntity,
        listening: socket.socket,
        *,
        contexts: Sequence[PresentationContext],
        handlers: list[evt.EventHandlerType],
        sweep: Callable[[], None],
        welcome: Callable[[str], bool],
    ) -> None:
        self._listening = listening
        self._sweep = sweep
        self._welcome = welcome
        super().__init__(ae, listening.getsockname(), ae.ae_title, list(contexts), evt_handlers=handlers)

    def serve(self) -> None:
        """Accept until `halt`."""
        self.serve_forever(poll_interval=_POLL_S)

    def halt(self) -> None:
        """Stop accepting and close this process's handle of the socket."""
        # AssociationServer.shutdown() would shut the socket down for the other processes too
        BaseServer.shutdown(self)
        self.server_close()

    def server_bind(self) -> None:
        """Take the inherited socket in place of the one just made."""
        if self.socket is not None:
            self.socket.close()
        self.socket = self._listening
        # another process may have taken the connection between select() and accept()
        self.socket.setblocking(False)
        self.server_address = self.socket.getsockname()

    def server_activate(self) -> None:
        """Do nothing: the socket listens already."""

    def server_close(self) -> None:
        """Close this process's handle."""
        if self.socket is not None:
            self.socket.close()

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        """Accept a connection and set what every connection gets."""
        client, address = self._listening.accept()
        client.setblocking(True)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEP_ALIVE:
            client.setsockopt(socket.IPPROTO_TCP, option, value)
        set_timeout(client, REQUEST_TIMEOUT_S)
        return client, address

    def verify_request(self, request: object, client_address: tuple[str, int]) -> bool:
        """Turn away connections that nobody could serve."""
        return self._welcome(client_address[0])

    def service_actions(self) -> None:
        """Look after the associations between two connections."""
        super().service_actions()
        self._sweep()

    def handle_error(self, request: object, client_address: tuple[str, int]) -> None:
        """Log a connection that ended while it was set up."""
        structlog.get_logger().warning("connection lost", address=client_address[0], exc_info=True)


def set_timeout(sock: socket.socket, seconds: int) -> None:
    """Bound each receive and send in the kernel: `settimeout` would cost a poll() before each."""
    for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
        sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))


def bound_reading(wire: AssociationSocket, clock: Clock) -> None:
    """Make an association read PDUs in large pieces, by a deadline, and never longer than `LONGEST_PDU`."""
    sock = wire.socket
    if sock is None:
        return

    def receive(wanted: int) -> bytearray:
        if wire.assoc.dul.state_machine.current_state == _CLOSING:
            _drain(sock)
            return bytearray()
        if wanted > LONGEST_PDU:
            wire.event_queue.put(INVALID_PDU)
            return bytearray()
        content = bytearray(wanted)
        view, got = memoryview(content), 0
        deadline = clock.monotonic() + STALL_S + wanted / SLOWEST
        while got < wanted:
            piece = sock.recv_into(view[got:])
            if not piece:
                return content[:got]
            got += piece
            if got < wanted and clock.monotonic() > deadline:
                raise TimeoutError("the rest of a PDU did not come")
        return content

    # pynetdicom reads 4096 bytes at a time and waits for as many as a header announces
    wire.recv = receive  # type: ignore[method-assign, assignment]


def _drain(sock: socket.socket) -> None:
    """Drop what has come already: a close over unread bytes resets the connection and may destroy our last answer."""
    with suppress(OSError):
        while sock.recv(LONGEST_PDU, socket.MSG_DONTWAIT):
            pass
