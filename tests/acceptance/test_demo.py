"""The demonstration as a newcomer runs it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.support.phantoms import make_series, write_series

pytestmark = pytest.mark.slow


def demo(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dicom_node", "demo", "--once", *arguments],
        capture_output=True,
        text=True,
        timeout=280,
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def test_both_series_come_back_restored(tmp_path: Path) -> None:
    done = demo(cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = (tmp_path / "dicom-node-demo").iterdir()
    pictures = sorted(folder.glob("*-before-after-difference.png"))
    assert [picture.name[:2] for picture in pictures] == ["ct", "mr"]
    for picture in pictures:
        with Image.open(picture) as image:
            assert image.size[0] > 3 * 200
    table = [line for line in done.stdout.splitlines() if " | done | " in line]
    assert len(table) == 2
    assert all("% less" in line and str(folder / "pacs") in line for line in table)
    assert "not a medical device" in done.stdout.lower()


def test_a_folder_of_the_users_own(tmp_path: Path) -> None:
    write_series(make_series(3, size=128, ImageType=["DERIVED", "SECONDARY", "AXIAL"]), tmp_path / "own")
    done = demo("--from", "own", "--to", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "refused" in done.stdout
    assert "derived" in done.stdout


def test_a_folder_without_dicom_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    done = demo("--from", "empty", cwd=tmp_path)
    assert done.returncode == 1
    assert "no DICOM file" in done.stderr
    assert "Traceback" not in done.stderr
