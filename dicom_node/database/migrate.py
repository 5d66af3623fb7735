"""Bringing a database to this program's schema. Touches: database, files beside it (back-up)."""

import sqlite3
import uuid
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from dicom_node.database.engine import Database
from dicom_node.database.tables import Node
from dicom_node.domain.errors import DatabaseError

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database) -> bool:
    """Create or upgrade the schema; an older database is backed up beside itself first.

    Returns
    -------
    bool
        Whether anything was changed.

    Raises
    ------
    DatabaseError
        The database was made by a newer program.
    """
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    with database.writer.connect() as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    wanted = script.get_current_head()
    if present == wanted:
        return False
    if present is not None:
        _refuse_newer(script, present, database.path)
        _back_up(database.path, present)
    config.attributes["engine"] = database.writer
    command.upgrade(config, "head")
    with database.write() as session:
        if session.get(Node, 1) is None:
            session.add(Node(id=1, installation_id=str(uuid.uuid4())))
    return True


def _refuse_newer(script: ScriptDirectory, present: str, path: Path) -> None:
    if present not in {revision.revision for revision in script.walk_revisions()}:
        raise DatabaseError(
            happened=f"it has the schema {present}, which this program does not know",
            subject=str(path),
            remedy="Start the newer program that made it, or restore the back-up made before the upgrade.",
        )


def _back_up(path: Path, present: str) -> None:
    with sqlite3.connect(path) as source, sqlite3.connect(path.with_name(f"{path.name}.before-{present}")) as target:
        source.backup(target)
