"""The timetable begins and ends with a checkpoint, and a task that fails is told."""

from pathlib import Path

from sqlalchemy import select

from dicom_node.config.model import ProvenanceSection
from dicom_node.database.engine import Database
from dicom_node.database.tables import Alert
from dicom_node.provenance import checkpoint
from dicom_node.upkeep.schedule import Schedule, seal
from tests.support.deliveries import make_world


def test_it_seals_at_start_and_the_supervisor_at_stop(tmp_path: Path, database: Database) -> None:
    world = make_world(tmp_path, database)
    schedule = Schedule(database, world.layout, world.clock, world.config)
    schedule.start()
    assert len(checkpoint.files(world.layout.checkpoints)) == 1
    schedule.stop()
    seal(database, world.layout, world.config, world.clock)
    assert len(checkpoint.files(world.layout.checkpoints)) == 2


def test_a_checkpoint_that_cannot_be_copied_is_told_and_stops_nothing(tmp_path: Path, database: Database) -> None:
    world = make_world(tmp_path, database)
    blocked = tmp_path / "file"
    blocked.write_text("")
    config = world.config.model_copy(update={"provenance": ProvenanceSection(checkpoint_to=blocked / "folder")})
    schedule = Schedule(database, world.layout, world.clock, config)
    schedule.start()
    schedule.stop()
    with database.read() as session:
        row = session.scalars(select(Alert)).one()
    assert (row.kind, row.count) == ("upkeep failed", 1)
    assert "checkpoint_to" in row.message
