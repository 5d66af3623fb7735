"""Asks a destination whether what it accepted is there, and marks the delivery confirmed.

Touches: database (writes delivery, alert), network.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from dicom_node.config.model import Config, DestinationSection
from dicom_node.database.engine import Database
from dicom_node.database.tables import Delivery
from dicom_node.deliver import query, rows
from dicom_node.deliver.parcel import address, object_uids
from dicom_node.deliver.send import remote_of
from dicom_node.domain.clock import Clock
from dicom_node.provenance.record import alert, end_alert, transition
from dicom_node.wire.scu import NothingAccepted, QueryRefused, Remote, Unreachable

PATIENCE_S: Final = 600.0
"""After this time without confirmation a person is told."""


def confirm_next(destination: DestinationSection, *, database: Database, clock: Clock, config: Config) -> bool:
    """Ask for one delivered delivery by C-FIND at image level; whether there was one to ask for.

    What is not there yet is asked for again after as long as it has been waiting, until `deliver.give_up`.
    """
    now = clock.now()
    since = now - timedelta(seconds=config.deliver.give_up)
    with database.read() as session:
        row = rows.unconfirmed(session, destination.name, since=since, at=now)
        if row is None:
            return False
        where = address(session, row)
        wanted = object_uids(session, row.id)
    problem = _ask(remote_of(destination, config.node.ae_title), where, wanted)
    with database.write() as session:
        if problem is None:
            transition(session, Delivery, row.id, "confirmed", at=clock.now(), payload={"found": len(wanted)})
            end_alert(session, f"confirm:{row.id}", clock.now())
        else:
            _wait(session, row, problem, clock, config)
    return True


def _ask(remote: Remote, where: tuple[str, str], wanted: set[str]) -> str | None:
    """Say what is missing, or None."""
    try:
        missing = len(wanted - query.objects(remote, *where))
    except (Unreachable, NothingAccepted, QueryRefused) as error:
        return error.happened
    return f"{missing} of {len(wanted)} objects are not there" if missing else None


def _wait(session: Session, row: Delivery, problem: str, clock: Clock, config: Config) -> None:
    now = clock.now()
    waited = (now - (row.ended_at or now)).total_seconds()
    again = now + timedelta(seconds=max(config.deliver.first_retry, waited))
    session.execute(update(Delivery).where(Delivery.id == row.id).values(not_before=again))
    if waited >= PATIENCE_S:
        alert(
            session,
            kind="not confirmed",
            message=f"delivery {row.id} to {row.destination} is not confirmed: {problem}",
            at=now,
            series_id=row.series_id,
            key=f"confirm:{row.id}",
        )
