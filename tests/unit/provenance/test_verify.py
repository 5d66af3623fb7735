"""An untouched database passes; whatever is changed behind its back is named."""

import hashlib
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import dcmread

from dicom_node.database.engine import Database
from dicom_node.provenance import checkpoint
from dicom_node.provenance.verify import unsealed, verify
from tests.support.deliveries import Made, World, deliver_originals, deliver_result, make_delivered_series, make_world


@pytest.fixture
def world(tmp_path: Path, database: Database) -> World:
    return make_world(tmp_path, database)


@pytest.fixture
def made(world: World) -> Made:
    made = make_delivered_series(world)
    deliver_result(world, made)
    deliver_originals(world, made)
    checkpoint.write(world.database, world.layout, world.clock)
    return made


def tamper(world: World, *statements: str) -> None:
    connection = sqlite3.connect(world.database.path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def sentences(world: World) -> list[str]:
    return [str(finding) for finding in verify(world.database, world.layout)]


def test_an_untouched_database_passes(world: World, made: Made) -> None:
    assert verify(world.database, world.layout) == []
    assert unsealed(world.database, world.layout) == 0


def test_it_passes_without_any_checkpoint_and_says_what_is_not_sealed(world: World) -> None:
    make_delivered_series(world)
    assert verify(world.database, world.layout) == []
    assert unsealed(world.database, world.layout) > 10


@pytest.mark.parametrize(
    ("statement", "record", "words"),
    [
        ("update provenance_event set cause = 'refused' where subject = 'job:1' and seq > 9", "job:1", "hash"),
        (
            "update provenance_event set payload = json_set(payload, '$.columns.state', 'failed') "
            "where subject = 'job:1' and cause = 'published'",
            "job:1",
            "hash",
        ),
        ("update provenance_event set at = '2020-01-01 00:00:00' where subject = 'delivery:1'", "delivery:1", "hash"),
        ("update job set state = 'failed' where id = 1", "job:1", 'state is "failed", its events say "done"'),
        ("update delivery set state = 'confirmed' where id = 2", "delivery:2", "state"),
        ("update derived_series set state = 'shadow'", "derived_series:1", "state"),
        ("update instance set sha256 = 'f00' where id = 2", "instance:2", "sha256"),
        ("update instance set in_force = 0 where id = 3", "instance:3", "in_force"),
        ("update derived_instance set pixel_digest = 'f00' where id = 1", "derived_instance:1", "pixel_digest"),
        ("update revision set digest = 'f00'", "revision:1", "digest"),
        ("update revision set facts = '{\"attributes\": {}}'", "revision:1", "facts"),
        ("update decision set tree = '{}'", "decision:1", "tree"),
        ("update rule_set set text = 'rules: [x]'", "rule_set:1", "text"),
        ("update job set recipe = json_set(recipe, '$.strength', 20)", "job:1", "recipe"),
        ("update series set series_instance_uid = '1.2.3'", "series:1", "series_instance_uid"),
        ("delete from provenance_event where subject = 'revision:1' and cause = 'decided'", "", "is missing"),
        (
            "insert into rule_set select 2, 2, text, digest, author, why, created_at from rule_set",
            "rule_set:2",
            "no event",
        ),
        ("delete from decision", "decision:1", "gone"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) and " " in value else None,
)
def test_a_changed_row_or_event_is_named(world: World, made: Made, statement: str, record: str, words: str) -> None:
    tamper(world, statement)
    found = verify(world.database, world.layout)
    assert any(words in finding.sentence and record in finding.record for finding in found), found


@pytest.mark.parametrize("with_row", [False, True], ids=["tail alone", "tail and series row"])
def test_a_cut_tail_is_found(world: World, made: Made, with_row: bool) -> None:
    cut = "delete from provenance_event where chain = 'series:1' and seq > 10"
    row = (
        "update series set chain_count = 10, "
        "chain_head = (select hash from provenance_event where chain = 'series:1' and seq = 10)"
    )
    tamper(world, cut, *([row] if with_row else []))
    chain = [finding for finding in verify(world.database, world.layout) if "chain «series:1»" in finding.sentence]
    assert [finding.record for finding in chain] == ["series:1"] * (1 if with_row else 2)
    assert any(made.series_uid in str(finding) and "sealed" in finding.sentence for finding in chain)


def test_a_series_that_vanished_whole_is_found(world: World, made: Made) -> None:
    tamper(world, "delete from provenance_event where chain = 'series:1'", "delete from series")
    assert any("sealed" in text and "series:1" in text for text in sentences(world))


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[-5] ^= 1
    path.write_bytes(content)


def _unlink(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("folder", "name", "record"),
    [("store", "0001.dcm", "instance:2"), ("derived", "0002.dcm", "derived_instance:3")],
    ids=["received", "derived"],
)
@pytest.mark.parametrize("spoil", [_flip, _unlink], ids=["one bit", "deleted"])
def test_a_changed_or_missing_file_is_named(
    world: World, made: Made, folder: str, name: str, record: str, spoil: Callable[[Path], None]
) -> None:
    spoil(next((world.layout.data_dir / folder).rglob(name)))
    found = verify(world.database, world.layout)
    assert [finding.record for finding in found] == [record]
    assert name in found[0].sentence


def test_pixels_that_do_not_fit_the_name_are_found_even_if_every_hash_was_corrected(world: World, made: Made) -> None:
    path = next(world.layout.derived.rglob("0000.dcm"))
    dataset = dcmread(path)
    dataset.PatientID = "ANOTHER"
    dataset.save_as(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    tamper(world, f"update derived_instance set sha256 = '{digest}' where id = 1")
    assert any("SOP Instance UID does not follow" in text for text in sentences(world))


@pytest.mark.parametrize(
    ("key", "value"), [("events", 3), ("root", "00"), ("grown", {})], ids=["count", "root", "heads"]
)
def test_a_changed_checkpoint_file_is_named(world: World, made: Made, key: str, value: object) -> None:
    path = checkpoint.files(world.layout.checkpoints)[0]
    record = json.loads(path.read_bytes())
    record["body"][key] = value
    path.write_text(json.dumps(record))
    assert any("signature" in text and path.name in text for text in sentences(world))


def test_a_missing_checkpoint_is_named(world: World, made: Made) -> None:
    for _ in range(2):
        checkpoint.write(world.database, world.layout, world.clock)
    checkpoint.files(world.layout.checkpoints)[1].unlink()
    found = sentences(world)
    assert any("00000003.json" in text and "missing or was replaced" in text for text in found)
    assert any("00000002.json" in text and "signed file is missing" in text for text in found)


def test_a_checkpoint_signed_by_another_key_is_named(world: World, made: Made, tmp_path: Path) -> None:
    (world.layout.keys / checkpoint.PRIVATE_KEY).unlink()
    public = (world.layout.keys / checkpoint.PUBLIC_KEY).read_bytes()
    checkpoint.write(world.database, world.layout, world.clock)
    (world.layout.keys / checkpoint.PUBLIC_KEY).write_bytes(public)
    assert any("00000002.json" in text and "signature" in text for text in sentences(world))


def test_a_second_copy_tells_what_was_replaced_here(world: World, made: Made, tmp_path: Path) -> None:
    copies = tmp_path / "elsewhere"
    checkpoint.write(world.database, world.layout, world.clock, copy_to=copies)
    assert verify(world.database, world.layout, copies=copies) == []
    path = checkpoint.files(world.layout.checkpoints)[-1]
    path.unlink()
    assert any("second copy" in str(found) for found in verify(world.database, world.layout, copies=copies))
