"""``status --json``: the node, its processes, totals, series and alerts. Touches: database (reads), processes.json.

Outside checks rely on these keys; more may be added, none removed.
"""

from typing import Any

from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from dicom_node import VERSION
from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert, Association, Node, Reception, Series
from dicom_node.storage.layout import Layout
from dicom_node.views.counts import counts, no_counts
from dicom_node.views.processes import Running, running
from dicom_node.views.summary import summaries

NEWEST = 1000
QUARANTINED_SHOWN = 100


def status(database: Database | None, layout: Layout, config: Config, *, everything: bool = False) -> dict[str, Any]:
    """Return the whole status; with the node down it is unhealthy and has no processes.

    Parameters
    ----------
    database
        None, or without tables, before the node's first start: everything is empty.
    layout, config
        Of the node.
    everything
        All series instead of the newest 1,000.
    """
    if database is None or not is_ready(database):
        return _head(layout, config) | {"counts": no_counts(), "series": [], "alerts": [], "quarantined": []}
    ids = select(Series.id).order_by(Series.last_received_at.desc(), Series.id.desc())
    with database.read() as session:
        return head(session, layout, config) | {
            "series": summaries(session, ids if everything else ids.limit(NEWEST)),
            "alerts": alerts(session),
            "quarantined": quarantined(session),
        }


def head(session: Session, layout: Layout, config: Config) -> dict[str, Any]:
    """Return node, processes and totals, without the series."""
    return _head(layout, config) | {"counts": counts(session, layout)}


def _head(layout: Layout, config: Config) -> dict[str, Any]:
    now = running(layout)
    return {"node": _node(config, now), "processes": list(now.processes) if now else []}


def is_ready(database: Database) -> bool:
    """Whether the schema stands: the node's own row is the last thing a first start writes."""
    with database.read() as session:
        return inspect(session.connection()).has_table(Node.__tablename__) and session.get(Node, 1) is not None


def _node(config: Config, now: Running | None) -> dict[str, Any]:
    return {
        "ae_title": config.node.ae_title,
        "version": VERSION,
        "started_at": now.started_at if now else None,
        "dicom_port": now.dicom_port if now else config.node.port,
        "web_port": now.web_port if now else config.web.port,
        "healthy": bool(now and now.healthy),
    }


def alerts(session: Session, *, series_id: int | None = None) -> list[dict[str, Any]]:
    """Return the open alerts, of one series or of all, the newest first."""
    chosen = select(Alert, Series.series_instance_uid).outerjoin(Series, Series.id == Alert.series_id)
    if series_id is not None:
        chosen = chosen.where(Alert.series_id == series_id)
    rows = session.execute(chosen.where(Alert.ended_at.is_(None)).order_by(Alert.last_at.desc(), Alert.id.desc()))
    return [
        {
            "at": alert.last_at.isoformat(),
            "kind": alert.kind,
            "message": alert.message,
            "count": alert.count,
            "series_instance_uid": uid,
        }
        for alert, uid in rows
    ]


def quarantined(session: Session, *, limit: int = QUARANTINED_SHOWN) -> list[dict[str, Any]]:
    """Return the newest quarantined and conflicting receptions with their reason."""
    rows = session.execute(
        select(Reception, Association.calling_ae)
        .join(Association, Association.id == Reception.association_id)
        .where(Reception.outcome.in_(("quarantined", "conflict")))
        .order_by(Reception.id.desc())
        .limit(limit)
    )
    return [
        {
            "at": reception.received_at.isoformat(),
            "calling_ae": calling_ae,
            "outcome": reception.outcome,
            "reason_code": reception.reason_code,
            "reason": reception.reason,
            "sop_instance_uid": reception.sop_instance_uid,
            "path": reception.path,
        }
        for reception, calling_ae in rows
    ]
