"""Processes killed in the middle: nothing acknowledged is lost, nothing stays behind."""

import os
import signal
import socket
import subprocess
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


def test_an_orderly_stop_is_over_in_time_and_leaves_no_running_job(tmp_path: Path) -> None:
    write_series(make_series(24, size=256), tmp_path / "source")
    node = RunningNode(tmp_path / "node", rules=[rule(restoration={"release": "never"})])
    node.start()
    dcmsend(node.dicom_port, tmp_path / "source")
    node.wait(running_job, 60, "a running job")
    node.process.terminate()
    assert node.process.wait(20) == 0
    counts = node.status()["counts"]["jobs"]
    assert (counts["running"], counts["queued"]) == (0, 1)
    assert not _mine(node)


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _mine(node: RunningNode) -> list[str]:
    """Processes that carry this node's folder on their command line."""
    listed = subprocess.run(["ps", "-eo", "pid,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(node.folder) in line and "dicom_node.processes" in line]
