"""How many threads a network may use on a CPU. Touches: /sys (reads), torch (sets its threads).

Torch counts the machine's cores. In a container that may use two of sixty-four it would start sixty-four threads, which
the kernel then stops in turn: slower than two by far.
"""

import math
from pathlib import Path

import torch

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def keep_to_quota(quota: Path = _QUOTA) -> int:
    """Lower torch's number of threads to the container's share of the CPU, never raise it, and return it."""
    threads = torch.get_num_threads()
    allowed = min(threads, _cores(quota))
    if allowed < threads:
        torch.set_num_threads(allowed)
    return allowed


def _cores(quota: Path) -> int:
    """Whole cores that the quota is worth, at least one; without a quota as many as torch wants."""
    try:
        time, period = (float(part) for part in quota.read_text(encoding="ascii").split())
    except (OSError, ValueError):
        return torch.get_num_threads()
    return max(1, math.floor(time / period))
