"""Web process: pages, JSON, metrics, health. Touches: inherited socket, database (reads; writes for actions)."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from dicom_node.database.engine import Database
from dicom_node.domain.clock import SystemClock
from dicom_node.processes.start import begin
from dicom_node.web.app import create


def main() -> None:
    """Serve the inherited socket until asked to stop."""
    child = begin()
    if child.socket_fd is None:
        raise SystemExit("the web process is started by the supervisor, with a socket")
    app = create(child.config, Database(child.config.database.url), child.layout, SystemClock())
    server = _Server(
        uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=2, lifespan="off")
    )

    def end_with_stop() -> None:
        child.stop.wait()
        server.should_exit = True

    threading.Thread(target=end_with_stop, daemon=True, name="stop").start()
    server.run(sockets=[socket.socket(fileno=child.socket_fd)])


class _Server(uvicorn.Server):
    """Leaves signals to `processes.start`."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


if __name__ == "__main__":
    main()
