"""The migrations make the same schema as the models, and refuse what they do not know."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from dicom_node.database.engine import Database
from dicom_node.database.migrate import upgrade
from dicom_node.database.tables import Base, Node
from dicom_node.domain.errors import DatabaseError


def test_migrated_schema_is_that_of_the_models(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/node.db")
    assert upgrade(database)
    assert not upgrade(database)
    with database.writer.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
    with database.read() as session:
        assert session.get(Node, 1) is not None
    database.close()


def test_a_newer_database_is_refused_with_a_sentence(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/node.db")
    upgrade(database)
    with database.writer.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(DatabaseError, match="does not know"):
        upgrade(database)
    database.close()


def test_wait_sees_a_write_of_another_connection(database: Database) -> None:
    database.wait(0)
    assert not database.wait(0)
    with database.write() as session:
        session.get(Node, 1).chain_count = 0
        session.get(Node, 1).installation_id = "changed"
    assert database.wait(1)
