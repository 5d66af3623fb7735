"""How much of a volume a device takes at once, and what out-of-memory looks like. Touches: /proc, /sys, the device."""

from pathlib import Path

import torch

SHARE = 0.5
"""Of the free memory that a batch may fill: others on the device allocate, too."""

COPIES = 6
"""Layers' answers of the widest kind that are alive at the same time, with what a convolution needs to work."""

CACHED_PIXELS = 512 * 512
"""Pixels at once on a CPU: more do not fit its caches, and two slices of 512 × 512 at once are slower than one."""

MOST_PIXELS = 32 * 512 * 512
"""Pixels at once on a GPU: it is busy with these, more only make the first answer late."""

_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")
_SIGNS = ("not enough memory", "out of memory", "allocate memory", "alloc_failed", "could not create a memory")


def slices_at_once(pixels: int, *, features: int, device: torch.device) -> int:
    """Return how many pictures a batch should have.

    Parameters
    ----------
    pixels
        Of one picture.
    features
        Numbers that the network's widest layer holds for a pixel.
    device
        Where it runs.
    """
    most = CACHED_PIXELS if device.type == "cpu" else MOST_PIXELS
    fitting = free_bytes(device) * SHARE / (4 * COPIES * features)
    return max(1, int(min(most, fitting)) // pixels)


def free_bytes(device: torch.device) -> float:
    """Return the memory that this process may still fill on a device; infinite where nothing is known."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        return free + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    return min(_free_on_machine(), _free_in_group(_CGROUP))


def is_out_of_memory(error: BaseException) -> bool:
    """Tell an allocation that failed from other errors: on a CPU torch has no type of its own for it."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in _SIGNS)


def release(device: torch.device) -> None:
    """Give back what torch keeps of freed memory, so that a smaller piece finds it in one part."""
    if device.type == "cuda":
        torch.cuda.empty_cache()


def _free_on_machine() -> float:
    if not _MEMINFO.exists():
        return float("inf")
    fields = dict(line.split(":", 1) for line in _MEMINFO.read_text(encoding="ascii").splitlines())
    return float(fields["MemAvailable"].split()[0]) * 1024 if "MemAvailable" in fields else float("inf")


def _free_in_group(group: Path) -> float:
    """Memory that a container's limit leaves; file pages in its count are given up when needed."""
    try:
        limit = float((group / "memory.max").read_text(encoding="ascii"))
        used = float((group / "memory.current").read_text(encoding="ascii"))
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return float("inf")
    given_up = next((float(line.split()[1]) for line in lines if line.startswith("inactive_file ")), 0.0)
    return max(0.0, limit - used + given_up)
