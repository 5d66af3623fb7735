"""The only way a row with a state is born or moved, each with its event in the same transaction. Touches: database.

`begin` and `transition` for rows with a state, `amend` for other covered columns, `note` for what leaves no row,
`alert` and `end_alert` for people. Events and heads of chains are written with the session's next flush, many at once.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import inspect, select, update
from sqlalchemy.orm import Session

from dicom_node.database.tables import Alert, Base, DerivedInstance, DerivedSeries, Node, ProvenanceEvent, Series
from dicom_node.domain.errors import DatabaseError, NotFound
from dicom_node.domain.states import TABLES, IllegalTransition
from dicom_node.provenance.chain import COVERED, NODE_CHAIN, event_hash, series_chain


def begin(session: Session, row: Base, *, cause: str, at: datetime, payload: Mapping[str, Any] | None = None) -> None:
    """Insert a row and write its first event.

    Parameters
    ----------
    session
        A writing session.
    row
        New row of a table in `COVERED`; a state, if it has one, must be one it may be born in.
    cause
        Why it is born, for people.
    at
        Time of the event, UTC.
    payload
        More to bind (no patient attributes).

    Raises
    ------
    IllegalTransition
        The state is not one to be born in.
    """
    _bear(session, [row])
    _append(session, row, cause, at, {"columns": _covered(row), **(payload or {})})


def begin_all(session: Session, births: Sequence[tuple[Base, str]], *, at: datetime) -> None:
    """Insert (row, cause) after (row, cause), as `begin` does one by one, in one piece.

    Raises
    ------
    IllegalTransition
        The state of one of them is not one to be born in.
    """
    _bear(session, [row for row, _ in births])
    for row, cause in births:
        _append(session, row, cause, at, {"columns": _covered(row)})


def transition(  # noqa: PLR0913  row, cause and claim belong to one look-up
    session: Session,
    kind: type[Base],
    row_id: int,
    cause: str,
    *,
    at: datetime,
    claim: str | None = None,
    payload: Mapping[str, Any] | None = None,
    **columns: Any,
) -> bool:
    """Move one row by its state table, update other columns with it, and write the event.

    Parameters
    ----------
    session
        A writing session.
    kind, row_id
        Which row.
    cause
        A cause of its state table.
    at
        Time of the event, UTC.
    claim
        If given, the row must still hold this claim.
    payload
        More to bind (no patient attributes).
    **columns
        Other columns to set.

    Returns
    -------
    bool
        False, and nothing is changed, if the claim is lost.

    Raises
    ------
    NotFound
        There is no such row.
    IllegalTransition
        The cause does not apply in the row's state.
    """
    row: Any = session.get(kind, row_id, populate_existing=True)
    if row is None:
        raise NotFound(
            happened="no such row", subject=f"{kind.__tablename__} {row_id}", remedy="List what there is first."
        )
    if claim is not None and row.claim != claim:
        return False
    columns["state"] = TABLES[kind.__tablename__].next(row.state, cause, row_id=row_id)
    _change(session, row, cause, at, columns, payload)
    return True


def amend(
    session: Session,
    row: Base,
    cause: str,
    *,
    at: datetime,
    payload: Mapping[str, Any] | None = None,
    **columns: Any,
) -> None:
    """Change covered columns of a row without a state (an instance goes out of force) and write the event."""
    if "state" in columns:
        raise IllegalTransition(happened="states move by transition()", subject=row.__tablename__, remedy="Use it.")
    _change(session, row, cause, at, columns, payload)


def note(
    session: Session,
    *,
    subject: str,
    cause: str,
    at: datetime,
    payload: Mapping[str, Any],
    series_id: int | None = None,
) -> None:
    """Write an event that belongs to no covered row."""
    _link(session, series_id, subject, cause, at, payload)


def alert(
    session: Session, *, kind: str, message: str, at: datetime, series_id: int | None = None, key: str = ""
) -> None:
    """Raise an alert; an equal open one counts up instead.

    Parameters
    ----------
    kind
        Short name (``disk fault``, ``conflict`` …).
    message
        One sentence without patient attributes.
    key
        What makes two alerts equal; the kind and series if empty.
    """
    key = key or f"{kind}:{series_id or ''}"
    row = session.scalar(select(Alert).where(Alert.ended_at.is_(None), Alert.key == key))
    if row is None:
        session.add(Alert(kind=kind, key=key, message=message, series_id=series_id, first_at=at, last_at=at))
    else:
        row.count, row.last_at, row.message = row.count + 1, at, message
    session.flush()


def end_alert(session: Session, key: str, at: datetime) -> None:
    """End the open alert of that key, if there is one."""
    session.execute(update(Alert).where(Alert.key == key, Alert.ended_at.is_(None)).values(ended_at=at))


def _bear(session: Session, rows: Sequence[Any]) -> None:
    for row in rows:
        table = TABLES.get(row.__tablename__)
        if table is not None and row.state not in table.born:
            raise IllegalTransition(
                happened=f"cannot begin as «{row.state}»", subject=row.__tablename__, remedy="Correct the program."
            )
    session.add_all(rows)
    session.flush()


def _covered(row: Any) -> dict[str, Any]:
    return {name: getattr(row, name) for name in COVERED[row.__tablename__]}


def _change(
    session: Session, row: Any, cause: str, at: datetime, columns: dict[str, Any], payload: Mapping[str, Any] | None
) -> None:
    for name, value in columns.items():
        setattr(row, name, value)
    session.flush()
    covered = {name: value for name, value in _covered(row).items() if name in columns}
    _append(session, row, cause, at, {"columns": covered, **(payload or {})})


def _append(session: Session, row: Any, cause: str, at: datetime, payload: Mapping[str, Any]) -> None:
    series_id = row.id if isinstance(row, Series) else getattr(row, "series_id", None)
    if isinstance(row, DerivedInstance):
        series_id = session.get_one(DerivedSeries, row.derived_series_id).series_id
    _link(session, series_id, f"{row.__tablename__}:{inspect(row).identity[0]}", cause, at, payload)


def _link(
    session: Session, series_id: int | None, subject: str, cause: str, at: datetime, payload: Mapping[str, Any]
) -> None:
    chain = NODE_CHAIN if series_id is None else series_chain(series_id)
    owner = session.get(Node, 1) if series_id is None else session.get(Series, series_id)
    if owner is None:
        raise DatabaseError(happened="the chain has no head row", subject=chain, remedy="Run «dicom-node verify».")
    prev_hash, seq = owner.chain_head, owner.chain_count + 1
    digest = event_hash(prev_hash, chain=chain, seq=seq, at=at, subject=subject, cause=cause, payload=payload)
    session.add(
        ProvenanceEvent(
            chain=chain,
            seq=seq,
            at=at,
            subject=subject,
            cause=cause,
            payload=dict(payload),
            prev_hash=prev_hash,
            hash=digest,
        )
    )
    owner.chain_head, owner.chain_count = digest, seq
