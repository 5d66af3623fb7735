"""A node's world after restoration: registered originals, a published derived series, deliveries waiting."""

import copy
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from sqlalchemy.orm import Session

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.database.tables import (
    Association,
    Decision,
    Delivery,
    DerivedInstance,
    DerivedSeries,
    Instance,
    Job,
    Reception,
    Revision,
    RuleSet,
    Series,
    Study,
)
from dicom_node.domain.marks import uid_of
from dicom_node.domain.work import Recipe, canonical_json, digest_of
from dicom_node.provenance.record import begin, transition
from dicom_node.restore.derive import uids
from dicom_node.storage.layout import Layout
from dicom_node.storage.part10 import data_set_digest
from tests.support.clock import FixedClock
from tests.support.phantoms import make_series, write_series

PATIENT = {
    "PatientID": "PH1",
    "PatientName": "Phantom^Test",
    "PatientBirthDate": "19700101",
    "PatientSex": "O",
    "AccessionNumber": "A1",
}


@dataclass(frozen=True)
class Made:
    """Rows of one made series."""

    study_uid: str
    series_id: int
    series_uid: str
    revision_id: int
    job_id: int
    derived_series_id: int
    derived_series_uid: str
    originals: tuple[str, ...]
    derived: tuple[str, ...]


@dataclass
class World:
    """Everything a courier needs."""

    database: Database
    layout: Layout
    clock: FixedClock
    config: Config

    def state(self, delivery_id: int) -> Delivery:
        with self.database.read() as session:
            return session.get_one(Delivery, delivery_id)

    def revision(self, revision_id: int) -> Revision:
        with self.database.read() as session:
            return session.get_one(Revision, revision_id)


def make_world(folder: Path, database: Database, *, port: int = 1, **destination: Any) -> World:
    """A world with one destination «pacs» on that port."""
    config = Config.model_validate(
        {
            "node": {"data_dir": str(folder)},
            "destinations": [{"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": port, **destination}],
        }
    )
    return World(database=database, layout=Layout(folder), clock=FixedClock(), config=config)


def make_delivered_series(world: World, *, slices: int = 3, size: int = 16, seed: int = 1, **attributes: Any) -> Made:
    """Registered, cut, decided, restored and published series with its files; the revision is working."""
    at = world.clock.now()
    sources = make_series(slices, size=size, seed=seed, **{**PATIENT, **attributes})
    key = f"a{seed}"
    folder = world.layout.association(at, key)
    paths = write_series(sources, folder)
    with world.database.write() as session:
        study = _study(session, sources[0])
        series = _series(session, study, sources[0], at)
        instances = _instances(session, world, series, sources, paths, (folder, at))
        revision = _revision(session, series, instances, at)
        job = _job(session, revision, at)
        _decision(session, revision, at)
        transition(session, Revision, revision.id, "decided", at=at)
    derived = _derive(world, sources, revision, job)
    derived_paths = write_series(derived, world.layout.derived / f"token{seed}")
    with world.database.write() as session:
        published = _publish(session, world, (job, instances), derived, derived_paths)
    return Made(
        study_uid=study.study_instance_uid,
        series_id=series.id,
        series_uid=series.series_instance_uid,
        revision_id=revision.id,
        job_id=job.id,
        derived_series_id=published.id,
        derived_series_uid=published.series_instance_uid,
        originals=tuple(str(ds.SOPInstanceUID) for ds in sources),
        derived=tuple(str(ds.SOPInstanceUID) for ds in derived),
    )


def deliver_result(world: World, made: Made, *, destination: str = "pacs", expires_in: float | None = None) -> int:
    """A waiting delivery of the derived series."""
    at = world.clock.now()
    expires = None if expires_in is None else at + timedelta(seconds=expires_in)
    return _deliver(
        world,
        Delivery(
            destination=destination, series_id=made.series_id, derived_series_id=made.derived_series_id,
            state="waiting", total=len(made.derived), not_before=at, expires_at=expires, created_at=at,
        ),
    )  # fmt: skip


