"""Prometheus text."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from dicom_node.database.engine import Database
from dicom_node.provenance.record import alert
from dicom_node.storage.layout import Layout
from dicom_node.views.metrics import metrics
from tests.support.board import Board, three_series
from tests.support.clock import FixedClock


def read(database: Database, clock: FixedClock, folder: Path) -> dict[tuple[str, tuple[str, ...]], float]:
    text = metrics(database, Layout(folder), clock).decode()
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_totals(database: Database, clock: FixedClock, tmp_path: Path) -> None:
    board = three_series(database, clock, Layout(tmp_path))
    waiting = board.series()
    board.decide(waiting)
    board.job(waiting)
    with database.write() as session:
        alert(session, kind="disk fault", message="m", at=clock.now())
    clock.advance(90)
    found = read(database, clock, tmp_path)
    assert found["dicom_node_healthy", ()] == 0
    assert found["dicom_node_instances", ()] == 15
    assert found["dicom_node_series", ("closed",)] == 3
    assert found["dicom_node_jobs", ("mr-denoise", "withheld")] == 1
    assert found["dicom_node_deliveries", ("pacs", "delivered")] == 1
    assert found["dicom_node_deliveries", ("pacs", "held")] == 0
    assert found["dicom_node_alerts", ("disk fault",)] == 1
    assert found["dicom_node_oldest_seconds", ("queued job",)] == 90
    assert found["dicom_node_free_bytes", ()] > 0


def test_no_patient_and_no_description(database: Database, clock: FixedClock, tmp_path: Path) -> None:
    Board(database, clock).series(patient="Marked^Patient", patient_id="MARK-7", description="marked words")
    text = metrics(database, Layout(tmp_path), clock).decode()
    assert not any(word in text for word in ("Marked", "MARK-7", "marked words"))
