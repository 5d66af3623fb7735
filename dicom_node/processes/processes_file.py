"""``run/processes.json``: what the supervisor says of its children. Touches: the run folder."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from dicom_node.storage.layout import Layout

RECEIVER: Final = "receiver-"


def write(layout: Layout, value: Mapping[str, Any]) -> None:
    """Replace the file atomically."""
    part = layout.processes.with_suffix(".part")
    part.write_text(json.dumps(value, indent=1), encoding="utf-8")
    part.replace(layout.processes)


def remove(layout: Layout) -> None:
    """Take the list away: the node has stopped."""
    layout.processes.unlink(missing_ok=True)


def read(layout: Layout) -> dict[str, Any] | None:
    """Return what the supervisor wrote last; None if no node runs on this data folder."""
    try:
        value: dict[str, Any] = json.loads(layout.processes.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return value


def living(layout: Layout) -> frozenset[str]:
    """Start ids of the children that the supervisor says are running."""
    return frozenset(item["start_id"] for item in _running(layout))


def receiving_since(layout: Layout) -> datetime | None:
    """When the first of the receivers that run now was started; None if none does."""
    starts = [item["started_at"] for item in _running(layout) if item["name"].startswith(RECEIVER)]
    return min(map(datetime.fromisoformat, starts), default=None)


def _running(layout: Layout) -> list[dict[str, Any]]:
    told = read(layout) or {"processes": []}
    return [item for item in told["processes"] if item["state"] == "running"]
