"""A listener as a process of its own: `python -m tests.integration.receive_child FOLDER SOCKET_FD [LARGEST_FILE]`."""

import resource
import signal
import socket
import sys
from pathlib import Path

from dicom_node.domain.clock import SystemClock
from dicom_node.receive.listener import Listener
from dicom_node.storage.layout import Layout
from tests.integration.receive_support import make_config


def main(folder: str, socket_fd: str, largest_file: str = "") -> None:
    if largest_file:
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(largest_file), resource.RLIM_INFINITY))
    sock = socket.socket(fileno=int(socket_fd))
    listener = Listener(make_config(), Layout(Path(folder)), SystemClock(), sock=sock)
    listener.start()
    signal.sigwait({signal.SIGTERM})
    listener.stop(1.0)


if __name__ == "__main__":
    main(*sys.argv[1:])
