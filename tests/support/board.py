"""A database with series in the states that people see, through the node's own transitions."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import numpy as np
from PIL import Image
from sqlalchemy.orm import Session

from dicom_node.database.engine import Database
from dicom_node.database.tables import (
    Association,
    Decision,
    Delivery,
    DeliveryInstance,
    DerivedInstance,
    DerivedSeries,
    Instance,
    Job,
    Reception,
    Revision,
    Series,
    Study,
)
from dicom_node.domain.clock import Clock
from dicom_node.provenance.closing import close_if_finished
from dicom_node.provenance.record import begin, transition
from dicom_node.storage.layout import Layout

FIGURES = [
    {"gate": "bias", "name": "mean residual in soft tissue", "value": -0.31, "low": -2.0, "high": 2.0,
     "unit": "HU", "place": {"slice": 12, "row": None, "column": None}, "passed": True},
    {"gate": "anchor", "name": "change below the anchor frequency", "value": 7.4, "low": None, "high": 5.0,
     "unit": "HU", "place": {"slice": 3, "row": 120, "column": 88}, "passed": False},
    {"gate": "spared", "name": "the number of places where the source was given back", "value": 2.0, "low": None,
     "high": None, "unit": "", "place": None, "passed": True},
]  # fmt: skip

TREE = {
    "guards": [{"guard": "loop", "outcome": "passes"}, {"guard": "prior", "outcome": "passes", "why": ""}],
    "rules": [
        {"rule": "Low-dose chest CT", "line": 2, "outcome": "true", "tree": {
            "clause": "all", "outcome": "true", "of": [
                {"clause": "Modality equals CT", "outcome": "true", "value": "CT"},
                {"clause": "SliceThickness at_most 3.0", "outcome": "true", "value": "1.25"},
                {"clause": "not", "outcome": "true", "of": [
                    {"clause": "ImageType contains LOCALIZER", "outcome": "false", "value": "ORIGINAL\\PRIMARY"}]},
            ]}},
    ],
    "pipelines": [{"pipeline": "ct-denoise", "rule": "Low-dose chest CT", "outcome": "accepted"}],
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Received:
    """Rows of one series up to its decision."""

    series_id: int
    revision_id: int
    instance_ids: list[int]


@dataclass
class Board:
    """Fills a database; every method is one step of a series' way."""

    database: Database
    clock: Clock
    serial: int = 0

    def series(
        self,
        *,
        uid: str = "",
        modality: str = "CT",
        description: str = "Chest 1.25 mm",
        patient: str = "Doe^Jane",
        patient_id: str = "P-1",
        slices: int = 4,
        closed_cut: bool = True,
    ) -> Received:
        self.serial += 1
        at = self.clock.now()
        uid = uid or f"1.2.826.0.1.3680043.8.498.{self.serial}"
        with self.database.write() as session:
            study = Study(
                study_instance_uid=f"{uid}.0", patient_id=patient_id, issuer="", patient_name=patient,
                birth_date="19610412", sex="F", accession_number=f"A{self.serial}", study_date="20260302",
                study_time="081500", study_id="1",
            )  # fmt: skip
            association = Association(
                folder=f"store/2026/03/02/a{self.serial}", calling_ae="CT1", called_ae="RESTORE", address="127.0.0.1",
                opened_at=at, ended_at=at, outcome="released", stored=slices,
            )  # fmt: skip
            session.add_all([study, association])
            session.flush()
            series = Series(
                study_id=study.id, series_instance_uid=uid, modality=modality, description=description,
                number=str(self.serial), awaiting=not closed_cut, first_received_at=at, last_received_at=at,
            )  # fmt: skip
            begin(session, series, cause="first object", at=at)
            instances = [self._instance(session, series, association, number) for number in range(slices)]
            revision_id = self._cut(session, series, instances) if closed_cut else 0
            return Received(series_id=series.id, revision_id=revision_id, instance_ids=instances)

    def _instance(self, session: Session, series: Series, association: Association, number: int) -> int:
        at = self.clock.now()
        instance = Instance(
            series_id=series.id, association_id=association.id,
            sop_instance_uid=f"{series.series_instance_uid}.{number}",
            sop_class_uid="1.2.840.10008.5.1.4.1.1.2", transfer_syntax_uid="1.2.840.10008.1.2.1",
            path=f"{association.folder}/{number}.dcm", size=525_000, sha256=f"{number:064x}", pixel_digest="p",
            identity_digest="i", received_at=at, flags=[], attributes={},
        )  # fmt: skip
        begin(session, instance, cause="registered", at=at)
        session.add(
            Reception(
                association_id=association.id, path=instance.path, size=1, sha256=instance.sha256, received_at=at,
                outcome="registered", instance_id=instance.id, series_id=series.id,
            )
        )  # fmt: skip
        return instance.id

    def _cut(self, session: Session, series: Series, instances: list[int]) -> int:
        at = self.clock.now()
        revision = Revision(
            series_id=series.id, number=1, state="cut", instance_ids=instances, digest="d", facts={}, facts_digest="f",
            stacks=[{"key": "axial"}], complete=True, why="released", evidence={}, cut_at=at,
        )  # fmt: skip
        begin(session, revision, cause="released", at=at)
        return revision.id

    def decide(self, received: Received, *, rule: str | None = "Low-dose chest CT", reason: str = "") -> None:
        at = self.clock.now()
        with self.database.write() as session:
            decision = Decision(
                revision_id=received.revision_id, series_id=received.series_id, rule_set_version=1, rule=rule,
                reason_code="no rule" if reason else "", reason=reason, tree=TREE if rule else {}, tree_digest="t",
                facts_digest="f", decided_at=at,
            )  # fmt: skip
            begin(session, decision, cause="decided", at=at)
            transition(session, Revision, received.revision_id, "decided" if rule else "no work", at=at)

    def job(self, received: Received, *, pipeline: str = "ct-denoise", refused: str = "") -> int:
        at = self.clock.now()
        with self.database.write() as session:
            job = Job(
                revision_id=received.revision_id, series_id=received.series_id, pipeline=pipeline,
                recipe={"pipeline": pipeline, "strength": 75.0}, recipe_digest=f"r{received.revision_id}{pipeline}",
                destinations=["pacs"], priority=50, release="automatic", state="refused" if refused else "queued",
                reason_code="gantry tilt" if refused else "", reason=refused, created_at=at,
            )  # fmt: skip
            begin(session, job, cause="decided", at=at)
            if refused:
                close_if_finished(session, received.revision_id, at=at)
            return job.id

    def finish(self, received: Received, job_id: int, *, withheld: str = "") -> int:
        at = self.clock.now()
        with self.database.write() as session:
            transition(session, Job, job_id, "claimed", at=at, claim=None, started_at=at)
            figures = FIGURES if withheld else FIGURES[:1]
            transition(
                session, Job, job_id, "withheld" if withheld else "published", at=at, figures=figures, ended_at=at,
                execution={"device": "cpu", "precision": "float32"}, reason=withheld,
                reason_code="withheld" if withheld else "",
            )  # fmt: skip
            derived = DerivedSeries(
                job_id=job_id, series_id=received.series_id, series_instance_uid=f"2.25.{1000 + job_id}",
                description="DLR Chest", number=1001, folder=f"derived/t{job_id}", digest="d",
                state="pending" if withheld else "released", created_at=at,
            )  # fmt: skip
            begin(session, derived, cause="published", at=at)
            for rank, source in enumerate(received.instance_ids):
                row = DerivedInstance(
                    derived_series_id=derived.id, sop_instance_uid=f"2.25.{1000 + job_id}.{rank}", sop_class_uid="c",
                    transfer_syntax_uid="t", path=f"derived/t{job_id}/{rank}.dcm", size=1, sha256="s", pixel_digest="p",
                    source_instance_id=source, rank=rank,
                )  # fmt: skip
                begin(session, row, cause="published", at=at)
            if withheld:
                close_if_finished(session, received.revision_id, at=at)
            return derived.id

    def deliver(self, received: Received, derived_id: int, *, sent: int | None = None, error: str = "") -> int:
        """Send `sent` objects, all if None; fewer than all leaves the delivery waiting with its error."""
        at = self.clock.now()
        total = len(received.instance_ids)
        with self.database.write() as session:
            delivery = Delivery(
                destination="pacs", series_id=received.series_id, derived_series_id=derived_id, state="waiting",
                total=total, not_before=at, created_at=at,
            )  # fmt: skip
            begin(session, delivery, cause="published", at=at)
            transition(session, Delivery, delivery.id, "claimed", at=at, attempts=1)
            done = total if sent is None else sent
            for number in range(done):
                session.add(
                    DeliveryInstance(
                        delivery_id=delivery.id, sop_instance_uid=f"2.25.{number}", status=0, tries=1, sent_at=at,
                    )
                )  # fmt: skip
            cause = "sent" if done == total else "retry"
            transition(session, Delivery, delivery.id, cause, at=at, sent=done, error=error or None)
            close_if_finished(session, received.revision_id, at=at)
            return delivery.id


