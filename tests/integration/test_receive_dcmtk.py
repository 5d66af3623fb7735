"""DCMTK's senders and its file checker as peers."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest

from dicom_node.storage import part10
from tests.integration.receive_support import Node, running_node
from tests.support.dcmtk import dcmsend, program
from tests.support.phantoms import make_series, write_series
from tests.support.shared import series_folder

pytestmark = pytest.mark.peer


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with running_node(tmp_path / "node", peers=[{"name": "ct1", "ae_title": "CT1"}]) as node:
        yield node


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    return write_series(make_series(5), tmp_path / "scanner") + write_series(
        make_series(3, modality="MR"), tmp_path / "scanner" / "mr"
    )


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program(name), *arguments], capture_output=True, text=True, timeout=60)


def check(node: Node, paths: list[Path]) -> None:
    stored = {pydicom.dcmread(path).SOPInstanceUID: path for path in node.files}
    assert len(stored) == len(node.files) == len(paths)
    for path in paths:
        sent = pydicom.dcmread(path)
        copy = stored[sent.SOPInstanceUID]
        assert pydicom.dcmread(copy) == sent
        assert part10.receipt_holds(copy)
    done = run("dcmftest", *map(str, node.files))
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("yes:") == len(paths)


def test_echoscu(node: Node) -> None:
    assert run("echoscu", "-aec", "RESTORE", "127.0.0.1", str(node.port)).returncode == 0


def test_echoscu_with_a_wrong_title_is_told_so(node: Node) -> None:
    done = run("echoscu", "-aec", "OTHER", "127.0.0.1", str(node.port))
    assert done.returncode != 0
    assert "Called AE Title Not Recognized" in done.stderr


def test_dcmsend(node: Node, paths: list[Path]) -> None:
    done = dcmsend(node.port, paths[0].parent)
    assert done.returncode == 0, done.stderr
    check(node, paths)
    assert node.record.opening is not None
    assert node.record.opening.peer == "ct1"


@pytest.mark.parametrize("proposal", ["-x=", "-xe", "-xb", "-xi"], ids=["all", "explicit", "big endian", "implicit"])
def test_storescu(node: Node, paths: list[Path], proposal: str) -> None:
    done = run("storescu", proposal, "-aec", "RESTORE", "127.0.0.1", str(node.port), *map(str, paths))
    assert done.returncode == 0, done.stderr
    check(node, paths)
    syntaxes = {pydicom.dcmread(path).file_meta.TransferSyntaxUID for path in node.files}
    assert syntaxes == {"1.2.840.10008.1.2" if proposal == "-xi" else "1.2.840.10008.1.2.1"}


def test_a_real_series_arrives_byte_for_byte(node: Node) -> None:
    folder = series_folder("01-ge-ct-head-tilt")
    done = dcmsend(node.port, folder)
    assert done.returncode == 0, done.stderr
    sent = {pydicom.dcmread(path).SOPInstanceUID: path for path in folder.rglob("*") if path.is_file()}
    assert len(node.files) == len(sent)
    for path in node.files:
        assert part10.receipt_holds(path)
        assert pydicom.dcmread(path) == pydicom.dcmread(sent[pydicom.dcmread(path).SOPInstanceUID])
