"""One sandbox for the tests that do not kill it."""

from collections.abc import Iterator

import pytest

from dicom_node.sandbox.client import Sandbox


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()
