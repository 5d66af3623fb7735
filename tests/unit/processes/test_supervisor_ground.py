"""What the supervisor checks before it starts anything."""

import socket
import threading
from pathlib import Path

import pytest

from dicom_node.config.model import Config, ExecutorSection
from dicom_node.domain.errors import StorageError
from dicom_node.executor.local import plan
from dicom_node.processes import processes_file
from dicom_node.processes.supervisor import PortTaken, bind, locked, prepare, try_ground
from dicom_node.storage.layout import Layout


def test_a_taken_port_is_one_sentence() -> None:
    stop = threading.Event()
    stop.set()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"127.0.0.1:{port}"):
            bind("127.0.0.1", port, stop)


def test_port_0_is_a_free_port() -> None:
    with bind("127.0.0.1", 0, threading.Event()) as sock:
        assert sock.getsockname()[1] > 0


def test_one_node_per_data_folder(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    with locked(layout), pytest.raises(StorageError, match="another node runs"), locked(layout):
        pass
    with locked(layout):
        pass


def test_the_ground_is_tried_and_left_clean(tmp_path: Path) -> None:
    layout = prepare(Config.model_validate({"node": {"data_dir": str(tmp_path / "var")}}))
    try_ground(layout)
    assert list(layout.run.iterdir()) == []


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"node\.data_dir"):
        prepare(Config.model_validate({"node": {"data_dir": str(tmp_path / "file" / "var")}}))


def test_living_are_the_running(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.run.mkdir()
    assert processes_file.living(layout) == frozenset()
    listed = [{"state": "running", "start_id": "a"}, {"state": "restarting", "start_id": "b"}]
    processes_file.write(layout, {"processes": listed})
    assert processes_file.living(layout) == {"a"}
    processes_file.remove(layout)
    assert processes_file.read(layout) is None


@pytest.mark.parametrize(
    ("gpus", "workers", "devices"),
    [
        pytest.param(0, "auto", ["auto"], id="no GPU"),
        pytest.param(2, "auto", ["cuda:0", "cuda:1"], id="one worker per GPU"),
        pytest.param(2, 3, ["cuda:0", "cuda:1", "cuda:0"], id="a number wins"),
        pytest.param(0, 0, [], id="none: receives only"),
    ],
)
def test_workers_follow_the_devices(tmp_path: Path, gpus: int, workers: str | int, devices: list[str]) -> None:
    for index in range(gpus):
        (tmp_path / f"nvidia{index}").touch()
    (tmp_path / "nvidiactl").touch()
    planned = plan(ExecutorSection(workers=workers), devices=tmp_path)
    assert [worker.device for worker in planned] == devices
