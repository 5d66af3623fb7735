"""What the supervisor says of the running node. Touches: ``run/processes.json``, the process table.

The file outlives a supervisor that was killed, so its process is looked for too.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from dicom_node.storage.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Running:
    """A node that runs.

    Attributes
    ----------
    started_at
        ISO 8601.
    dicom_port, web_port
        As bound.
    processes
        ``{"name", "pid", "state", "restarts"}`` each.
    """

    started_at: str
    dicom_port: int
    web_port: int
    processes: tuple[dict[str, Any], ...]

    @property
    def started(self) -> datetime:
        """When the node started."""
        return datetime.fromisoformat(self.started_at)

    @property
    def healthy(self) -> bool:
        """Whether every process runs."""
        return bool(self.processes) and all(process["state"] == "running" for process in self.processes)


def running(layout: Layout) -> Running | None:
    """Return what runs on this data folder, None if the node is down."""
    try:
        said = json.loads(layout.processes.read_text(encoding="utf-8"))
        processes = tuple(
            {key: process[key] for key in ("name", "pid", "state", "restarts")} for process in said["processes"]
        )
        supervisor = said["pid"]
        found = Running(
            started_at=said["started_at"],
            dicom_port=said["dicom_port"],
            web_port=said["web_port"],
            processes=processes,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if _alive(supervisor) else None


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
