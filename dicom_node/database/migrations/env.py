"""Alembic's entry: runs migrations on the engine handed over by `dicom_node.database.migrate`."""

from alembic import context

from dicom_node.database.tables import Base

with context.config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
