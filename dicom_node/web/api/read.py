"""``/api/v1``: the JSON behind the pages, read-only. Touches: database (reads), processes.json."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from dicom_node.views import series as series_view
from dicom_node.views import status as status_view
from dicom_node.web.filters import Wanted
from dicom_node.web.parts import Node

router = APIRouter(prefix="/api/v1")


@router.get("/status")
def status(parts: Node, everything: Annotated[bool, Query(alias="all")] = False) -> dict[str, Any]:
    """Answer the same as ``dicom-node status --json``."""
    return status_view.status(parts.database, parts.layout, parts.config, everything=everything)


@router.get("/series")
def series(parts: Node, wanted: Wanted) -> dict[str, Any]:
    """Answer series with their jobs and deliveries, the newest first, a hundred a page."""
    with parts.database.read() as session:
        found, total = series_view.find(session, wanted)
    return {"total": total, "series": found}


@router.get("/series/{name}")
def one_series(parts: Node, name: str) -> dict[str, Any]:
    """Answer one series whole, named by its number here or its Series Instance UID."""
    with parts.database.read() as session:
        return series_view.whole(session, series_view.identify(session, name))


@router.get("/alerts")
def alerts(parts: Node) -> list[dict[str, Any]]:
    """Answer the open alerts."""
    with parts.database.read() as session:
        return status_view.alerts(session)
