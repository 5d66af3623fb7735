"""One sandbox for the tests of restoration."""

from collections.abc import Iterator

import pytest

from dicom_node.sandbox.client import Sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()
