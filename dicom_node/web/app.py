"""The web application: pages, JSON, metrics, health. Touches: database (reads), previews, processes.json."""

from pathlib import Path

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from dicom_node import VERSION
from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NodeError, NotFound
from dicom_node.storage.layout import Layout
from dicom_node.web import health
from dicom_node.web.api import read
from dicom_node.web.changes import Changes
from dicom_node.web.front import Front
from dicom_node.web.pages import board, live, preview, single
from dicom_node.web.parts import Parts
from dicom_node.web.render import page

STATIC = Path(__file__).parent / "static"
LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def create(config: Config, database: Database, layout: Layout, clock: Clock) -> FastAPI:
    """Build the application.

    Parameters
    ----------
    config, database, layout, clock
        Of this node; the configuration admits loopback addresses only.
    """
    hosts = LOCAL_NAMES | {config.web.host.lower()}
    app = FastAPI(
        title="dicom-node",
        version=VERSION,
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/v1/openapi.json",
        middleware=[Middleware(Front, hosts=hosts)],
    )
    app.state.parts = Parts(
        config=config, database=database, layout=layout, clock=clock, changes=Changes(database, layout)
    )
    for room in (board, single, preview, live, read, health):
        app.include_router(room.router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.add_exception_handler(NodeError, _say)
    return app


def _say(request: Request, error: Exception) -> Response:
    """Answer an error of the node with its sentence, as JSON or as a page."""
    status = 404 if isinstance(error, NotFound) else 500
    if request.url.path.startswith("/api/"):
        return JSONResponse({"error": str(error)}, status_code=status)
    return page("error.html", {"sentence": str(error)}, zone="system", status=status)
