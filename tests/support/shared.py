"""The real series that lie beside a checkout; tests that use them are skipped, by name, where they are absent."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


def shared_root() -> Path:
    """Folder that holds ``data`` and ``training``: `DICOM_NODE_SHARED`, else ``shared`` beside the checkout."""
    return Path(os.environ.get("DICOM_NODE_SHARED", REPOSITORY.parent / "shared"))


def series_folder(name: str) -> Path:
    """Folder of one real series, or skip."""
    folder = shared_root() / "data" / name
    if not folder.is_dir():
        pytest.skip(f"the real series {name} is not beside this checkout")
    return folder


def training_file(name: str) -> Path:
    """One training array, or skip."""
    path = shared_root() / "training" / name
    if not path.is_file():
        pytest.skip(f"the training volume {name} is not beside this checkout")
    return path
