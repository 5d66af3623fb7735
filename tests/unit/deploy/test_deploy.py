"""What lies in deploy/ is true: the unit verifies, the container's steps are the README's."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.peer
def test_the_unit_verifies(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    text = (ROOT / "deploy/systemd/dicom-node.service").read_text(encoding="utf-8")
    # The one thing a machine without the installation lacks is the program itself.
    unit = tmp_path / "dicom-node.service"
    program = Path(sys.executable).with_name("dicom-node")
    unit.write_text(text.replace("/opt/dicom-node/.venv/bin/dicom-node", str(program)), encoding="utf-8")
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, timeout=60)
    lines = [line for line in done.stderr.splitlines() if "dicom-node" in line]
    assert done.returncode == 0, done.stderr
    assert lines == []


def test_the_container_takes_the_steps_of_the_readme() -> None:
    docker = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    packages = re.search(r"apt-get install -y --no-install-recommends ([a-z0-9 -]+?) \\", docker)
    assert packages is not None
    assert f"apt-get install {packages.group(1)}" in readme
    assert "make install" in docker
    assert "make install" in readme
    serve = re.search(r'"serve", "--config"', docker)
    assert serve is not None
    assert "dicom-node serve --config" in readme


def test_the_container_copies_what_git_keeps() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").split()
    kept = {"pyproject.toml", "constraints.txt", "config.yaml", "Makefile", "dicom_node", "restoration", "training"}
    assert not kept & set(ignored)
    assert all((ROOT / name).exists() for name in kept)
