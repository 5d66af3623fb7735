"""However a series is split over associations, ordered and repeated, the same objects are in force."""

import tempfile
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from dicom_node.database.tables import Instance, Reception
from dicom_node.sandbox.client import Sandbox
from tests.integration.register_support import Station, sent
from tests.support.clock import FixedClock
from tests.support.database import make_database
from tests.support.phantoms import make_series

SERIES = make_series(5, size=16)
SYNTAXES = ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@settings(max_examples=15, deadline=None)
@given(
    order=st.permutations(range(5)),
    repeats=st.lists(st.tuples(st.integers(0, 4), st.sampled_from(SYNTAXES)), max_size=3),
    cuts=st.lists(st.integers(0, 8), max_size=3),
    late=st.booleans(),
)
def test_every_order_ends_with_the_same_set(
    sandbox: Sandbox, order: list[int], repeats: list[tuple[int, str]], cuts: list[int], late: bool
) -> None:
    objects = [sent(SERIES[index]) for index in order] + [sent(SERIES[index], syntax=how) for index, how in repeats]
    edges = [0, *sorted(min(cut, len(objects)) for cut in cuts), len(objects)]
    with tempfile.TemporaryDirectory() as folder:
        database = make_database(Path(folder))
        station = Station(Path(folder), database, sandbox, FixedClock())
        folders = []
        for first, last in pairwise(edges):
            folders.append(station.associate())
            station.put(folders[-1], objects[first:last])
            if not late:
                station.registrar.register(folders[-1:])
        station.registrar.register(folders)
        with database.read() as session:
            found = list(session.scalars(select(Instance.sop_instance_uid).where(Instance.in_force)))
            receptions = session.scalars(select(Reception.outcome)).all()
        database.close()
    assert sorted(found) == sorted(ds.SOPInstanceUID for ds in SERIES)
    assert sorted(receptions) == ["duplicate"] * len(repeats) + ["registered"] * 5
