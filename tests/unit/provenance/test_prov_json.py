"""The exported provenance of one derived series."""

import hashlib
import json
from pathlib import Path

import pytest

from dicom_node.database.engine import Database
from dicom_node.domain.errors import NotFound
from dicom_node.domain.work import canonical_json
from dicom_node.provenance import checkpoint
from dicom_node.provenance.prov_json import Document, export
from tests.support.deliveries import PATIENT, Made, deliver_result, make_delivered_series, make_world


@pytest.fixture
def exported(tmp_path: Path, database: Database) -> tuple[Document, Made]:
    world = make_world(tmp_path, database)
    made = make_delivered_series(world)
    deliver_result(world, made)
    checkpoint.write(database, world.layout, world.clock)
    return export(database, world.layout, made.derived_series_uid), made


def test_every_derived_object_leads_back_to_a_received_hash(exported: tuple[Document, Made]) -> None:
    document, made = exported
    origins = {
        relation["prov:generatedEntity"]: relation["prov:usedEntity"]
        for relation in document["wasDerivedFrom"].values()
    }
    assert origins == {f"uid:{d}": f"uid:{o}" for d, o in zip(made.derived, made.originals, strict=True)}
    assert all(len(document["entity"][source]["dn:sha256"]) == 64 for source in origins.values())


def test_all_that_is_related_is_described(exported: tuple[Document, Made]) -> None:
    document, _ = exported
    described = {*document["entity"], *document["activity"], *document["agent"]}
    for section in ("wasGeneratedBy", "used", "hadMember", "wasDerivedFrom", "wasAssociatedWith", "wasInformedBy"):
        for relation in document[section].values():
            assert set(relation.values()) <= described, section


def test_the_chain_in_it_can_be_computed_again(exported: tuple[Document, Made]) -> None:
    document, _ = exported
    chain = next(entity for name, entity in document["entity"].items() if name.startswith("dn:chain/"))
    head = ""
    for event in json.loads(chain["dn:events"]):
        said, prev = event.pop("hash"), event.pop("prev_hash")
        assert prev == head
        head = hashlib.sha256(head.encode() + canonical_json(event).encode()).hexdigest()
        assert said == head
    assert (head, len(json.loads(chain["dn:events"]))) == (chain["dn:head"], chain["dn:count"])


def test_it_carries_the_public_key_and_no_patient(exported: tuple[Document, Made]) -> None:
    document, _ = exported
    assert len(document["agent"]["dn:node"]["dn:ed25519_public_key"]) == 64
    text = json.dumps(document)
    assert all(PATIENT[word] not in text for word in ("PatientName", "PatientBirthDate"))


def test_an_unknown_series_is_said(tmp_path: Path, database: Database) -> None:
    world = make_world(tmp_path, database)
    with pytest.raises(NotFound):
        export(database, world.layout, "1.2.3")
