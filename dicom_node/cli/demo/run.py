"""``dicom-node demo``: scanner, node and PACS on one machine, from push to picture. Touches: files, sockets."""

import signal
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from dicom_node.cli.demo.node import DemoNode
from dicom_node.cli.demo.pacs import DemoPacs
from dicom_node.cli.demo.report import Outcome, outcome, show
from dicom_node.cli.demo.scanner import Sending, from_folder, synthetic
from dicom_node.config.model import DestinationSection
from dicom_node.database.engine import Database
from dicom_node.deliver.send import push
from dicom_node.domain.clock import SystemClock
from dicom_node.views.status import status

WAIT_S = 600.0
SCANNER_AE = "DEMOSCANNER"


def demo(*, once: bool, source: Path | None, target: Path | None) -> int:
    """Run the demonstration.

    Parameters
    ----------
    once
        End after the table instead of serving on.
    source
        The user's own DICOM folder; synthetic series if not given.
    target
        Folder for everything written; ``./dicom-node-demo/<time>`` if not given.

    Returns
    -------
    int
        0 if no step failed.

    Raises
    ------
    NodeError
        The folder holds no DICOM, or the node did not start.
    """
    console = Console()
    now = SystemClock().now().astimezone()
    folder = (target or Path("dicom-node-demo") / f"{now:%Y%m%d-%H%M%S}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"Not a medical device. Everything is written to {folder}", soft_wrap=True, highlight=False)
    sendings = from_folder(source) if source else synthetic(folder / "scanner", now)
    pacs = DemoPacs(folder / "pacs")
    try:
        with DemoNode(folder, pacs.port) as node:
            lines = _restore(node, pacs, sendings, folder, console)
            # The user's own series may rightly be refused; the synthetic ones must come back.
            failed = any(line.failed or (source is None and not line.where) for line in lines)
            if not once:
                _serve(node, console)
    finally:
        pacs.stop()
    return 1 if failed else 0


def _restore(
    node: DemoNode, pacs: DemoPacs, sendings: Sequence[Sending], folder: Path, console: Console
) -> list[Outcome]:
    scanner = DestinationSection(
        name="node", ae_title=node.config.node.ae_title, host="127.0.0.1", port=node.dicom_port
    )
    for sending in sendings:
        pushed = push(sending.files, scanner, our_ae=SCANNER_AE)
        name = sending.description or sending.series_instance_uid
        text = f"Pushed {name}: {sum(item.sent for item in pushed)} of {len(pushed)} accepted"
        console.print(text, soft_wrap=True, markup=False, highlight=False)
    told = _follow(node, sendings, console)
    lines = [line for item in sendings for line in outcome(item, told.get(item.series_instance_uid), pacs, folder)]
    show(lines, console)
    for picture in sorted(folder.glob("*.png")):
        console.print(f"Before, after, difference: {picture}", soft_wrap=True, highlight=False)
    return lines


def _follow(node: DemoNode, sendings: Sequence[Sending], console: Console) -> dict[str, Mapping[str, Any]]:
    database = Database(node.config.database.url)
    clock, pause = SystemClock(), threading.Event()
    until, shown = clock.monotonic() + WAIT_S, dict[str, str]()
    wanted = {item.series_instance_uid for item in sendings}
    try:
        while True:
            now = status(database, node.layout, node.config, everything=True)
            told = {
                item["series_instance_uid"]: item for item in now["series"] if item["series_instance_uid"] in wanted
            }
            for uid, item in told.items():
                text = _progress(item)
                if shown.get(uid) != text:
                    shown[uid] = text
                    console.print(f"  {item['modality']} {text}", soft_wrap=True, markup=False, highlight=False)
            arrived = now["counts"]["unregistered"] == 0
            done = arrived and all(item["state"] == "closed" for item in told.values())
            if (done and len(told) + now["counts"]["quarantined"] >= len(wanted)) or clock.monotonic() > until:
                return told
            if not node.alive():
                return told
            pause.wait(0.3)
    finally:
        database.close()


def _progress(item: Mapping[str, Any]) -> str:
    parts = [f"{item['state']}, {item['instances']} instances"]
    for job in item["jobs"]:
        parts.append(f"{job['pipeline']} {job['state']}")
        parts += [f"{one['destination']} {one['state']} {one['sent']}/{one['total']}" for one in job["deliveries"]]
    return "; ".join(parts)


def _serve(node: DemoNode, console: Console) -> None:
    console.print(
        f"\nThe node goes on. Its page: http://127.0.0.1:{node.web_port}/\n"
        f"Push to it: dcmsend -aec {node.config.node.ae_title} 127.0.0.1 {node.dicom_port} FILE.dcm\n"
        f"or: dicom-node --config {node.path} status\nStop with Ctrl-C.",
        soft_wrap=True,
        highlight=False,
    )
    stop = threading.Event()

    def ask(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)
    while node.alive() and not stop.wait(0.5):
        pass
