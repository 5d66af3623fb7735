"""``/healthz`` (alive), ``/readyz`` (can receive), ``/metrics``. Touches: database (reads), disk, processes.json."""

import shutil

from fastapi import APIRouter
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import Response

from dicom_node.views.metrics import metrics
from dicom_node.views.processes import running
from dicom_node.web.parts import Node, Parts

GB = 1e9
router = APIRouter()


@router.get("/healthz", include_in_schema=False)
def healthz() -> PlainTextResponse:
    """Answer that this process is alive."""
    return PlainTextResponse("alive\n")


@router.get("/readyz", include_in_schema=False)
def readyz(parts: Node) -> JSONResponse:
    """Answer 200 if the node can receive, else 503 with what is in the way."""
    obstacles = _obstacles(parts)
    return JSONResponse({"ready": not obstacles, "obstacles": obstacles}, status_code=503 if obstacles else 200)


@router.get("/metrics", include_in_schema=False)
def prometheus(parts: Node) -> Response:
    """Answer what Prometheus reads."""
    return Response(metrics(parts.database, parts.layout, parts.clock), media_type=CONTENT_TYPE_LATEST)


def _obstacles(parts: Parts) -> list[str]:
    now = running(parts.layout)
    receivers = [item for item in now.processes if item["name"].startswith("receiver")] if now else []
    found = []
    if not any(item["state"] == "running" for item in receivers):
        found.append("no receiver runs")
    free_gb = shutil.disk_usage(parts.layout.data_dir).free / GB
    if free_gb < parts.config.storage.min_free_gb:
        found.append(f"{free_gb:.1f} GB free, storage.min_free_gb is {parts.config.storage.min_free_gb:g}")
    return found
