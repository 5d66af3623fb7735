"""The sandbox's own small process, without torch: forks one confined child per request and relays what it says.

Touches: pipes, processes; its children read the files named in a request. Started as
``python -m dicom_node.sandbox.server MEMORY_MB CPU_S WALL_S`` by `dicom_node.sandbox.client`; ends with its owner.
"""

import json
import os
import select
import signal
import sys
import warnings
from typing import Any, Final

from dicom_node.domain.clock import SystemClock
from dicom_node.sandbox import calls, wire
from dicom_node.sandbox.limits import Limits, confine

REQUESTS: Final = 0
ANSWERS: Final = 1
_OWNER_CHECK_MS: Final = 1000
_EXIT_MEMORY: Final = 71
_EXIT_FAILED: Final = 72


def main() -> None:
    """Serve requests until the owner is gone."""
    memory_mb, cpu_s, wall_s = (int(text) for text in sys.argv[1:4])
    limits = Limits(memory_mb=memory_mb, cpu_s=cpu_s, wall_s=wall_s)
    owner = os.getppid()
    warnings.simplefilter("ignore")
    try:
        while _wait(REQUESTS, owner):
            request = json.loads(wire.read_block(REQUESTS))
            ending = _serve(request, limits, owner)
            wire.write_block(ANSWERS, b"")
            wire.write_block(ANSWERS, json.dumps({"ending": ending}).encode())
    except wire.PipeClosed:
        return


def _wait(descriptor: int, owner: int) -> bool:
    """Wait until there is something to read; False when the owner is gone."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        if poll.poll(_OWNER_CHECK_MS):
            return True
        if os.getppid() != owner:
            return False


def _serve(request: dict[str, Any], limits: Limits, owner: int) -> str:
    """Run one request in a child and return how it ended."""
    reading, writing = os.pipe()
    server = os.getpid()
    child = os.fork()
    if child == 0:
        _child(request, writing, limits, server)
    os.close(writing)
    in_time = False
    try:
        in_time = _relay(reading, limits.wall_s, owner)
    finally:
        if not in_time:
            os.kill(child, signal.SIGKILL)
        os.close(reading)
        _, status = os.waitpid(child, 0)
    return _ending(status) if in_time else wire.WALL


def _relay(reading: int, wall_s: float, owner: int) -> bool:
    """Pass on what the child writes until it closes; False when its time is over.

    Raises
    ------
    PipeClosed
        The owner is gone.
    """
    clock = SystemClock()
    until = clock.monotonic() + wall_s
    poll = select.poll()
    poll.register(reading, select.POLLIN)
    poll.register(REQUESTS, 0)  # only tells that the owner hung up
    while (left := until - clock.monotonic()) > 0:
        ready = dict(poll.poll(min(left * 1000, _OWNER_CHECK_MS)))
        if REQUESTS in ready or os.getppid() != owner:
            raise wire.PipeClosed
        if reading in ready:
            data = os.read(reading, wire.CHUNK)
            if not data:
                return True
            wire.write_block(ANSWERS, data)
    return False


def _child(request: dict[str, Any], writing: int, limits: Limits, server: int) -> None:
    """Answer the request in the forked child; never returns."""
    status = _EXIT_FAILED
    try:
        confine(limits, server)
        calls.answer(request, lambda data: wire.write_all(writing, data))
        status = 0
    except MemoryError:
        status = _EXIT_MEMORY
    finally:
        os._exit(status)


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return wire.CPU if os.WTERMSIG(status) == signal.SIGXCPU else f"{wire.DIED} (signal {os.WTERMSIG(status)})"
    code = os.WEXITSTATUS(status)
    return {0: wire.DONE, _EXIT_MEMORY: wire.MEMORY}.get(code, wire.DIED)


if __name__ == "__main__":
    main()
