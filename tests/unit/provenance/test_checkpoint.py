"""Signed checkpoints."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from sqlalchemy import select

from dicom_node.database.engine import Database
from dicom_node.database.tables import Checkpoint, Series
from dicom_node.domain.errors import StorageError
from dicom_node.domain.work import canonical_json
from dicom_node.provenance import checkpoint
from dicom_node.provenance.verify import verify
from tests.support.deliveries import World, make_delivered_series, make_world


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    return make_world(tmp_path, database)


def test_the_key_is_made_once_and_readable_by_its_owner_alone(world: World) -> None:
    first = checkpoint.signing_key(world.layout.keys)
    again = checkpoint.signing_key(world.layout.keys)
    assert checkpoint.public_hex(first.public_key()) == checkpoint.public_hex(again.public_key())
    assert stat.S_IMODE((world.layout.keys / checkpoint.PRIVATE_KEY).stat().st_mode) == 0o600


def test_anyone_can_check_the_signature_with_the_public_key(world: World) -> None:
    make_delivered_series(world)
    record = json.loads(checkpoint.write(world.database, world.layout, world.clock).read_bytes())
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(record["public_key"]))
    key.verify(bytes.fromhex(record["signature"]), canonical_json(record["body"]).encode())
    assert key == checkpoint.public_key(world.layout.keys)


def test_it_names_what_grew_and_counts_everything(world: World, database: Database) -> None:
    make_delivered_series(world, seed=1)
    first = json.loads(checkpoint.write(database, world.layout, world.clock).read_bytes())["body"]
    make_delivered_series(world, seed=2)
    second = json.loads(checkpoint.write(database, world.layout, world.clock).read_bytes())["body"]
    assert set(first["grown"]) == {"node", "series:1"}
    assert set(second["grown"]) == {"node", "series:2"}
    with database.read() as session:
        counts = list(session.scalars(select(Series.chain_count)))
        rows = session.scalars(select(Checkpoint).order_by(Checkpoint.id)).all()
    assert second["events"] == sum(counts) + second["grown"]["node"][0]
    assert (second["chains"], [row.root for row in rows]) == (3, [first["root"], second["root"]])
    assert checkpoint.root_of(checkpoint.merged([first, second])) == second["root"]


def test_the_first_one_of_a_node_without_events_verifies(world: World, database: Database) -> None:
    checkpoint.write(database, world.layout, world.clock)
    make_delivered_series(world)
    assert verify(database, world.layout) == []


def test_a_copy_that_cannot_be_written_is_said_after_the_checkpoint_stands(world: World, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(StorageError, match="second copy"):
        checkpoint.write(world.database, world.layout, world.clock, copy_to=blocked / "folder")
    assert len(checkpoint.files(world.layout.checkpoints)) == 1
