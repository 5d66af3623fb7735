"""Telling open pages of changes; the vendored file."""

import asyncio
import hashlib
from pathlib import Path

import pytest

import dicom_node.web
from dicom_node.database.engine import Database
from dicom_node.storage.layout import Layout
from dicom_node.web.changes import Changes
from dicom_node.web.render import day, digest, duration, number, person, place, printable, short_uid, size, when
from tests.support.board import Board
from tests.support.clock import FixedClock

STATIC = Path(dicom_node.web.__path__[0]) / "static"


def test_every_listener_hears_of_a_change(database: Database, clock: FixedClock, tmp_path: Path) -> None:
    changes = Changes(database, Layout(tmp_path))
    board = Board(database, clock)

    async def listen() -> list[str]:
        streams = [changes.stream() for _ in range(3)]
        heard = [(await anext(stream))["event"] for stream in streams]
        await asyncio.to_thread(board.series)
        heard += [(await asyncio.wait_for(anext(stream), 20))["event"] for stream in streams]
        for stream in streams:
            await stream.aclose()
        return heard

    assert asyncio.run(listen()) == ["changed"] * 6
    changes.join()


def test_the_vendored_file_is_the_one_named() -> None:
    digest = hashlib.sha256((STATIC / "htmx.min.js").read_bytes()).hexdigest()
    assert digest in (STATIC / "SOURCES").read_text()
    assert "Zero-Clause BSD" in (STATIC / "htmx.LICENSE").read_text()


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (person("Doe^Jane^Q^Dr"), "Doe, Jane Q"),
        (person("Yamada^Tarou=山田^太郎"), "Yamada, Tarou"),
        (person(""), ""),
        (printable("a\x07b\u202ec"), "a�b�c"),
        (day("20260302"), "2026-03-02"),
        (day("2026"), "2026"),
        (short_uid("1.2.3"), "1.2.3"),
        (short_uid("1.2.826.0.1.3680043.8.498.1"), "….3680043.8.498.1"),
        (duration(14.5), "14.5 s"),
        (duration(600), "10 min"),
        (duration(9000), "2.5 h"),
        (duration(None), ""),
        (size(525_000), "525 kB"),
        (size(2_500_000), "2.5 MB"),
        (number(-0.3123), "−0.312"),
        (number(None), "–"),
        (number(-1010.4), "−1 010"),
        (digest("ab" * 32), "abababababab…"),
        (digest("float32"), "float32"),
        (place(None), ""),
        (place({"slice": 3, "row": 4, "column": 5}), "slice 3, row 4, column 5"),
        (when("2026-03-02T09:00:00+00:00", "Europe/Berlin"), "2026-03-02 10:00:00"),
        (when(None, "system"), ""),
    ],
)
def test_how_values_are_written(shown: str, expected: str) -> None:
    assert shown == expected
