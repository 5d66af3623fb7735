"""A whole node in its own processes, on free ports, for acceptance tests."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from dicom_node.storage.layout import Layout

DEFAULTS: dict[str, Any] = {
    "storage": {"min_free_gb": 0.1, "reserve_gb": 0.05},
    "completion": {"quiet": 2, "released": 1, "full": 0.5, "hole": 3, "missing": 5, "settle": 1},
    "routing": {"max_age_days": 0},
    "deliver": {"first_retry": 1, "longest_retry": 4, "originals_first": 5},
}
"""Waits cut short, so that a test takes seconds; everything else as shipped."""


class RunningNode:
    """Starts, watches, kills and restarts one node."""

    def __init__(self, folder: Path, **sections: Any) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.config = folder / "config.yaml"
        self.log = folder / "node.log"
        self.layout = Layout(folder / "var")
        self.process: subprocess.Popen[bytes] | None = None
        self.write_config(**sections)

    def write_config(self, **sections: Any) -> None:
        settings = {
            "node": {"port": 0, "data_dir": str(self.layout.data_dir)},
            "database": {"url": f"sqlite:///{self.layout.data_dir}/node.db"},
            "web": {"port": 0},
            **DEFAULTS,
        }
        for name, value in sections.items():
            settings[name] = {**settings.get(name, {}), **value} if isinstance(value, dict) else value
        with self.config.open("w", encoding="utf-8") as file:
            YAML().dump(settings, file)

    def __enter__(self) -> "RunningNode":
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "dicom_node", "--config", str(self.config), "serve"],
                stdout=log,
                stderr=log,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
            )
        wait_until(lambda: self.processes() is not None or self.process.poll() is not None, 60, "the node to start")
        if self.process.poll() is not None:
            raise AssertionError(f"the node ended at its start:\n{self.log.read_text()}")

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(30)

    def kill_supervisor(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def processes(self) -> dict[str, Any] | None:
        """The process list of this very start."""
        try:
            value = json.loads(self.layout.processes.read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        return value if self.process is not None and value["pid"] == self.process.pid else None

    def pid(self, name: str) -> int:
        return next(item["pid"] for item in self.processes()["processes"] if item["name"] == name)

    def libtorch_users(self) -> set[str]:
        """Names of the processes that have libtorch in their memory just now."""
        return {
            item["name"]
            for item in self.processes()["processes"]
            if "libtorch" in Path(f"/proc/{item['pid']}/maps").read_text()
        }

    @property
    def dicom_port(self) -> int:
        return int(self.processes()["dicom_port"])

    @property
    def web_port(self) -> int:
        return int(self.processes()["web_port"])

    def run(self, *arguments: str, check: bool = True, text: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line as a person would."""
        return subprocess.run(
            [sys.executable, "-m", "dicom_node", "--config", str(self.config), *arguments],
            capture_output=True,
            text=True,
            input=text,
            timeout=120,
            check=check,
        )

    def status(self) -> dict[str, Any]:
        return json.loads(self.run("status", "--json", "--all").stdout)

    def wait(self, ready: Callable[[dict[str, Any]], bool], timeout: float, what: str) -> dict[str, Any]:
        """Poll the status until it is as wanted."""
        until = time.monotonic() + timeout
        while True:
            status = self.status()
            if ready(status):
                return status
            if time.monotonic() > until:
                raise AssertionError(f"waited {timeout} s for {what}:\n{json.dumps(status, indent=1)}\n{self.tail()}")
            time.sleep(0.2)

    def wait_closed(self, series: int, timeout: float = 90) -> dict[str, Any]:
        """Wait until so many series are closed and nothing is left to do."""

        def ready(status: dict[str, Any]) -> bool:
            counts = status["counts"]
            return (
                counts["series"]["closed"] >= series
                and counts["unregistered"] == 0
                and not (counts["series"]["open"] + counts["series"]["cut"] + counts["series"]["working"])
            )

        return self.wait(ready, timeout, f"{series} closed series")

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], timeout: float, what: str) -> None:
    until = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > until:
            raise AssertionError(f"waited {timeout} s for {what}")
        time.sleep(0.05)


def rule(
    pipeline: str = "ct-nlm", *, name: str = "CT", modality: str = "CT", to: Sequence[str] = (), **more: Any
) -> dict:
    """One rule that restores a modality."""
    return {
        "name": name,
        "when": {"field": "Modality", "equals": modality},
        "restore": [{"pipeline": pipeline, **more.pop("restoration", {})}],
        "deliver_to": list(to),
        **more,
    }
