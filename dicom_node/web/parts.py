"""What every request may ask for: the node's parts, kept by the application. Pure."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.domain.clock import Clock
from dicom_node.storage.layout import Layout
from dicom_node.web.changes import Changes


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The node as the web process sees it."""

    config: Config
    database: Database
    layout: Layout
    clock: Clock
    changes: Changes


def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Node = Annotated[Parts, Depends(_parts)]