def cut_again(world: World, made: Made) -> int:
    """A second revision of the same objects."""
    at = world.clock.now()
    with world.database.write() as session:
        first = session.get_one(Revision, made.revision_id)
        revision = Revision(
            series_id=first.series_id, number=2, state="cut", instance_ids=first.instance_ids, digest=first.digest,
            facts=first.facts, facts_digest=first.facts_digest, stacks=[], complete=True, why="quiet", evidence={},
            cut_at=at,
        )  # fmt: skip
        begin(session, revision, cause="cut", at=at)
        transition(session, Revision, revision.id, "decided", at=at)
        return revision.id


def deliver_originals(world: World, made: Made, *, destination: str = "pacs", revision_id: int | None = None) -> int:
    """A waiting delivery of the originals."""
    at = world.clock.now()
    return _deliver(
        world,
        Delivery(
            destination=destination, series_id=made.series_id, revision_id=revision_id or made.revision_id,
            state="waiting", total=len(made.originals), not_before=at, created_at=at,
        ),
    )  # fmt: skip


def _deliver(world: World, row: Delivery) -> int:
    with world.database.write() as session:
        begin(session, row, cause="published", at=world.clock.now())
        return row.id


def _study(session: Session, ds: Dataset) -> Study:
    study = Study(
        study_instance_uid=ds.StudyInstanceUID, patient_id=ds.PatientID, issuer="", patient_name=str(ds.PatientName),
        birth_date=ds.PatientBirthDate, sex=ds.PatientSex, accession_number=ds.AccessionNumber, study_date=ds.StudyDate,
        study_time=ds.StudyTime, study_id=ds.StudyID,
    )  # fmt: skip
    session.add(study)
    session.flush()
    return study


def _series(session: Session, study: Study, ds: Dataset, at: datetime) -> Series:
    series = Series(
        study_id=study.id, series_instance_uid=ds.SeriesInstanceUID, modality=ds.Modality,
        description=ds.SeriesDescription, number=str(ds.SeriesNumber), awaiting=False, first_received_at=at,
        last_received_at=at,
    )  # fmt: skip
    begin(session, series, cause="first instance", at=at)
    return series


def _instances(
    session: Session,
    world: World,
    series: Series,
    sources: list[Dataset],
    paths: list[Path],
    arrival: tuple[Path, datetime],
) -> list[Instance]:
    folder, at = arrival
    association = Association(
        folder=world.layout.relative(folder), calling_ae="CT1", called_ae="RESTORE", address="127.0.0.1", peer="ct1",
        opened_at=at, ended_at=at, outcome="released", stored=len(paths),
    )  # fmt: skip
    session.add(association)
    session.flush()
    instances = []
    for ds, path in zip(sources, paths, strict=True):
        size, sha256 = data_set_digest(path)
        instance = Instance(
            series_id=series.id, association_id=association.id, sop_instance_uid=ds.SOPInstanceUID,
            sop_class_uid=ds.SOPClassUID, transfer_syntax_uid=ds.file_meta.TransferSyntaxUID,
            path=world.layout.relative(path), size=size, sha256=sha256,
            pixel_digest=hashlib.sha256(ds.PixelData).hexdigest(), identity_digest="i", received_at=at, attributes={},
        )  # fmt: skip
        begin(session, instance, cause="registered", at=at)
        reception = Reception(
            association_id=association.id, path=instance.path, size=size, sha256=sha256, received_at=at,
            outcome="registered", sop_instance_uid=instance.sop_instance_uid, instance_id=instance.id,
            series_id=series.id,
        )  # fmt: skip
        begin(session, reception, cause="registered", at=at)
        instances.append(instance)
    return instances


def _revision(session: Session, series: Series, instances: list[Instance], at: datetime) -> Revision:
    facts = {"attributes": {}, "derived": {"instance_count": len(instances)}}
    revision = Revision(
        series_id=series.id, number=1, state="cut", instance_ids=[item.id for item in instances],
        digest=digest_of(sorted([item.sop_instance_uid, item.sha256] for item in instances)), facts=facts,
        facts_digest=digest_of(facts), stacks=[], complete=True, why="quiet", evidence={}, cut_at=at,
    )  # fmt: skip
    begin(session, revision, cause="cut", at=at)
    return revision


