"""``/previews/<job>/<kind>.png``: the pictures a job made. Touches: previews (reads).

A path is built from a job's number and one of three words, from nothing else.
"""

import json
from enum import StrEnum
from typing import Any

from fastapi import APIRouter
from starlette.responses import FileResponse

from dicom_node.domain.errors import NotFound
from dicom_node.storage.layout import Layout
from dicom_node.web.parts import Node

router = APIRouter(include_in_schema=False)


class Kind(StrEnum):
    """Which picture."""

    BEFORE = "before"
    AFTER = "after"
    DIFFERENCE = "difference"


@router.get("/previews/{job_id}/{kind}.png")
def preview(parts: Node, job_id: int, kind: Kind) -> FileResponse:
    """Answer a picture; it never changes once a job has made it."""
    path = parts.layout.previews / str(job_id) / f"{kind.value}.png"
    if not path.is_file():
        raise NotFound(happened="there is no such picture", subject=f"job {job_id}", remedy="It may be past retention.")
    return FileResponse(path, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})


def previews_of(layout: Layout, job_id: int) -> dict[str, Any] | None:
    """Return what is said of a job's pictures (slice, windows), None without pictures."""
    try:
        said = json.loads((layout.previews / str(job_id) / "index.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
