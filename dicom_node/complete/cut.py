"""Cuts series that are complete into immutable revisions. Touches: database (reads series; writes revision).

A series is looked at outside any writing transaction; the transaction that cuts compares what was looked at with what
is in force by then, and leaves the series waiting if they differ. An instance that arrives during the hand-over is thus
in this cut or in the next one, never lost.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from dicom_node.complete import rows
from dicom_node.complete.evidence import Peer, arrivals_of, longest_gap_s, stated_counts
from dicom_node.complete.facts import Circumstances, build_facts
from dicom_node.complete.policy import Arrivals, Cut, decide_cut, shortest_wait
from dicom_node.complete.stacks import split
from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.database.tables import Association, Delivery, DerivedSeries, Job, Revision, Series
from dicom_node.domain.clock import Clock
from dicom_node.domain.reasons import reason
from dicom_node.domain.series import Instance
from dicom_node.provenance.alone import FIRST_WAIT, alone, failing
from dicom_node.provenance.closing import close_if_finished
from dicom_node.provenance.record import alert, transition

FAILED: Final = "cut failed"
_SUPERSEDED = (Job, Delivery, DerivedSeries)


@dataclass(frozen=True, kw_only=True)
class _Seen:
    """What was looked at before cutting."""

    series_id: int
    arrivals: Arrivals
    association: Association | None
    conflict: bool
    last_received_at: datetime


def sweep(database: Database, config: Config, clock: Clock) -> datetime | None:
    """Cut every series that is due; one that fails gets an alert and is tried again later.

    Returns
    -------
    datetime | None
        When to look again if nothing arrives; None if no series is waiting.
    """
    with database.read() as session:
        waiting = rows.awaiting(session)
        failed = failing(session, FAILED)
    again: list[datetime] = []
    for series_id, last_received_at in waiting:
        earliest = max(last_received_at + shortest_wait(config.completion), failed.get(series_id, last_received_at))
        if clock.now() < earliest:
            again.append(earliest)
            continue
        until: datetime | None = clock.now() + FIRST_WAIT
        with alone(database, clock, FAILED, series_id, failed_before=series_id in failed):
            until = _look(database, config, clock, series_id)
        if until is not None:
            again.append(until)
    return min(again, default=None)


def _look(database: Database, config: Config, clock: Clock, series_id: int) -> datetime | None:
    with database.read() as session:
        seen = _see(session, config, series_id, clock.now())
    verdict = decide_cut(seen.arrivals, config.completion, clock.now())
    if not isinstance(verdict, Cut):
        return verdict.until
    return None if _cut(database, config, clock, seen, verdict) else clock.now() + shortest_wait(config.completion)


def _see(session: Session, config: Config, series_id: int, now: datetime) -> _Seen:
    series = session.get_one(Series, series_id)
    instances = rows.evidence_of(session, series_id)
    bringers, association = rows.bringers(session, instances)
    peer = Peer()
    if association is not None:
        known = config.peer_of(association.calling_ae)
        peer = Peer(
            past=rows.past_of(session, association.calling_ae, but=series_id),
            others_open=rows.others_open(session, association.calling_ae, now),
            releases_when_complete=known is not None and known.releases_when_complete,
        )
    return _Seen(
        series_id=series_id,
        arrivals=arrivals_of(instances, bringers, peer, last_received_at=series.last_received_at),
        association=association,
        conflict=series.conflict,
        last_received_at=series.last_received_at,
    )


def _cut(database: Database, config: Config, clock: Clock, seen: _Seen, verdict: Cut) -> bool:
    """Cut, unless the set in force has changed since it was looked at."""
    with database.read() as session:
        instances = rows.instances_in_force(session, seen.series_id)
    content = _content(seen, verdict, instances, config) if instances else None
    at = clock.now()
    with database.write() as session:
        series = session.get_one(Series, seen.series_id)
        unchanged = rows.ids_in_force(session, seen.series_id) == {item.id for item in instances}
        if not unchanged or series.last_received_at != seen.last_received_at or series.conflict != seen.conflict:
            return False
        series.awaiting = False
        older = rows.newest_revision(session, seen.series_id)
        if content is not None and _differs(older, instances, conflict=seen.conflict):
            _supersede(session, seen.series_id, at)
            _hand_over(session, seen.series_id, content, 1 if older is None else older.number + 1, at)
    return True


def _content(seen: _Seen, verdict: Cut, instances: Sequence[Instance], config: Config) -> rows.NewCut:
    stacks = split(instances)
    return rows.NewCut(
        instances=instances,
        facts=build_facts(instances, stacks, _circumstances(seen, verdict, config)),
        stacks=stacks,
        evidence=_evidence(seen, verdict, instances),
        verdict=verdict,
    )


def _differs(older: Revision | None, instances: Sequence[Instance], *, conflict: bool) -> bool:
    if older is None:
        return True
    same = set(older.instance_ids) == {item.id for item in instances}
    return not same or bool(older.evidence.get("conflict")) != conflict


def _hand_over(session: Session, series_id: int, content: rows.NewCut, number: int, at: datetime) -> None:
    rows.insert_revision(session, series_id, content, number=number, at=at)
    if not content.verdict.complete:
        message = f"A series was cut although objects are missing ({content.verdict.why})."
        alert(session, kind="incomplete", message=message, at=at, series_id=series_id)


def _evidence(seen: _Seen, verdict: Cut, instances: Sequence[Instance]) -> dict[str, object]:
    return {
        "calling_ae": seen.association.calling_ae if seen.association is not None else "",
        "modality": instances[0].text("Modality"),
        "count": len(instances),
        "longest_gap_s": longest_gap_s(item.received_at for item in instances),
        "released": seen.arrivals.released_at is not None,
        "stated": {kind: list(pair) for kind, pair in stated_counts(instances).items()},
        "missing": not verdict.complete,
        "holes": seen.arrivals.holes,
        "conflict": seen.conflict,
        "last_received_at": seen.last_received_at.isoformat(),
    }


def _circumstances(seen: _Seen, verdict: Cut, config: Config) -> Circumstances:
    association = seen.association
    zone = None if config.node.timezone == "system" else ZoneInfo(config.node.timezone)
    return Circumstances(
        calling_ae=association.calling_ae if association is not None else "",
        called_ae=association.called_ae if association is not None else "",
        peer=association.peer if association is not None else "",
        complete=verdict.complete,
        holes=seen.arrivals.holes,
        received_local=seen.last_received_at.astimezone(zone),
    )


def _supersede(session: Session, series_id: int, at: datetime) -> None:
    """Take back what older cuts still have to do, and say what has left the node already."""
    superseded = reason("superseded")
    older = rows.revisions_of(session, series_id)
    for kind in _SUPERSEDED:
        for row_id in rows.unfinished(session, kind, list(older), "superseded"):
            rows.supersede(session, kind, row_id, superseded, at=at)
    replaced = rows.replaced_deliveries(session, list(older))
    if replaced:
        message = f"A later cut replaces results that {', '.join(replaced)} already holds; their new label says so."
        alert(session, kind="replaced", message=message, at=at, series_id=series_id)
    for revision_id, state in older.items():
        if state == "cut":
            transition(session, Revision, revision_id, "no work", at=at)
        close_if_finished(session, revision_id, at=at)
