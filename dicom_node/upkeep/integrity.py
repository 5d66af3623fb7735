"""Hashes a rotating sample of stored files again and tells people of what changed. Touches: database, store (reads)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import DerivedInstance, DerivedSeries, Instance
from dicom_node.domain.clock import Clock
from dicom_node.provenance.record import alert
from dicom_node.provenance.verify_files import derived_problem, received_problem
from dicom_node.storage.layout import Layout

SAMPLE: Final = 50
"""About so many files of each kind per run."""


@dataclass(frozen=True, kw_only=True)
class _Due:
    """A file whose turn it is."""

    model: Any
    row_id: int
    path: str
    sha256: str
    series_id: int
    problem_of: Callable[[Path, str], str | None]


def sweep(database: Database, layout: Layout, clock: Clock, *, turn: int) -> int:
    """Check the files whose turn it is; return how many are not as they were stored.

    Parameters
    ----------
    turn
        Counts the runs: every file has its turn once in as many runs as the files need at `SAMPLE` a run.
    """
    with database.read() as session:
        due = [*_received(session, turn), *_derived(session, turn)]
    bad = 0
    for file in due:
        problem = file.problem_of(layout.absolute(file.path), file.sha256)
        if problem is not None:
            bad += _tell(database, file, problem, clock)
    return bad


def _tell(database: Database, file: _Due, problem: str, clock: Clock) -> bool:
    """Raise the alert, unless retention has deleted the file meanwhile."""
    with database.write() as session:
        if session.get_one(file.model, file.row_id).file_deleted_at is not None:
            return False
        alert(
            session,
            kind="integrity",
            message=f"{file.path}: {problem}",
            at=clock.now(),
            series_id=file.series_id,
            key=f"integrity:{file.path}",
        )
        return True


def _received(session: Session, turn: int) -> list[_Due]:
    query = select(Instance.id, Instance.path, Instance.sha256, Instance.series_id)
    return _due(session, Instance, query, turn, received_problem)


def _derived(session: Session, turn: int) -> list[_Due]:
    query = select(DerivedInstance.id, DerivedInstance.path, DerivedInstance.sha256, DerivedSeries.series_id).join(
        DerivedSeries, DerivedSeries.id == DerivedInstance.derived_series_id
    )
    return _due(session, DerivedInstance, query, turn, derived_problem)


def _due(
    session: Session, model: Any, query: Any, turn: int, problem_of: Callable[[Path, str], str | None]
) -> list[_Due]:
    present = model.file_deleted_at.is_(None)
    count = session.scalar(select(func.count()).select_from(model).where(present)) or 0
    period = max(1, -(-count // SAMPLE))
    rows = session.execute(query.where(present, model.id % period == turn % period).limit(2 * SAMPLE))
    return [
        _Due(model=model, row_id=row_id, path=path, sha256=sha256, series_id=series_id, problem_of=problem_of)
        for row_id, path, sha256, series_id in rows
    ]
