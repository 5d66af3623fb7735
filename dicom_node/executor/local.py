"""Jobs run in child processes of this machine: how many, and on which device each. Touches: /dev (reads)."""

from dataclasses import dataclass
from pathlib import Path

from dicom_node.config.model import ExecutorSection


@dataclass(frozen=True, kw_only=True)
class WorkerPlan:
    """One worker process.

    Attributes
    ----------
    name
        Process name, ``worker-1`` and on.
    device
        ``cuda:<n>`` of its own GPU, or ``auto`` where the machine has none.
    """

    name: str
    device: str


def plan(section: ExecutorSection, *, devices: Path = Path("/dev")) -> tuple[WorkerPlan, ...]:
    """Return the workers to start: one per NVIDIA GPU, else one on the CPU; a number in the configuration wins."""
    gpus = sum(1 for path in devices.glob("nvidia[0-9]*"))
    count = max(1, gpus) if section.workers == "auto" else section.workers
    return tuple(
        WorkerPlan(name=f"worker-{index + 1}", device=f"cuda:{index % gpus}" if gpus else "auto")
        for index in range(count)
    )
