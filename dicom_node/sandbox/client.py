"""The owner's side of the sandbox: headers, stored values and digests of strangers' files, parsed elsewhere.

Touches: a child process (`dicom_node.sandbox.server`), started when first needed and again when it is gone.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

import dicom_node
from dicom_node.domain.errors import NodeError
from dicom_node.domain.series import Attributes
from dicom_node.sandbox import wire
from dicom_node.sandbox.limits import Limits

_ROOT: Final = Path(dicom_node.__file__).absolute().parents[1]
_END_S: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a received file says of itself.

    Attributes
    ----------
    path
        As asked for.
    transfer_syntax_uid, announced_class_uid, announced_instance_uid
        From File Meta: what was said on the wire.
    attributes
        As `dicom_node.domain.series` describes.
    pixel_digest
        SHA-256 of the bytes of the Pixel Data value; empty where there is none.
    identity_digest
        Over patient, study, series and geometry.
    flags
        What was irregular but did not stop it.
    """

    path: Path
    transfer_syntax_uid: str
    announced_class_uid: str
    announced_instance_uid: str
    attributes: Attributes
    pixel_digest: str
    identity_digest: str
    flags: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A file that cannot be parsed or decoded, with the sentence that says why."""

    path: Path
    detail: str


class SandboxLost(NodeError):
    """The sandbox's server was ended twice during one request: no fault of the file."""


class Sandbox:
    """One server process and its limits; threads share it in turn. Every request may raise `SandboxLost`.

    Parameters
    ----------
    memory_mb
        Address space of the child that serves a request [MiB].
    cpu_s
        Its processor time [s].
    wall_s
        Its time by the wall clock [s].
    """

    def __init__(self, memory_mb: int = 2048, cpu_s: int = 60, wall_s: int = 120) -> None:
        self._limits = Limits(memory_mb=memory_mb, cpu_s=cpu_s, wall_s=wall_s)
        self._lock = threading.Lock()
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """Process id of the server; None before the first request and after `close`."""
        return None if self._server is None else self._server.pid

    def headers(self, paths: Sequence[Path]) -> list[Header | Unreadable]:
        """Parse headers, in the order of `paths`.

        The child answers file by file, so when it dies the guilty file is known: it is tried once more, alone; the
        others go on.
        """
        answers: list[Header | Unreadable] = []
        while len(answers) < len(paths):
            pending = paths[len(answers) :]
            body, _ = self._ask("headers", pending)
            lines = bytes(body).split(b"\n")[:-1]
            answers += [_parsed(path, line) for path, line in zip(pending, lines, strict=False)]
            if len(lines) < len(pending):
                answers.append(self._alone(pending[len(lines)]))
        return answers

    def stored_values(self, path: Path) -> NDArray[Any] | Unreadable:
        """Decode the stored values.

        Returns
        -------
        ndarray or Unreadable
            (rows, columns) or (frames, rows, columns), samples last where there are several; the values as the header
            says (sign extended), in native byte order.
        """
        body, ending = self._ask("stored_values", [path])
        if ending != wire.DONE:
            return Unreadable(path=path, detail=self._sentence(ending))
        first, _, _ = body.partition(b"\n")
        said = json.loads(bytes(first))
        if "detail" in said:
            return Unreadable(path=path, detail=said["detail"])
        array: NDArray[Any] = np.frombuffer(body, dtype=np.dtype(said["dtype"]), offset=len(first) + 1)
        return array.reshape(said["shape"])

    def value_digest(self, path: Path) -> str | Unreadable:
        """Return the SHA-256 of the decoded stored values: equal for every lossless encoding of equal pixels."""
        body, ending = self._ask("value_digest", [path])
        if ending != wire.DONE:
            return Unreadable(path=path, detail=self._sentence(ending))
        said = json.loads(bytes(body))
        return Unreadable(path=path, detail=said["detail"]) if "detail" in said else str(said["digest"])

    def close(self) -> None:
        """End the server."""
        with self._lock:
            self._end()

    def _alone(self, path: Path) -> Header | Unreadable:
        body, ending = self._ask("headers", [path])
        line, newline, _ = bytes(body).partition(b"\n")
        return _parsed(path, line) if newline else Unreadable(path=path, detail=self._sentence(ending))

    def _ask(self, call: str, paths: Sequence[Path]) -> tuple[bytearray, str]:
        """Send one request and return what the child said and how it ended; a lost server is started again once.

        Raises
        ------
        SandboxLost
            The second server was lost too.
        """
        request = json.dumps({"call": call, "paths": [str(path.absolute()) for path in paths]}).encode()
        with self._lock:
            for _ in range(2):
                try:
                    return self._exchange(request)
                except wire.PipeClosed:
                    self._end()
        raise SandboxLost(
            happened="the process that parses strangers' files was ended twice",
            subject="sandbox",
            remedy="Look for what ends processes on this machine (memory); it is tried again.",
        )

    def _exchange(self, request: bytes) -> tuple[bytearray, str]:
        if self._server is None:
            self._server = self._start()
        assert self._server.stdin is not None and self._server.stdout is not None  # noqa: S101  pipes were asked for
        wire.write_block(self._server.stdin.fileno(), request)
        answers = self._server.stdout.fileno()
        body = bytearray()
        while block := wire.read_block(answers):
            body += block
        return body, str(json.loads(wire.read_block(answers))["ending"])

    def _start(self) -> subprocess.Popen[bytes]:
        limits = self._limits
        return subprocess.Popen(  # noqa: S603  our own module, no stranger's text
            [
                sys.executable,
                "-m",
                "dicom_node.sandbox.server",
                *(str(value) for value in (limits.memory_mb, limits.cpu_s, limits.wall_s)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            cwd=_ROOT,
            start_new_session=True,
        )

    def _end(self) -> None:
        server, self._server = self._server, None
        if server is None:
            return
        for pipe in (server.stdin, server.stdout):
            if pipe is not None:
                pipe.close()
        try:
            server.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def _sentence(self, ending: str) -> str:
        limits = self._limits
        return {
            wire.MEMORY: f"reading it takes more than {limits.memory_mb} MiB of memory",
            wire.CPU: f"reading it takes more than {limits.cpu_s} s of processor time",
            wire.WALL: f"reading it takes longer than {limits.wall_s} s",
        }.get(ending, f"the process that read it {ending} twice")


def _parsed(path: Path, line: bytes) -> Header | Unreadable:
    said = json.loads(line)
    if "detail" in said:
        return Unreadable(path=path, detail=said["detail"])
    return Header(path=path, **{**said, "flags": tuple(said["flags"])})
