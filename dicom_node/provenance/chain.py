"""What an event binds and how events are chained. Pure.

Each row named in `COVERED` writes, at birth and at every change, the listed columns into an event; `verify` replays the
events and compares. Patient attributes are never among them, so they can be deleted without breaking a chain.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from dicom_node.domain.work import canonical_json

NODE_CHAIN: Final = "node"

COVERED: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "series": ("series_instance_uid",),
        "instance": (
            "series_id",
            "sop_instance_uid",
            "sop_class_uid",
            "path",
            "size",
            "sha256",
            "pixel_digest",
            "in_force",
        ),
        "reception": ("path", "sha256", "outcome", "reason_code", "instance_id"),
        "revision": ("series_id", "number", "state", "instance_ids", "digest", "facts_digest", "complete"),
        "rule_set": ("version", "digest", "author", "why"),
        "decision": ("revision_id", "rule_set_version", "rule", "reason_code", "tree_digest", "facts_digest"),
        "job": ("revision_id", "pipeline", "recipe_digest", "release", "state", "reason_code"),
        "derived_series": ("job_id", "series_instance_uid", "digest", "state"),
        "derived_instance": (
            "derived_series_id",
            "sop_instance_uid",
            "path",
            "sha256",
            "pixel_digest",
            "source_instance_id",
        ),
        "delivery": ("destination", "derived_series_id", "revision_id", "state"),
    }
)


def series_chain(series_id: int) -> str:
    """Name of a series' chain."""
    return f"series:{series_id}"


def event_hash(  # noqa: PLR0913  an event is these six and its predecessor
    prev_hash: str, *, chain: str, seq: int, at: datetime, subject: str, cause: str, payload: Mapping[str, Any]
) -> str:
    """Return ``sha256(prev ‖ canonical JSON of the event)`` in hex."""
    body = canonical_json(
        {
            "chain": chain,
            "seq": seq,
            "at": at.isoformat(timespec="microseconds"),
            "subject": subject,
            "cause": cause,
            "payload": payload,
        }
    )
    return hashlib.sha256(prev_hash.encode() + body.encode()).hexdigest()
