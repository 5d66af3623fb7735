"""What a child that parses strangers' bytes may take, and how it is confined. Touches: this process's limits, streams.

The server itself is not bound to the thread that started it (PR_SET_PDEATHSIG would end it with that thread); it
watches its pipe and its owner's process id instead. Its children, forked by its only thread, are bound to it.
"""

import ctypes
import os
import resource
import signal
from dataclasses import dataclass
from typing import Final

MIB: Final = 1 << 20
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38
_STANDARD_STREAMS: Final = (0, 1, 2)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one request may take.

    Attributes
    ----------
    memory_mb
        Address space [MiB].
    cpu_s
        Processor time [s].
    wall_s
        Time by the wall clock [s]; kept by the server.
    """

    memory_mb: int = 2048
    cpu_s: int = 60
    wall_s: int = 120


def confine(limits: Limits, parent: int) -> None:
    """Bind this forked child to its limits and to its parent; it keeps no stream of the server.

    Parameters
    ----------
    limits
        Memory and processor time.
    parent
        Process id of the server that forked it.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in _STANDARD_STREAMS:
        os.dup2(nothing, stream)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, limits.cpu_s + 1))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_mb * MIB, limits.memory_mb * MIB))
