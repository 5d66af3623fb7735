"""Registered, cut and decided series with their files: what a worker finds."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset
from sqlalchemy import select

from dicom_node.complete.stacks import split
from dicom_node.config.model import Config
from dicom_node.database import tables
from dicom_node.database.engine import Database
from dicom_node.domain.series import Instance
from dicom_node.domain.work import Recipe, digest_of
from dicom_node.provenance.record import begin, transition
from dicom_node.restore import queue
from dicom_node.restore.job import JobContext, run_job
from dicom_node.restore.pipelines import Loader, Restorers, load
from dicom_node.restore.rows import Claim
from dicom_node.sandbox.client import Sandbox
from dicom_node.storage.layout import Layout
from tests.support.clock import FixedClock
from tests.support.phantoms import make_series, write_series
from tests.unit.restore.kit import instances_of, recipe


@dataclass
class Bench:
    """A worker's world: database, files, pipelines."""

    context: JobContext
    clock: FixedClock

    @property
    def database(self) -> Database:
        return self.context.database

    def add_series(self, series: list[Dataset] | None = None, *, seed: int = 1) -> int:
        """Register and cut a series; returns the id of its revision."""
        made = series or make_series(4, seed=seed)
        layout, at = self.context.layout, self.clock.now()
        folder = layout.association(at, f"a{seed}")
        paths = write_series(made, folder)
        headers = instances_of(paths, self.context.sandbox)
        with self.database.write() as session:
            association = tables.Association(
                folder=layout.relative(folder), calling_ae="CT1", called_ae="RESTORE", address="127.0.0.1", opened_at=at
            )
            study = self._study(made[0])
            session.add_all([association, study])
            session.flush()
            row = _series_row(made[0], study.id, at)
            begin(session, row, cause="first instance", at=at)
            ids = {}
            for header, path in zip(headers, paths, strict=True):
                instance = _instance_row(header, path, row.id, association.id, layout)
                begin(session, instance, cause="registered", at=at)
                ids[header.id] = instance.id
            stacks = [_renumbered(asdict(stack), ids) for stack in split(headers)]
            revision = tables.Revision(
                series_id=row.id, number=1, state="cut", instance_ids=sorted(ids.values()), digest=f"{seed:064x}",
                facts={}, facts_digest=digest_of({}), stacks=stacks, complete=True, why="quiet", evidence={}, cut_at=at,
            )  # fmt: skip
            begin(session, revision, cause="cut", at=at)
            transition(session, tables.Revision, revision.id, "decided", at=at)
            return revision.id

    def add_later_cut(self, series_id: int) -> int:
        """Cut a series once more without its last instance; returns the id of the revision."""
        with self.database.write() as session:
            first = session.scalars(select(tables.Revision).where(tables.Revision.series_id == series_id)).one()
            stack = first.stacks[0]
            shorter = {key: stack[key][:-1] for key in ("instance_ids", "positions_mm")}
            revision = tables.Revision(
                series_id=series_id, number=2, state="cut", instance_ids=first.instance_ids[:-1], digest="2" * 64,
                facts={}, facts_digest=digest_of({}), stacks=[{**stack, **shorter}], complete=True, why="quiet",
                evidence={}, cut_at=self.clock.now(),
            )  # fmt: skip
            begin(session, revision, cause="cut", at=self.clock.now())
            transition(session, tables.Revision, revision.id, "decided", at=self.clock.now())
            return revision.id

    def _study(self, ds: Dataset) -> tables.Study:
        with self.database.read() as session:
            found = session.scalar(
                select(tables.Study).where(tables.Study.study_instance_uid == str(ds.StudyInstanceUID))
            )
        return found or tables.Study(
            study_instance_uid=str(ds.StudyInstanceUID), patient_id=str(ds.PatientID), issuer="", patient_name="",
            birth_date="", sex="", accession_number="", study_date=str(ds.StudyDate), study_time=str(ds.StudyTime),
            study_id="",
        )  # fmt: skip

    def add_job(self, revision_id: int, *, wanted: Recipe | None = None, **columns: Any) -> int:
        made, at = wanted or recipe(), self.clock.now()
        with self.database.write() as session:
            revision = session.get_one(tables.Revision, revision_id)
            values: dict[str, Any] = {
                "destinations": ["pacs"], "priority": 50, "release": "automatic", "expires_at": None,
                "settle_until": None, **columns,
            }  # fmt: skip
            job = tables.Job(
                revision_id=revision_id, series_id=revision.series_id, pipeline=made.pipeline, recipe=made.as_json(),
                recipe_digest=made.digest, state="queued", created_at=at, **values,
            )  # fmt: skip
            begin(session, job, cause="decided", at=at)
            return job.id

    def claim(self, start_id: str = "w1") -> Claim:
        taken = queue.claim_next(self.database, start_id=start_id, clock=self.clock)
        assert taken is not None
        return taken

    def run(self) -> tables.Job:
        """Claim the next job, do it, and return its row."""
        taken = self.claim()
        assert run_job(taken, context=self.context)
        return self.job(taken.job_id)

    def job(self, job_id: int) -> tables.Job:
        with self.database.read() as session:
            return session.get_one(tables.Job, job_id)

    def revision(self, revision_id: int) -> tables.Revision:
        with self.database.read() as session:
            return session.get_one(tables.Revision, revision_id)

    def all(self, kind: type[tables.Base]) -> list[Any]:
        with self.database.read() as session:
            return list(session.scalars(select(kind)))

    def folders(self) -> list[Path]:
        derived = self.context.layout.derived
        return sorted(derived.iterdir()) if derived.is_dir() else []


def make_bench(folder: Path, database: Database, sandbox: Sandbox, *, loader: Loader = load) -> Bench:
    """A bench with the installed pipelines, or with what a loader gives."""
    clock = FixedClock()
    config = Config.model_validate({"node": {"data_dir": str(folder), "timezone": "UTC"}})
    context = JobContext(
        database=database,
        layout=Layout(folder),
        clock=clock,
        sandbox=sandbox,
        config=config,
        restorers=Restorers({}, loader=loader),
    )
    return Bench(context=context, clock=clock)


def _series_row(ds: Dataset, study_id: int, at: Any) -> tables.Series:
    return tables.Series(
        study_id=study_id, series_instance_uid=str(ds.SeriesInstanceUID), modality=str(ds.Modality),
        description=str(ds.SeriesDescription), number=str(ds.SeriesNumber), awaiting=False, first_received_at=at,
        last_received_at=at,
    )  # fmt: skip


def _instance_row(header: Instance, path: Path, series_id: int, association_id: int, layout: Layout) -> tables.Instance:
    content = path.read_bytes()
    return tables.Instance(
        series_id=series_id, association_id=association_id, sop_instance_uid=header.sop_instance_uid,
        sop_class_uid=header.sop_class_uid, transfer_syntax_uid=header.transfer_syntax_uid,
        path=layout.relative(path), size=len(content), sha256=hashlib.sha256(content).hexdigest(),
        pixel_digest=header.pixel_digest, identity_digest="i", received_at=header.received_at,
        attributes=dict(header.attributes),
    )  # fmt: skip


def _renumbered(stack: dict[str, Any], ids: dict[int, int]) -> dict[str, Any]:
    return {**stack, "instance_ids": [ids[number] for number in stack["instance_ids"]]}