def _decision(session: Session, revision: Revision, at: datetime) -> None:
    if session.get(RuleSet, 1) is None:
        text = "rules: []\n"
        rules = RuleSet(version=1, text=text, digest=digest_of(text), author="test", why="test", created_at=at)
        begin(session, rules, cause="imported", at=at)
    decision = Decision(
        revision_id=revision.id, series_id=revision.series_id, rule_set_version=1, rule="all", reason_code="",
        reason="", tree={"outcome": "true"}, tree_digest=digest_of({"outcome": "true"}),
        facts_digest=revision.facts_digest, decided_at=at,
    )  # fmt: skip
    begin(session, decision, cause="decided", at=at)


def _job(session: Session, revision: Revision, at: datetime) -> Job:
    recipe = Recipe(pipeline="ct-nlm", version="1", weights_sha256="", strength=75, label="DLR {SeriesDescription}")
    job = Job(
        revision_id=revision.id, series_id=revision.series_id, pipeline="ct-nlm", recipe=recipe.as_json(),
        recipe_digest=recipe.digest, destinations=["pacs"], priority=50, release="automatic", state="queued",
        created_at=at,
    )  # fmt: skip
    begin(session, job, cause="decided", at=at)
    transition(session, Job, job.id, "claimed", at=at)
    return job


def _derive(world: World, sources: list[Dataset], revision: Revision, job: Job) -> list[Dataset]:
    derived = []
    for source in sources:
        ds = copy.deepcopy(source)
        ds.SeriesDescription = f"DLR {source.SeriesDescription}"
        ds.ImageType = ["DERIVED", *list(source.ImageType)[1:]]
        ds.SOPInstanceUID = uids.sop_instance_uid(
            [str(source.SOPInstanceUID)],
            revision_digest=revision.digest,
            recipe_digest=job.recipe_digest,
            identity=uids.identity_digest(source),
            pixels=pixel_digest(ds),
        )
        derived.append(ds)
    series_uid = uid_of(canonical_json(sorted(str(ds.SOPInstanceUID) for ds in derived)))
    for ds in derived:
        ds.SeriesInstanceUID = series_uid
    return derived


def pixel_digest(ds: Dataset) -> str:
    """The digest as derived objects carry it."""
    return uids.pixel_digest(
        ds.pixel_array,
        bits_stored=ds.BitsStored,
        pixel_representation=ds.PixelRepresentation,
        rescale=[(float(ds.RescaleSlope), float(ds.RescaleIntercept)) if "RescaleSlope" in ds else None],
    )


def _publish(
    session: Session,
    world: World,
    origin: tuple[Job, list[Instance]],
    derived: list[Dataset],
    paths: list[Path],
) -> DerivedSeries:
    job, instances = origin
    at = world.clock.now()
    first = derived[0]
    series = DerivedSeries(
        job_id=job.id, series_id=job.series_id, series_instance_uid=first.SeriesInstanceUID,
        description=first.SeriesDescription, number=3001, folder=world.layout.relative(paths[0].parent),
        digest=uids.series_digest((str(ds.SOPInstanceUID), pixel_digest(ds)) for ds in derived), state="released",
        created_at=at,
    )  # fmt: skip
    begin(session, series, cause="published", at=at)
    for rank, (ds, path) in enumerate(zip(derived, paths, strict=True)):
        instance = DerivedInstance(
            derived_series_id=series.id, sop_instance_uid=ds.SOPInstanceUID, sop_class_uid=ds.SOPClassUID,
            transfer_syntax_uid=ds.file_meta.TransferSyntaxUID, path=world.layout.relative(path),
            size=path.stat().st_size, sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
            pixel_digest=pixel_digest(ds), source_instance_id=instances[rank].id, rank=rank,
        )  # fmt: skip
        begin(session, instance, cause="published", at=at)
    transition(session, Job, job.id, "published", at=at, ended_at=at)
    return series
