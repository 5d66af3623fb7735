"""How fast objects are received: DCMTK's dcmsend to our listener and to `storescp --fork`, taking turns.

    python -m tests.benchmarks.receive [--objects 200] [--size 512] [--associations 1] [--rounds 3] [--json FILE]

Ours hashes and syncs each object before it answers, storescp does neither. Only the ratio within one run means
anything.
"""

import argparse
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.receive_support import listening_socket
from tests.support.phantoms import make_series, write_series
from tests.support.shared import REPOSITORY

PDU = "131072"


def main() -> None:
    options = arguments()
    with tempfile.TemporaryDirectory(prefix="receive-") as folder:
        home = Path(folder)
        files = write_series(make_series(options.objects, size=options.size), home / "sent")
        seconds: dict[str, list[float]] = {"dicom-node": [], "storescp": []}
        for turn in range(options.rounds + 1):
            for name, receiver in (("dicom-node", ours), ("storescp", storescp)):
                with receiver(home / name) as port:
                    taken = send(files, port, options.associations)
                stored = [path for path in (home / name).rglob("*") if path.is_file() and path.name != "journal"]
                assert len(stored) == len(files), f"{name} stored {len(stored)} of {len(files)}"
                shutil.rmtree(home / name)
                if turn:  # the first turn warms the caches
                    seconds[name].append(taken)
        show(options, seconds, sum(path.stat().st_size for path in files))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=200)
    parser.add_argument("--size", type=int, default=512, help="rows and columns")
    parser.add_argument("--associations", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def show(options: argparse.Namespace, seconds: dict[str, list[float]], size: int) -> None:
    medians = {name: statistics.median(taken) for name, taken in seconds.items()}
    report = {
        "objects": options.objects,
        "megabytes": round(size / 1e6, 1),
        "associations": options.associations,
        "seconds": {name: [round(value, 3) for value in taken] for name, taken in seconds.items()},
        "per_second": {name: round(options.objects / median, 1) for name, median in medians.items()},
        "ratio": round(medians["storescp"] / medians["dicom-node"], 3),
    }
    print(f"{options.objects} objects, {size / 1e6:.0f} MB, {options.associations} association(s)")
    for name, median in medians.items():
        print(f"{name:12} {median:7.2f} s {options.objects / median:8.0f} objects/s {size / 1e6 / median:8.0f} MB/s")
    print(f"dicom-node receives {report['ratio']} times as fast as storescp --fork")
    print(json.dumps(report))
    if options.json:
        options.json.write_text(json.dumps(report, indent=2) + "\n")


def send(files: list[Path], port: int, associations: int) -> float:
    """Send all files, split over associations; return the wall time [s]."""
    command = ["dcmsend", "--max-send-pdu", PDU, "-aec", "RESTORE", "127.0.0.1", str(port)]
    began = time.monotonic()
    senders = [
        subprocess.Popen([*command, *map(str, files[n::associations])], env={"TCP_NODELAY": "1", "PATH": "/usr/bin"})
        for n in range(associations)
    ]
    codes = [sender.wait() for sender in senders]
    taken = time.monotonic() - began
    assert not any(codes), f"dcmsend failed: {codes}"
    return taken


@contextmanager
def ours(folder: Path) -> Iterator[int]:
    with listening_socket() as sock:
        receiver = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.receive_child", str(folder), str(sock.fileno())],
            pass_fds=[sock.fileno()],
            cwd=REPOSITORY,
        )
        yield from ready(receiver, sock.getsockname()[1])


@contextmanager
def storescp(folder: Path) -> Iterator[int]:
    folder.mkdir()
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    receiver = subprocess.Popen(
        ["storescp", "--fork", "--max-pdu", PDU, "-od", str(folder), str(port)],
        env={"TCP_NODELAY": "1", "PATH": "/usr/bin"},
    )
    yield from ready(receiver, port)


def ready(receiver: subprocess.Popen[bytes], port: int) -> Iterator[int]:
    """Yield the port once an echo is answered; end the receiver afterwards."""
    echo = ["echoscu", "-aec", "RESTORE", "127.0.0.1", str(port)]
    try:
        while subprocess.run(echo, stderr=subprocess.DEVNULL, check=False).returncode:
            assert receiver.poll() is None, "the receiver ended"
        yield port
    finally:
        receiver.terminate()
        receiver.wait(20)


if __name__ == "__main__":
    main()
