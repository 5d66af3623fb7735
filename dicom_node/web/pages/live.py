"""``/events``: server-sent events that make open pages renew themselves. Touches: database (watches)."""

from fastapi import APIRouter
from sse_starlette.sse import EventSourceResponse

from dicom_node.web.parts import Node

router = APIRouter(include_in_schema=False)


@router.get("/events")
async def events(parts: Node) -> EventSourceResponse:
    """Tell of every change, at most twice a second."""
    return EventSourceResponse(parts.changes.stream())
