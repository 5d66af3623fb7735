"""Rings that are heard, and rings that are lost without harm."""

import threading
from pathlib import Path

import pytest

from dicom_node.storage.doorbell import Doorbell, ring
from dicom_node.storage.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    deep = tmp_path / ("a-folder-whose-name-is-long/" * 6)
    deep.mkdir(parents=True)
    return Layout(deep)


def test_rings_are_heard_once_each(layout: Layout) -> None:
    with Doorbell(layout) as doorbell:
        for folder in ("store/a", "store/b", "store/a"):
            ring(layout, folder)
        assert doorbell.wait(5) == {"store/a", "store/b"}
        assert doorbell.wait(0) == set()


def test_a_ring_ends_the_wait(layout: Layout) -> None:
    with Doorbell(layout) as doorbell:
        thread = threading.Thread(target=ring, args=(layout, "store/a"))
        thread.start()
        assert doorbell.wait(30) == {"store/a"}
        thread.join()


def test_nobody_at_home_is_no_failure(layout: Layout) -> None:
    ring(layout, "store/a")
    with Doorbell(layout):
        pass
    ring(layout, "store/a")


def test_a_full_queue_loses_rings_and_never_waits(layout: Layout) -> None:
    with Doorbell(layout) as doorbell:
        for number in range(5000):
            ring(layout, f"store/{number}")
        assert doorbell.wait(0)


def test_a_socket_left_by_an_earlier_process_is_replaced(layout: Layout) -> None:
    first = Doorbell(layout)
    with Doorbell(layout) as second:
        ring(layout, "store/a")
        assert second.wait(5) == {"store/a"}
    first.close()
