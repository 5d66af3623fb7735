"""The sandbox ends what takes too much, names the guilty file, and comes back when it is killed."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dicom_node.sandbox.client import Header, Sandbox, Unreadable
from tests.support.phantoms import make_series, write_series
from tests.support.shared import REPOSITORY
from tests.unit.sandbox.sandbox_files import DEFLATED, deflated, million_items, part10

BOMBS = [
    ("memory", {"memory_mb": 400}, deflated(b"\0" * (300 << 20)), DEFLATED, "more than 400 MiB of memory"),
    ("processor", {"cpu_s": 1}, million_items(3_000_000), None, "more than 1 s of processor time"),
    ("wall clock", {"wall_s": 1}, million_items(3_000_000), None, "longer than 1 s"),
]


@pytest.mark.parametrize(
    ("limits", "bomb", "syntax", "words"), [row[1:] for row in BOMBS], ids=[row[0] for row in BOMBS]
)
def test_only_the_guilty_file_is_unreadable(
    tmp_path: Path, limits: dict[str, int], bomb: bytes, syntax: str | None, words: str
) -> None:
    good = write_series(make_series(4), tmp_path)
    bad = part10(tmp_path / "bomb.dcm", bomb, *([syntax] if syntax else []))
    sandbox = Sandbox(**limits)
    answers = sandbox.headers([*good[:2], bad, *good[2:]])
    sandbox.close()
    assert [type(answer) for answer in answers] == [Header, Header, Unreadable, Header, Header]
    assert [answer.path for answer in answers] == [*good[:2], bad, *good[2:]]
    assert words in answers[2].detail


def test_a_killed_server_is_started_again(tmp_path: Path) -> None:
    paths = write_series(make_series(2), tmp_path)
    sandbox = Sandbox()
    first = sandbox.headers(paths)
    killed = sandbox.pid
    os.kill(killed, signal.SIGKILL)
    assert sandbox.headers(paths) == first
    assert sandbox.pid != killed
    sandbox.close()
    assert sandbox.pid is None


def test_the_server_ends_with_its_owner(tmp_path: Path) -> None:
    write_series(make_series(1), tmp_path)
    program = (
        "import sys, signal, os, pathlib\n"
        "from dicom_node.sandbox.client import Sandbox\n"
        "sandbox = Sandbox()\n"
        "sandbox.headers([pathlib.Path(sys.argv[1])])\n"
        "print(sandbox.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "0000.dcm")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY,
    )  # fmt: skip
    server = os.pidfd_open(int(owner.stdout.readline()))
    owner.kill()
    owner.communicate()
    assert select.select([server], [], [], 10)[0], "the server outlived its owner"
    os.close(server)


def test_the_server_has_no_torch(tmp_path: Path) -> None:
    sandbox = Sandbox()
    sandbox.headers(write_series(make_series(1), tmp_path))
    assert "libtorch" not in Path(f"/proc/{sandbox.pid}/maps").read_text()
    sandbox.close()


def test_a_batch_of_none_needs_no_server() -> None:
    sandbox = Sandbox()
    assert sandbox.headers([]) == []
    assert sandbox.pid is None
