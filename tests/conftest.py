"""Fixtures that every test may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.database.engine import Database
from tests.support.clock import FixedClock
from tests.support.database import make_database


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = make_database(tmp_path)
    yield database
    database.close()
