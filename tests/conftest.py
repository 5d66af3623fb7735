"""Fixtures that every test may use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from dicom_node.database.engine import Database
from tests.support.clock import FixedClock
from tests.support.database import make_database

settings.register_profile("same", derandomize=True)
settings.register_profile("search", derandomize=False)
# A commit passes or fails the same way wherever it is tested; HYPOTHESIS_PROFILE=search looks for new examples.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = make_database(tmp_path)
    yield database
    database.close()
