"""What every child process does first: learn who it is, tie its life to the supervisor's. Touches: process, pipe.

PR_SET_PDEATHSIG alone is not enough: a supervisor that died before the call is not noticed, so a thread also reads a
pipe whose other end only the supervisor holds.
"""

import argparse
import ctypes
import os
import signal
import threading
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import FrameType

from dicom_node.config.log import configure
from dicom_node.config.model import Config
from dicom_node.storage.layout import Layout

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, kw_only=True)
class Child:
    """What a child knows at its start.

    Attributes
    ----------
    name, start_id
        Its name and the identity of this very start; claims in the database carry the latter.
    node_started_at
        When the supervisor started.
    config, layout
        As the supervisor resolved them.
    socket_fd
        Inherited listening socket, where the process has one.
    device
        Device of a worker.
    stop
        Set by SIGTERM.
    """

    name: str
    start_id: str
    node_started_at: datetime
    config: Config
    layout: Layout
    socket_fd: int | None
    device: str
    stop: threading.Event


def begin() -> Child:
    """Read the arguments the supervisor gave, tie this process to it, and set up logging and signals."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--name", required=True)
    parser.add_argument("--start-id", required=True)
    parser.add_argument("--node-started-at", type=datetime.fromisoformat, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--life-fd", type=int, required=True)
    parser.add_argument("--socket-fd", type=int)
    parser.add_argument("--device", default="auto")
    arguments = parser.parse_args()
    die_with_parent()
    threading.Thread(target=_watch, args=(arguments.life_fd,), daemon=True, name="life").start()
    config = Config.model_validate_json(arguments.config.read_text(encoding="utf-8"))
    configure(process=arguments.name)
    stop = threading.Event()

    def ask_to_stop(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, ask_to_stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    return Child(
        name=arguments.name,
        start_id=arguments.start_id,
        node_started_at=arguments.node_started_at,
        config=config,
        layout=Layout(config.node.data_dir),
        socket_fd=arguments.socket_fd,
        device=arguments.device,
        stop=stop,
    )


def die_with_parent() -> None:
    """Ask the kernel to kill this process when the thread that started it ends (prctl(2))."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch(life_fd: int) -> None:
    os.read(life_fd, 1)
    os._exit(1)
