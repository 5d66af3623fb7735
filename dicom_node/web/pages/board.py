"""``/``: the board of series with the node's state. Touches: database (reads), processes.json."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import HTMLResponse

from dicom_node.domain.states import SERIES_STATES
from dicom_node.views import series as series_view
from dicom_node.views import status as status_view
from dicom_node.views.counts import JOB_STATES
from dicom_node.views.pipelines import last_week
from dicom_node.web.filters import PAGE_SIZE, Wanted, query_of
from dicom_node.web.parts import Node
from dicom_node.web.render import page

QUARANTINED_SHOWN = 20
router = APIRouter(include_in_schema=False)


@router.get("/")
def board(parts: Node, wanted: Wanted) -> HTMLResponse:
    """Show the newest series that the filter in the URL asks for."""
    number = wanted.offset // PAGE_SIZE + 1
    with parts.database.read() as session:
        found, total = series_view.find(session, wanted)
        values: dict[str, Any] = {
            "head": status_view.head(session, parts.layout, parts.config),
            "alerts": status_view.alerts(session),
            "quarantined": status_view.quarantined(session, limit=QUARANTINED_SHOWN),
            "pipelines": last_week(session, parts.clock.now()),
            "modalities": series_view.modalities(session),
        }
    more = wanted.offset + len(found) < total
    values |= {
        "wanted": wanted,
        "series": found,
        "total": total,
        "series_states": SERIES_STATES,
        "job_states": JOB_STATES,
        "not_asked": [item.name for item in parts.config.destinations if not item.verify_identity],
        "query": query_of(wanted, page=number),
        "newer": query_of(wanted, page=number - 1) if number > 1 else None,
        "older": query_of(wanted, page=number + 1) if more else None,
    }
    return page("board.html", values, zone=parts.config.node.timezone)
