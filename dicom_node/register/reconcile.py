"""Compares the whole store with the database, both ways. Touches: store, sandbox, database (registers, alerts)."""

from dataclasses import dataclass
from datetime import datetime

from dicom_node.database.engine import Database
from dicom_node.domain.clock import Clock
from dicom_node.provenance.record import alert
from dicom_node.register import rows
from dicom_node.register.arrivals import Registrar
from dicom_node.register.parts import Fate, settle_parts
from dicom_node.storage.layout import Layout


@dataclass(frozen=True, kw_only=True)
class Report:
    """What was found and settled.

    Attributes
    ----------
    registered
        Receptions written for files that had none.
    adopted, removed, damaged
        Paths of parts by their fate.
    missing
        Paths of instances in force whose file is not there.
    """

    registered: int
    adopted: tuple[str, ...]
    removed: tuple[str, ...]
    damaged: tuple[str, ...]
    missing: tuple[str, ...]


def reconcile(
    registrar: Registrar, *, database: Database, layout: Layout, clock: Clock, started_at: datetime
) -> Report:
    """Settle parts, register files without a row, list and report rows without a file.

    Parameters
    ----------
    registrar
        Of this process; may run beside that of the node.
    started_at
        Since when the node runs, or now if it does not: younger parts may belong to a living receiver.
    """
    folders = registrar.all_folders()
    parts = [part for folder in folders for part in settle_parts(layout, folder, started_at)]
    by_fate = {fate: tuple(part.path for part in parts if part.fate is fate) for fate in Fate}
    registered = registrar.register(folders) + registrar.quarantine_parts(by_fate[Fate.DAMAGED])
    with database.read() as session:
        expected = rows.paths_in_force(session)
    missing = tuple(path for path in expected if not layout.absolute(path).exists())
    if missing:
        with database.write() as session:
            message = f"{len(missing)} files of instances in force are missing, the first is {missing[0]}"
            alert(session, kind="files missing", message=message, at=clock.now(), key="files missing")
    return Report(
        registered=registered,
        adopted=by_fate[Fate.ADOPTED],
        removed=by_fate[Fate.REMOVED],
        damaged=by_fate[Fate.DAMAGED],
        missing=missing,
    )
