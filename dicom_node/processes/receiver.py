"""Receiver process: associations and C-STORE to disk. Touches: inherited socket, store; never the database or torch."""

import socket

import structlog

from dicom_node.domain.clock import SystemClock
from dicom_node.processes.start import begin
from dicom_node.receive.listener import Listener

GRACE_S = 5.0


def main() -> None:
    """Serve the inherited socket until asked to stop."""
    child = begin()
    if child.socket_fd is None:
        raise SystemExit("the receiver is started by the supervisor, with a socket")
    sock = socket.socket(fileno=child.socket_fd)
    listener = Listener(child.config, child.layout, SystemClock(), sock=sock)
    listener.start()
    structlog.get_logger().info("receiving", ae_title=child.config.node.ae_title, port=sock.getsockname()[1])
    child.stop.wait()
    listener.stop(GRACE_S)


if __name__ == "__main__":
    main()
