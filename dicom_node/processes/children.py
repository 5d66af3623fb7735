"""The supervisor's children: started, watched, restarted with back-off, stopped together. Touches: processes."""

import os
import socket
import subprocess
import sys
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import structlog

from dicom_node.domain.clock import Clock, SystemClock
from dicom_node.processes import processes_file
from dicom_node.storage.layout import Layout

FIRST_BACK_OFF_S = 0.2
LONGEST_BACK_OFF_S = 30.0
HEALTHY_S = 60.0


@dataclass(frozen=True, kw_only=True)
class ChildSpec:
    """What to start: the module below `dicom_node.processes`, the resolved configuration, an inherited socket."""

    name: str
    module: str
    config: Path
    socket_fd: int | None = None
    device: str = "auto"


@dataclass(kw_only=True)
class _Running:
    spec: ChildSpec
    process: subprocess.Popen[bytes] | None = None
    start_id: str = ""
    restarts: int = -1
    started: float = 0.0
    started_at: datetime
    back_off: float = FIRST_BACK_OFF_S
    next_start: float = 0.0


@dataclass(kw_only=True)
class _Public:
    started_at: datetime
    start_id: str = field(default_factory=lambda: uuid.uuid4().hex)


class Children:
    """All children of one supervisor; every method is called from its main thread.

    Parameters
    ----------
    layout
        Where ``processes.json`` is written.
    specs
        What to keep running.
    sockets
        ``dicom`` and ``web`` listening sockets, for the ports in ``processes.json``.
    """

    def __init__(
        self, layout: Layout, specs: list[ChildSpec], sockets: dict[str, socket.socket], *, clock: Clock | None = None
    ) -> None:
        self._layout = layout
        self._clock = clock or SystemClock()
        self._children = [_Running(spec=spec, started_at=self._clock.now()) for spec in specs]
        self._sockets = sockets
        self._public = _Public(started_at=self._clock.now())
        self._life_read, self._life_write = os.pipe()

    @property
    def ports(self) -> dict[str, int]:
        """The ports the sockets are bound to."""
        return {f"{name}_port": sock.getsockname()[1] for name, sock in self._sockets.items()}

    def start(self) -> None:
        """Start all."""
        for child in self._children:
            self._start(child)
        self._tell()

    def tend(self) -> None:
        """Notice the dead and restart those whose back-off is over."""
        changed = False
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child)
                changed = True
            if child.process is None and self._clock.monotonic() >= child.next_start:
                self._start(child)
                changed = True
        if changed:
            self._tell()

    def stop(self, within_s: float) -> None:
        """Ask all to stop, kill who has not within the time."""
        until = self._clock.monotonic() + within_s
        running = [child.process for child in self._children if child.process is not None]
        for process in running:
            process.terminate()
        for process in running:
            try:
                process.wait(max(0.1, until - self._clock.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, child: _Running) -> None:
        spec = child.spec
        child.start_id = uuid.uuid4().hex
        command = [sys.executable, "-m", f"dicom_node.processes.{spec.module}", "--name", spec.name]
        command += ["--start-id", child.start_id, "--config", str(spec.config), "--device", spec.device]
        command += ["--node-started-at", self._public.started_at.isoformat(), "--life-fd", str(self._life_read)]
        descriptors = [self._life_read]
        if spec.socket_fd is not None:
            command += ["--socket-fd", str(spec.socket_fd)]
            descriptors.append(spec.socket_fd)
        child.started_at = self._clock.now()
        child.process = subprocess.Popen(command, pass_fds=descriptors, stdin=subprocess.DEVNULL)  # noqa: S603
        child.restarts += 1
        child.started = self._clock.monotonic()

    def _bury(self, child: _Running) -> None:
        process = child.process
        lived = self._clock.monotonic() - child.started
        child.back_off = FIRST_BACK_OFF_S if lived > HEALTHY_S else min(2 * child.back_off, LONGEST_BACK_OFF_S)
        child.next_start = self._clock.monotonic() + child.back_off
        child.process = None
        code = process.returncode if process is not None else None
        structlog.get_logger().warning("process ended", name=child.spec.name, code=code, again_in_s=child.back_off)

    def _tell(self) -> None:
        processes_file.write(
            self._layout,
            {
                "start_id": self._public.start_id,
                "pid": os.getpid(),
                "started_at": self._public.started_at.isoformat(),
                **self.ports,
                "processes": [
                    {
                        "name": child.spec.name,
                        "pid": child.process.pid if child.process else 0,
                        "state": "running" if child.process else "restarting",
                        "restarts": child.restarts,
                        "start_id": child.start_id,
                        "started_at": child.started_at.isoformat(),
                    }
                    for child in self._children
                ],
            },
        )
