"""Supervisor: checks the ground, binds the sockets, starts the children, restarts the dead. Touches: all of the node.

It starts children from its main thread only: PR_SET_PDEATHSIG fires when the *thread* that started a child ends.
"""

import fcntl
import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import structlog

from dicom_node.config.load import load
from dicom_node.config.log import configure
from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.database.migrate import upgrade
from dicom_node.deliver.queue import return_lost as return_lost_deliveries
from dicom_node.domain.clock import SystemClock
from dicom_node.domain.errors import NodeError, StorageError
from dicom_node.executor.local import plan
from dicom_node.processes import processes_file
from dicom_node.processes.children import Children, ChildSpec
from dicom_node.restore.queue import Death, remove_abandoned
from dicom_node.restore.queue import return_lost as return_lost_jobs
from dicom_node.storage.layout import Layout
from dicom_node.upkeep.schedule import seal

BIND_S = 15.0
POLL_S = 0.1
STOP_S = 15.0


class PortTaken(NodeError):
    """Another program listens on the port."""


def serve(config_path: Path) -> int:
    """Run the node until SIGTERM or SIGINT.

    Returns
    -------
    int
        0 after an orderly stop.

    Raises
    ------
    NodeError
        The configuration, the data folder, the database or a port does not allow a start; the sentence says which.
    """
    config = load(config_path, os.environ)
    configure(process="supervisor")
    layout = prepare(config)
    stop = _stop_on_signals()
    with locked(layout):
        try_ground(layout)
        database = Database(config.database.url)
        upgrade(database)
        _return_work(database)
        remove_abandoned(database, layout)
        processes_file.remove(layout)  # of a run that was killed
        sockets = {
            "dicom": bind(config.node.host, config.node.port, stop),
            "web": bind(config.web.host, config.web.port, stop),
        }
        children = Children(layout, _specs(config, layout, sockets), sockets)
        children.start()
        structlog.get_logger().info("node started", **children.ports, data_dir=str(layout.data_dir))
        while not stop.wait(POLL_S):
            children.tend()
        for sock in sockets.values():
            sock.close()  # or the kernel would keep queuing connections that nobody answers
        children.stop(STOP_S)
        _return_work(database)
        seal(database, layout, config, SystemClock())
        processes_file.remove(layout)
        database.close()
    structlog.get_logger().info("node stopped")
    return 0


def prepare(config: Config) -> Layout:
    """Make the folders below ``data_dir``.

    Raises
    ------
    StorageError
        A folder cannot be made.
    """
    layout = Layout(config.node.data_dir)
    try:
        for folder in (layout.store, layout.derived, layout.previews, layout.keys, layout.checkpoints, layout.run):
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            happened=f"the folder cannot be made ({error.strerror})",
            subject=str(layout.data_dir),
            remedy="Set node.data_dir to a folder this user may write.",
        ) from error
    return layout


def try_ground(layout: Layout) -> None:
    """Write, sync, rename and sync the folder once, as every received object will need it.

    Raises
    ------
    StorageError
        The file system refuses one of them.
    """
    probe, target = layout.run / "probe.part", layout.run / "probe"
    try:
        with probe.open("wb") as file:
            file.write(b"probe")
            file.flush()
            os.fsync(file.fileno())
        probe.replace(target)
        folder = os.open(layout.run, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        target.unlink()
    except OSError as error:
        raise StorageError(
            happened=f"write, sync or rename failed ({error.strerror})",
            subject=str(layout.data_dir),
            remedy="Put node.data_dir on a healthy local file system with free space.",
        ) from error


def bind(host: str, port: int, stop: threading.Event) -> socket.socket:
    """Return a listening socket; a port still held by a dying predecessor is tried for 15 s.

    Raises
    ------
    PortTaken
        Another program keeps the port, or the address is not one of this machine.
    """
    clock = SystemClock()
    until = clock.monotonic() + BIND_S
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    while True:
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
            sock.listen(128)
            return sock
        except OSError as error:
            sock.close()
            if clock.monotonic() >= until or stop.wait(0.3):
                raise PortTaken(
                    happened=f"cannot listen ({error.strerror})",
                    subject=f"{host}:{port}",
                    remedy="Stop the other program or set another port in the configuration.",
                ) from error


def _specs(config: Config, layout: Layout, sockets: dict[str, socket.socket]) -> list[ChildSpec]:
    resolved = layout.run / "config.json"
    resolved.write_text(config.model_dump_json(), encoding="utf-8")
    specs = [
        ChildSpec(
            name=f"{processes_file.RECEIVER}1", module="receiver", config=resolved, socket_fd=sockets["dicom"].fileno()
        ),
        ChildSpec(name="coordinator", module="coordinator", config=resolved),
        ChildSpec(name="web", module="web", config=resolved, socket_fd=sockets["web"].fileno()),
    ]
    workers = plan(config.executor)
    return specs + [
        ChildSpec(name=worker.name, module="worker", config=resolved, device=worker.device) for worker in workers
    ]


def _return_work(database: Database) -> None:
    clock = SystemClock()
    return_lost_jobs(database, living=(), clock=clock, death=Death.NODE)
    return_lost_deliveries(database, living=(), clock=clock)


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask)
    signal.signal(signal.SIGINT, ask)
    return stop


@contextmanager
def locked(layout: Layout) -> Iterator[None]:
    """Hold the data folder for this node alone.

    Raises
    ------
    StorageError
        Another node holds it.
    """
    with layout.lock.open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StorageError(
                happened="another node runs on this data folder",
                subject=str(layout.data_dir),
                remedy="Stop it, or give this node its own node.data_dir.",
            ) from None
        yield
