"""The events of a series in words. Touches: database (reads)."""

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.tables import ProvenanceEvent
from dicom_node.provenance.chain import series_chain

LONGEST = 2000
_NOUNS = {
    "series": "series",
    "instance": "object",
    "reception": "reception",
    "revision": "revision",
    "decision": "decision",
    "job": "job",
    "derived_series": "derived series",
    "derived_instance": "derived object",
    "delivery": "delivery",
}
_MANY = frozenset({"instance", "reception", "derived_instance"})
_SAID = ("who", "why", "reason", "reason_code", "destination", "pipeline", "outcome")


def timeline(session: Session, series_id: int) -> list[dict[str, Any]]:
    """Return what happened to a series, the oldest first; runs of equal events of single objects are one line.

    Returns
    -------
    list
        ``{"at", "until", "count", "subject", "text", "state"}``.
    """
    newest = session.scalars(
        select(ProvenanceEvent)
        .where(ProvenanceEvent.chain == series_chain(series_id))
        .order_by(ProvenanceEvent.seq.desc())
        .limit(LONGEST)
    )
    events = [event for event in newest if not _told_by_its_object(event)]
    return [_line(list(run)) for _, run in groupby(reversed(events), key=_kind)]


def _told_by_its_object(event: ProvenanceEvent) -> bool:
    """Whether it is the reception of an object that was registered, which has an event of its own."""
    columns = event.payload.get("columns", {})
    return event.subject.startswith("reception:") and columns.get("outcome") == "registered"


def _kind(event: ProvenanceEvent) -> tuple[object, ...]:
    table = event.subject.partition(":")[0]
    return (table, event.cause) if table in _MANY else (event.seq,)


def _line(run: list[ProvenanceEvent]) -> dict[str, Any]:
    first, last = run[0], run[-1]
    table, _, number = first.subject.partition(":")
    noun = _NOUNS.get(table, table)
    subject = f"{len(run)} {noun}s" if len(run) > 1 else f"{noun} {number}".strip()
    columns = first.payload.get("columns", {})
    said = _details({**columns, **{key: value for key, value in first.payload.items() if key != "columns"}})
    return {
        "at": first.at.isoformat(),
        "until": last.at.isoformat(),
        "count": len(run),
        "subject": "series" if table == "series" else subject,
        "text": first.cause + (f" ({said})" if said and len(run) == 1 else ""),
        "state": columns.get("state") if len(run) == 1 else None,
    }


def _details(values: Mapping[str, Any]) -> str:
    return "; ".join(
        f"{key.removesuffix('_code')}: {values[key]}" for key in _SAID if values.get(key) not in (None, "")
    )