def draw_previews(layout: Layout, job_id: int, *, size: int = 256) -> Path:
    """Write three pictures as a job does."""
    folder = layout.previews / str(job_id)
    folder.mkdir(parents=True)
    y, x = (np.mgrid[:size, :size] - size / 2) / size
    body = np.where((x / 0.42) ** 2 + (y / 0.34) ** 2 < 1, 130.0, 10.0)
    noise = np.random.default_rng(1).normal(0, 22, body.shape)
    pictures: Sequence[tuple[str, np.ndarray]] = (
        ("before", body + noise), ("after", body + 0.3 * noise), ("difference", 128 + 0.7 * noise),
    )  # fmt: skip
    for name, values in pictures:
        Image.fromarray(np.clip(values, 0, 255).astype("uint8")).save(folder / f"{name}.png")
    (folder / "index.json").write_text(json.dumps({"slice": 2, "window": [40, 400], "difference_window": 100}))
    return folder


def three_series(database: Database, clock, layout: Layout) -> Board:
    """One closed and delivered, one refused, one withheld."""
    board = Board(database, clock)
    withheld = board.series(modality="MR", description="t2 tse ax", patient="Äsop^Björn", patient_id="P-3", slices=3)
    board.decide(withheld, rule="Brain MR")
    clock.advance(30)
    tilted = board.series(description="Head 5 mm tilted", patient="Roe^Richard", patient_id="P-2")
    board.decide(tilted, rule="Head CT")
    board.job(tilted, pipeline="ct-volume", refused="gantry tilt 18.5° needs a slice-wise pipeline")
    clock.advance(30)
    done = board.series()
    board.decide(done)
    job, kept = board.job(done), board.job(withheld, pipeline="mr-denoise")
    clock.advance(12.5)
    derived = board.finish(done, job)
    board.finish(withheld, kept, withheld="withheld by the guard: change below the anchor frequency is 7.4 HU")
    draw_previews(layout, job)
    draw_previews(layout, kept)
    clock.advance(timedelta(seconds=2).total_seconds())
    board.deliver(done, derived)
    return board
