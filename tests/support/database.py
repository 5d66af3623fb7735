"""A fresh database of the present schema."""

from pathlib import Path

from dicom_node.database.engine import Database
from dicom_node.database.tables import Base, Node


def make_database(folder: Path) -> Database:
    """Open an empty database with its node row (tables straight from the models: fast)."""
    database = Database(f"sqlite:///{folder}/node.db")
    Base.metadata.create_all(database.writer)
    with database.write() as session:
        session.add(Node(id=1, installation_id="00000000-0000-0000-0000-000000000001"))
    return database
