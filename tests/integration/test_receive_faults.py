"""Full disks and killed receivers: what was acknowledged is there, what was not is refused or gone."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dicom_node.storage import part10
from dicom_node.storage.layout import Layout
from tests.integration.receive_support import Node, RawPeer, listening_socket, p_data, running_node, store_command
from tests.support.shared import REPOSITORY


@contextmanager
def child_node(folder: Path, *more: str) -> Iterator[tuple[Node, subprocess.Popen[bytes]]]:
    with listening_socket() as sock:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.receive_child", str(folder), str(sock.fileno()), *more],
            pass_fds=[sock.fileno()],
            cwd=REPOSITORY,
        )
        try:
            yield Node(Layout(folder), sock.getsockname()[1]), child
        finally:
            child.terminate()
            child.wait(20)


def test_a_write_that_fails_is_answered_a700_and_the_next_object_is_stored(tmp_path: Path) -> None:
    small, large, gradual = b"s" * 1000, b"l" * 50_000, b"g" * 3000
    with child_node(tmp_path, "20000") as (node, _), RawPeer(node.port) as peer:
        peer.associate()
        assert peer.store(small, store_command("1.1")) == 0
        assert peer.store(large, store_command("1.2")) == 0xA700
        assert peer.store(small, store_command("1.3")) == 0
        peer.send(p_data(store_command("1.4"), 3) + b"".join(p_data(gradual, 0) for _ in range(1000)))
        peer.send(p_data(b"", 2))
        assert peer.status() == 0xA700
        assert peer.store(small, store_command("1.5")) == 0
        peer.release()
    assert [part10.read_receipt(path).length for path in node.files] == [1000, 1000, 1000]
    assert node.parts == []
    assert node.record.stored == 3
    assert [fault.error.partition(" (")[0] for fault in node.record.faults] == [
        "the file cannot be written: File too large"
    ] * 2


def test_a_store_that_is_gone_is_answered_a700_and_works_again_when_it_is_back(tmp_path: Path) -> None:
    with running_node(tmp_path) as node, RawPeer(node.port) as peer:
        peer.associate()
        # a file in the folder's place fails every attempt, for root too
        node.layout.store.rmdir()
        node.layout.store.write_bytes(b"")
        assert peer.store(b"content", store_command()) == 0xA700
        node.layout.store.unlink()
        node.layout.store.mkdir()
        assert peer.store(b"content", store_command()) == 0
        peer.release()
    assert len(node.files) == 1
    (fault,) = node.record.faults
    assert fault.error.startswith("the folder cannot be made")


def test_memory_does_not_grow_with_the_object(tmp_path: Path) -> None:
    def peak_mib() -> float:
        status = Path(f"/proc/{child.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    piece = p_data(bytes(250_000), 0)
    with child_node(tmp_path) as (node, child), RawPeer(node.port) as peer:
        peer.associate()
        assert peer.store(bytes(250_000), store_command("1.1")) == 0
        before = peak_mib()
        peer.send(p_data(store_command("1.2"), 3))
        for _ in range(400):
            peer.send(piece)
        peer.send(p_data(b"", 2))
        assert peer.status() == 0
        assert peak_mib() - before < 20
        peer.release()


def test_after_kill_9_everything_acknowledged_is_there(tmp_path: Path) -> None:
    acknowledged = []
    with child_node(tmp_path) as (node, child), RawPeer(node.port) as peer:
        peer.associate()
        for number in range(30):
            content = f"object {number} ".encode() * 5000
            assert peer.store(content, store_command(f"1.2.{number}")) == 0
            acknowledged.append(len(content))
        peer.send(p_data(store_command("1.2.99"), 3) + p_data(b"x" * 10_000, 0))
        peer.send(p_data(b"x" * 10_000, 2))
        child.kill()
        child.wait(20)
        answered = peer.receive()[0]
    kept = acknowledged + [20_000] * bool(answered)
    assert [part10.read_receipt(path).length for path in node.files][: len(kept)] == kept
    assert all(part10.receipt_holds(path) for path in node.files)
    assert node.record.outcome == "open"


def test_a_receiver_killed_within_an_object_leaves_a_part_without_receipt(tmp_path: Path) -> None:
    with child_node(tmp_path) as (node, child), RawPeer(node.port) as peer:
        peer.associate()
        assert peer.store(b"whole", store_command("1.1")) == 0
        for _ in range(40):
            peer.send(p_data(store_command("1.2"), 3) if not _ else p_data(bytes(100_000), 0))
        while not (node.parts and node.parts[0].stat().st_size > 1 << 20):
            assert child.poll() is None
        child.kill()
        child.wait(20)
    (part,) = node.parts
    try:
        part10.read_receipt(part)
    except part10.NoReceipt as error:
        assert "not received to its end" in error.happened
    else:
        raise AssertionError("a part that was never acknowledged has a receipt")
