"""``status --json``: exactly the keys outside checks rely on, counted as documented."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.database.tables import Reception
from dicom_node.provenance.record import alert
from dicom_node.storage.layout import Layout
from dicom_node.views.status import status
from tests.support.board import Board, three_series
from tests.support.clock import FixedClock

KEYS = {
    "node": {"ae_title", "version", "started_at", "dicom_port", "web_port", "healthy"},
    "counts": {"instances", "unregistered", "quarantined", "conflicts", "alerts", "series", "jobs", "deliveries"},
    "series": {"series_instance_uid", "study_instance_uid", "modality", "description", "state", "instances", "revision",
               "complete", "rule", "reason", "deliveries", "jobs"},
    "job": {"id", "revision", "pipeline", "state", "reason", "derived_series_instance_uid", "release", "instances",
            "turnaround_s", "deliveries"},
    "delivery": {"destination", "state", "sent", "total", "attempts", "error"},
    "alert": {"at", "kind", "message", "count", "series_instance_uid"},
}  # fmt: skip


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.run.mkdir()
    return layout


def processes(layout: Layout, pid: int, *, state: str = "running") -> None:
    said = {
        "start_id": "s",
        "pid": pid,
        "started_at": "2026-03-02T09:00:00+00:00",
        "dicom_port": 4000,
        "web_port": 4001,
        "processes": [{"name": "receiver-1", "pid": pid, "state": state, "restarts": 2, "start_id": "r"}],
    }
    layout.processes.write_text(json.dumps(said))


def test_all_documented_keys_are_there(database: Database, clock: FixedClock, layout: Layout) -> None:
    three_series(database, clock, layout)
    with database.write() as session:
        alert(session, kind="disk fault", message="m", at=clock.now())
    found = status(database, layout, Config())
    json.dumps(found)
    assert KEYS["node"] <= set(found["node"])
    assert KEYS["counts"] == set(found["counts"])
    assert all(KEYS["series"] <= set(item) for item in found["series"])
    jobs = [job for item in found["series"] for job in item["jobs"]]
    assert len(jobs) == 3 and all(KEYS["job"] <= set(job) for job in jobs)
    assert all(KEYS["delivery"] <= set(entry) for job in jobs for entry in job["deliveries"])
    assert all(KEYS["alert"] <= set(item) for item in found["alerts"])
    assert list(found["counts"]["series"]) == ["open", "cut", "working", "closed"]
    assert set(found["counts"]["jobs"]) == {"queued", "running", "done", "withheld", "refused", "failed", "cancelled"}
    assert set(found["counts"]["deliveries"]) == {
        "waiting", "sending", "delivered", "confirmed", "held", "failed", "cancelled", "recalled",
    }  # fmt: skip


def test_totals_and_states(database: Database, clock: FixedClock, layout: Layout) -> None:
    board = three_series(database, clock, layout)
    board.series(closed_cut=False)
    counts = status(database, layout, Config())["counts"]
    assert counts["series"] == {"open": 1, "cut": 0, "working": 0, "closed": 3}
    assert counts["instances"] == 15
    assert {name: count for name, count in counts["jobs"].items() if count} == {"done": 1, "withheld": 1, "refused": 1}
    assert {name: count for name, count in counts["deliveries"].items() if count} == {"delivered": 1}


def test_turnaround_is_from_last_receipt_to_last_delivered_object(
    database: Database, clock: FixedClock, layout: Layout
) -> None:
    three_series(database, clock, layout)
    done = status(database, layout, Config())["series"][0]
    assert done["jobs"][0]["turnaround_s"] == 14.5
    assert done["jobs"][0]["deliveries"][0] | {"id": 0} == {
        "id": 0, "destination": "pacs", "state": "delivered", "sent": 4, "total": 4, "attempts": 1, "error": None,
        "reason_code": "",
    }  # fmt: skip


def test_an_unfinished_delivery_has_no_turnaround(database: Database, clock: FixedClock, layout: Layout) -> None:
    board = Board(database, clock)
    received = board.series()
    board.decide(received)
    derived = board.finish(received, board.job(received))
    board.deliver(received, derived, sent=2, error="connection refused")
    item = status(database, layout, Config())["series"][0]
    assert (item["state"], item["jobs"][0]["turnaround_s"]) == ("working", None)
    assert item["jobs"][0]["deliveries"][0]["error"] == "connection refused"


@pytest.mark.parametrize(
    ("decided", "state", "reason"),
    [("no", "cut", "awaits its decision"), ("none", "closed", "no rule wants this series"), ("open", "open", "awaits")],
)
def test_every_series_says_why_nothing_came_of_it(
    database: Database, clock: FixedClock, layout: Layout, decided: str, state: str, reason: str
) -> None:
    board = Board(database, clock)
    received = board.series(closed_cut=decided != "open")
    if decided == "none":
        board.decide(received, rule=None, reason="no rule wants this series")
    item = status(database, layout, Config())["series"][0]
    assert (item["state"], item["rule"]) == (state, None)
    assert reason in item["reason"]


def test_quarantined_objects_are_listed(database: Database, clock: FixedClock, layout: Layout) -> None:
    Board(database, clock).series()
    with database.write() as session:
        session.add(
            Reception(
                association_id=1,
                path="store/x",
                size=1,
                sha256="",
                received_at=clock.now(),
                outcome="quarantined",
                reason_code="no identity",
                reason="the object has no Series Instance UID",
            )
        )
    found = status(database, layout, Config())
    assert found["counts"]["quarantined"] == 1
    assert found["quarantined"][0]["reason"] == "the object has no Series Instance UID"


def test_files_without_a_row_are_counted(database: Database, clock: FixedClock, layout: Layout) -> None:
    Board(database, clock).series(slices=2)
    known = layout.store / "2026/03/02/a1"
    fresh = layout.store / "2026/03/02/b1"
    for folder, names in ((known, ("0.dcm", "1.dcm", "journal")), (fresh, ("1.dcm", "2.dcm", "3.part"))):
        folder.mkdir(parents=True)
        for name in names:
            (folder / name).touch()
    assert status(database, layout, Config())["counts"]["unregistered"] == 2


def test_the_newest_thousand_or_all(database: Database, clock: FixedClock, layout: Layout) -> None:
    board = Board(database, clock)
    for _ in range(1002):
        board.series(slices=0)
    assert len(status(database, layout, Config())["series"]) == 1000
    assert len(status(database, layout, Config(), everything=True)["series"]) == 1002
    assert status(database, layout, Config())["counts"]["series"]["cut"] == 1002


def test_a_running_node(database: Database, layout: Layout) -> None:
    processes(layout, os.getpid())
    found = status(database, layout, Config())
    assert found["node"]["healthy"] is True
    assert (found["node"]["dicom_port"], found["node"]["web_port"]) == (4000, 4001)
    assert found["processes"] == [{"name": "receiver-1", "pid": os.getpid(), "state": "running", "restarts": 2}]


def test_a_restarting_process_is_not_healthy(database: Database, layout: Layout) -> None:
    processes(layout, os.getpid(), state="restarting")
    found = status(database, layout, Config())
    assert (found["node"]["healthy"], len(found["processes"])) == (False, 1)


def test_a_killed_supervisor_leaves_no_processes(database: Database, layout: Layout) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    processes(layout, ended.pid)
    found = status(database, layout, Config())
    assert (found["node"]["healthy"], found["processes"]) == (False, [])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_garbled_process_list_is_a_node_that_is_down(database: Database, layout: Layout, text: str) -> None:
    layout.processes.write_text(text)
    assert status(database, layout, Config())["processes"] == []


def test_before_the_first_start_everything_is_empty(tmp_path: Path, layout: Layout) -> None:
    bare = Database(f"sqlite:///{tmp_path}/bare.db")
    for database in (None, bare):
        found = status(database, layout, Config())
        assert found["node"]["healthy"] is False
        assert (found["series"], found["counts"]["series"]["open"]) == ([], 0)
    bare.close()
