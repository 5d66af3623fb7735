"""The demonstration's node: its own configuration, a supervisor in a child process. Touches: files, processes."""

import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from ruamel.yaml import YAML

from dicom_node.cli.demo.pacs import AE_TITLE
from dicom_node.config.load import load
from dicom_node.config.model import Config
from dicom_node.domain.clock import SystemClock
from dicom_node.domain.errors import NodeError
from dicom_node.processes.processes_file import read
from dicom_node.storage.layout import Layout

_PIPELINES = {"CT": "ct-denoise", "MR": "mr-denoise", "PT": "pet-denoise", "DX": "xr-denoise"}
START_S = 60.0
STOP_S = 30.0


class NotStarted(NodeError):
    """The demonstration's node ended or did not come up; its log says why."""


def settings(folder: Path, pacs_port: int) -> dict[str, Any]:
    """Return the configuration: free ports, the demonstration's PACS, one rule per modality, short waits."""
    rules = [
        {
            "name": f"{modality} denoising",
            "when": {"field": "Modality", "equals": modality},
            "restore": [{"pipeline": pipeline}],
            "deliver_to": ["pacs"],
            "forward_originals_to": ["pacs"],
        }
        for modality, pipeline in _PIPELINES.items()
    ]
    return {
        "node": {"port": 0, "data_dir": str(folder / "var")},
        "database": {"url": f"sqlite:///{folder / 'var' / 'node.db'}"},
        "storage": {"min_free_gb": 0.5, "reserve_gb": 0.2},
        "destinations": [{"name": "pacs", "ae_title": AE_TITLE, "host": "127.0.0.1", "port": pacs_port}],
        "completion": {"quiet": 4, "released": 1},
        "routing": {"max_age_days": 0},
        "web": {"port": 0},
        "rules": rules,
    }


class DemoNode:
    """Runs ``dicom-node serve`` on a configuration written into the demonstration's folder.

    Raises
    ------
    NotStarted
        On entering, if the node does not come up.
    """

    def __init__(self, folder: Path, pacs_port: int) -> None:
        self.path = folder / "config.yaml"
        with self.path.open("w", encoding="utf-8") as file:
            YAML().dump(settings(folder, pacs_port), file)
        self.config: Config = load(self.path)
        self.layout = Layout(self.config.node.data_dir)
        self._log = folder / "node.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.dicom_port = 0
        self.web_port = 0

    def __enter__(self) -> "DemoNode":
        with self._log.open("wb") as log:
            command = [sys.executable, "-m", "dicom_node", "--config", str(self.path), "serve"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)  # noqa: S603
        clock, pause = SystemClock(), threading.Event()
        until = clock.monotonic() + START_S
        while (told := read(self.layout)) is None or told["pid"] != self._process.pid:
            if self._process.poll() is not None or clock.monotonic() > until:
                self._stop()
                raise NotStarted(
                    happened="it did not come up",
                    subject="the demonstration's node",
                    remedy=f"Read {self._log}.",
                )
            pause.wait(0.1)
        self.dicom_port, self.web_port = int(told["dicom_port"]), int(told["web_port"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def alive(self) -> bool:
        """Whether the supervisor still runs."""
        return self._process is not None and self._process.poll() is None

    def _stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
