"""DCMTK and dicom3tools as senders and validators."""

import subprocess
from collections import Counter
from pathlib import Path

from tests.support.peers import program


def dcmsend(port: int, *paths: Path, called: str = "RESTORE", calling: str = "CT1") -> subprocess.CompletedProcess[str]:
    """Push files and folders by C-STORE, TCP without delay as any scanner sends."""
    return subprocess.run(
        [
            program("dcmsend"),
            "-v",
            "-aec",
            called,
            "-aet",
            calling,
            "+sd",
            "+r",
            "127.0.0.1",
            str(port),
            *map(str, paths),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        env={"TCP_NODELAY": "1", "PATH": "/usr/bin:/bin"},
    )


def dciodvfy(path: Path) -> Counter[str]:
    """Lines of dciodvfy on one file."""
    done = subprocess.run([program("dciodvfy"), str(path)], capture_output=True, text=True, timeout=60)
    return Counter(line for line in done.stderr.splitlines() if line.startswith(("Error", "Warning")))


def dcentvfy(paths: list[Path]) -> list[str]:
    """Lines of dcentvfy over a set of files."""
    done = subprocess.run([program("dcentvfy"), *map(str, paths)], capture_output=True, text=True, timeout=60)
    return [line for line in (done.stderr + done.stdout).splitlines() if line.startswith(("Error", "Warning"))]
