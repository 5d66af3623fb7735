"""Processes killed in the middle: nothing acknowledged is lost, nothing stays behind."""

import os
import signal
import socket
import sqlite3
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.dcmtk import dcmsend
from tests.support.node import RunningNode, rule, wait_until
from tests.support.phantoms import make_series, write_series

pytestmark = [pytest.mark.slow, pytest.mark.peer]


def running_job(status: dict) -> bool:
    return status["counts"]["jobs"]["running"] == 1


def test_a_worker_killed_in_the_middle_of_a_job_is_replaced(tmp_path: Path) -> None:
    write_series(make_series(24, size=256), tmp_path / "source")
    with RunningNode(tmp_path / "node", rules=[rule(restoration={"release": "never"})]) as node:
        dcmsend(node.dicom_port, tmp_path / "source")
        node.wait(running_job, 60, "a running job")
        os.kill(node.pid("worker-1"), signal.SIGKILL)
        status = node.wait_closed(1, 120)
        workers = [item for item in status["processes"] if item["name"] == "worker-1"]
    assert status["series"][0]["jobs"][0]["state"] == "done", node.tail()
    assert workers[0]["restarts"] == 1


@pytest.mark.parametrize("name", ["receiver-1", "coordinator", "web"])
def test_any_other_process_is_replaced(tmp_path: Path, name: str) -> None:
    write_series(make_series(3), tmp_path / "source")
    with RunningNode(tmp_path / "node", rules=[rule(restoration={"release": "never"})]) as node:
        before = node.pid(name)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: node.pid(name) not in {0, before}, 20, f"another {name}")
        sent = dcmsend(node.dicom_port, tmp_path / "source")
        assert sent.returncode == 0
        status = node.wait_closed(1)
    assert status["series"][0]["jobs"][0]["state"] == "done", node.tail()


def test_a_killed_supervisor_leaves_nothing_and_the_next_completes_everything(tmp_path: Path) -> None:
    write_series(make_series(24, size=256), tmp_path / "source")
    node = RunningNode(tmp_path / "node", rules=[rule(restoration={"release": "never"})])
    node.start()
    try:
        port = node.dicom_port
        pids = [item["pid"] for item in node.processes()["processes"]]
        sent = dcmsend(port, tmp_path / "source")
        assert sent.returncode == 0
        node.kill_supervisor()
        wait_until(lambda: not _mine(node) and not any(map(_alive, pids)), 10, "all processes to end")
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
        assert node.status()["node"]["healthy"] is False
        node.start()
        status = node.wait_closed(1, 120)
        assert status["counts"]["instances"] == 24
        assert status["series"][0]["jobs"][0]["state"] == "done", node.tail()
        assert node.run("verify").returncode == 0
    finally:
        node.stop()


def test_a_receiver_killed_inside_an_object_loses_nothing_acknowledged(tmp_path: Path) -> None:
    write_series(make_series(60, size=512), tmp_path / "source")
    with RunningNode(tmp_path / "node") as node:
        with ThreadPoolExecutor() as pool:
            broken = pool.submit(dcmsend, node.dicom_port, tmp_path / "source")
            wait_until(lambda: len(_received(node)) >= 5, 30, "the first objects")
            before = node.pid("receiver-1")
            os.kill(before, signal.SIGKILL)
            assert broken.result().returncode != 0
        acknowledged = _received(node)
        assert len(acknowledged) < 60
        wait_until(lambda: node.pid("receiver-1") not in {0, before}, 20, "another receiver")
        assert dcmsend(node.dicom_port, tmp_path / "source").returncode == 0
        status = node.wait_closed(1)
        wait_until(lambda: not list(node.layout.store.rglob("*.part")), 20, "parts to be settled")
        assert (status["counts"]["instances"], status["counts"]["quarantined"]) == (60, 0)
        assert all(path.exists() for path in acknowledged)
        with sqlite3.connect(node.layout.data_dir / "node.db") as database:
            outcomes = database.execute("SELECT outcome FROM association ORDER BY id").fetchall()
        assert outcomes == [("aborted",), ("released",)]
        verified = node.run("verify", check=False)
        assert verified.returncode == 0, verified.stdout + verified.stderr


def test_an_orderly_stop_waits_for_no_destination_that_hangs(tmp_path: Path) -> None:
    write_series(make_series(3), tmp_path / "source")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = {"name": "pacs", "ae_title": "PACS", "host": "127.0.0.1", "port": silent.getsockname()[1]}
        rules = [rule(restoration={"release": "never"}, forward_originals_to=["pacs"])]
        node = RunningNode(tmp_path / "node", rules=rules, destinations=[hanging])
        node.start()
        dcmsend(node.dicom_port, tmp_path / "source")
        node.wait(lambda status: status["counts"]["deliveries"]["sending"] == 1, 60, "a delivery under way")
        node.process.terminate()
        assert node.process.wait(12) == 0
        deliveries = node.status()["counts"]["deliveries"]
    assert (deliveries["sending"], deliveries["waiting"]) == (0, 1)


def test_an_orderly_stop_is_over_in_time_and_leaves_no_running_job(tmp_path: Path) -> None:
    write_series(make_series(60, size=256), tmp_path / "source")
    node = RunningNode(tmp_path / "node", rules=[rule(restoration={"release": "never"})])
    node.start()
    dcmsend(node.dicom_port, tmp_path / "source")
    node.wait(running_job, 60, "a running job")
    node.process.terminate()
    assert node.process.wait(20) == 0
    counts = node.status()["counts"]["jobs"]
    assert (counts["running"], counts["queued"]) == (0, 1)
    assert not _mine(node)


def _received(node: RunningNode) -> list[Path]:
    return list(node.layout.store.rglob("*.dcm"))


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _mine(node: RunningNode) -> list[str]:
    """Processes that carry this node's folder on their command line."""
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(node.folder) in line and "dicom_node.processes" in line]
