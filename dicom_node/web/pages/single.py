"""``/series/<number or UID>``: one series whole. Touches: database (reads), previews, processes.json."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dicom_node.views import series as series_view
from dicom_node.views import status as status_view
from dicom_node.views.decision import lines
from dicom_node.web.pages.preview import previews_of
from dicom_node.web.parts import Node, Parts
from dicom_node.web.render import page

router = APIRouter(include_in_schema=False)


@router.get("/series/{name}")
def single(parts: Node, name: str) -> HTMLResponse:
    """Show a series: pictures, decision, jobs with guard figures, deliveries, timeline, objects."""
    with parts.database.read() as session:
        found = series_view.whole(session, series_view.identify(session, name))
        head = status_view.head(session, parts.layout, parts.config)
    values = {"head": head, "item": _prepared(parts, found)}
    return page("series.html", values, zone=parts.config.node.timezone)


def _prepared(parts: Parts, found: dict[str, Any]) -> dict[str, Any]:
    jobs = [{**job, "previews": previews_of(parts.layout, job["id"])} for job in found["jobs"]]
    revisions = [
        {**revision, "lines": lines(revision["decision"]["tree"]) if revision["decision"] else ()}
        for revision in found["revisions"]
    ]
    return {**found, "jobs": jobs, "revisions": revisions}
