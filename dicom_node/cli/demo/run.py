"""``dicom-node demo``: scanner, node and PACS on one machine, from push to picture. Touches: files, sockets."""

import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from dicom_node.cli.demo.node import DemoNode
from dicom_node.cli.demo.pacs import DemoPacs
from dicom_node.cli.demo.report import Outcome, outcome, show, unsent
from dicom_node.cli.demo.scanner import Sending, from_folder, synthetic
from dicom_node.config.model import DestinationSection
from dicom_node.database.engine import Database
from dicom_node.deliver.send import push
from dicom_node.domain.clock import SystemClock
from dicom_node.domain.errors import NodeError
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
    own = from_folder(source, now) if source else []
    folder = (target or Path("dicom-node-demo") / f"{now:%Y%m%d-%H%M%S}").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    console.print(f"Not a medical device. Everything is written to {folder}", soft_wrap=True, highlight=False)
    sendings = own or synthetic(folder / "scanner", now)
    pacs = DemoPacs(folder / "pacs")
    try:
        with DemoNode(folder, pacs.port) as node:
            lines = _restore(node, pacs, sendings, folder, console)
            # The user's own series may rightly be refused; the synthetic ones must come back.
            failed = any(line.failed or (source is None and not line.where) for line in lines)
            if not once:
                _serve(node, console)
                console.print("Stopped.")
    finally:
        pacs.stop()
    return 1 if failed else 0


def _restore(
    node: DemoNode, pacs: DemoPacs, sendings: Sequence[Sending], folder: Path, console: Console
) -> list[Outcome]:
    scanner = DestinationSection(
        name="node", ae_title=node.config.node.ae_title, host="127.0.0.1", port=node.dicom_port
    )
    sent, lines = [], []
    for sending in sendings:
        accepted, why = _push(sending, scanner)
        text = f"Pushed {sending.name}: {accepted} of {len(sending.files)} accepted"
        console.print(text, soft_wrap=True, markup=False, highlight=False)
        if accepted:
            sent.append(sending)
        else:
            lines.append(unsent(sending, why))
    told = _follow(node, sent, console)
    lines += [line for item in sent for line in outcome(item, told.get(item.series_instance_uid), pacs, folder)]
    show(lines, console)
    for picture in sorted(folder.glob("*.png")):
        console.print(f"Before, after, difference: {picture}", soft_wrap=True, highlight=False)
    return lines


def _push(sending: Sending, scanner: DestinationSection) -> tuple[int, str]:
    """Send one series; return how many objects were accepted and, if none, why."""
    try:
        pushed = push(sending.files, scanner, our_ae=SCANNER_AE)
    except NodeError as error:
        return 0, f"{error.subject}: {error.happened}"
    return sum(item.sent for item in pushed), pushed[0].detail


def _follow(node: DemoNode, sendings: Sequence[Sending], console: Console) -> dict[str, Mapping[str, Any]]:
    database = Database(node.config.database.url)
    clock, pause = SystemClock(), threading.Event()
    until, shown = clock.monotonic() + WAIT_S, dict[str, str]()
    names = {item.series_instance_uid: item.name for item in sendings}
    try:
        while True:
            now = status(database, node.layout, node.config, everything=True)
            told = {item["series_instance_uid"]: item for item in now["series"] if item["series_instance_uid"] in names}
            for uid, item in told.items():
                text = _progress(item)
                if shown.get(uid) != text:
                    shown[uid] = text
                    text = f"  {item['modality']} {names[uid]}: {text}"
                    console.print(text, soft_wrap=True, markup=False, highlight=False)
            arrived = now["counts"]["unregistered"] == 0
            done = arrived and all(item["state"] == "closed" for item in told.values())
            if (done and len(told) + now["counts"]["quarantined"] >= len(names)) or clock.monotonic() > until:
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


def _command() -> str:
    """How this program was called."""
    called = Path(sys.argv[0])
    return str(called) if called.stem == "dicom-node" else f"{sys.executable} -m dicom_node"


def _serve(node: DemoNode, console: Console) -> None:
    console.print(
        f"\nThe node goes on. Its page: http://127.0.0.1:{node.web_port}/\n"
        f"Push to it: dcmsend -aec {node.config.node.ae_title} 127.0.0.1 {node.dicom_port} FILE.dcm\n"
        f"See what became of it: {_command()} status --config {node.path}\nStop with Ctrl-C.",
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
