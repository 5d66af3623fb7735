"""When a series is cut: the table, and arrival scripts from start to cut."""

from datetime import timedelta

import pytest

from dicom_node.complete.policy import Arrivals, Cut, Stated, Wait, decide_cut
from dicom_node.config.model import CompletionSection
from tests.support.cuts import START

POLICY = CompletionSection()


def arrivals(**changes: object) -> Arrivals:
    return Arrivals(**{"last_received_at": START, **changes})  # type: ignore[arg-type]


def stated(expected: int, found: int, *, proven: bool = True) -> Stated:
    return Stated(kind="pet", expected=expected, found=found, proven=proven)


TABLE = [
    ("quiet", arrivals(), 15, True),
    ("slow peer", arrivals(peer_gap_s=20.0), 60, True),
    ("very slow peer", arrivals(peer_gap_s=500.0), 120, True),
    ("quick peer", arrivals(peer_gap_s=0.1), 15, True),
    ("release not trusted", arrivals(released_at=START), 15, True),
    ("released", arrivals(released_at=START, release_trusted=True), 3, True),
    ("released later", arrivals(released_at=START + timedelta(seconds=5), release_trusted=True), 8, True),
    ("hole beats release", arrivals(holes=1, released_at=START, release_trusted=True), 60, True),
    ("hole of a slow peer", arrivals(holes=2, peer_gap_s=40.0), 120, True),
    ("full", arrivals(stated=(stated(10, 10),)), 1, True),
    ("full beats hole", arrivals(stated=(stated(10, 10),), holes=3), 1, True),
    ("missing", arrivals(stated=(stated(10, 9),)), 600, False),
    ("missing beats full", arrivals(stated=(stated(10, 10), stated(12, 10))), 600, False),
    ("not proven", arrivals(stated=(stated(10, 9, proven=False),)), 15, True),
    ("more than stated", arrivals(stated=(stated(10, 11),)), 15, True),
]


@pytest.mark.parametrize(("known", "waits_s", "complete"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_each_row_waits_and_cuts_as_the_table_says(known: Arrivals, waits_s: float, complete: bool) -> None:
    until = START + timedelta(seconds=waits_s)
    early = decide_cut(known, POLICY, until - timedelta(milliseconds=1))
    due = decide_cut(known, POLICY, until)
    assert isinstance(early, Wait)
    assert early.until == until
    assert isinstance(due, Cut)
    assert due.complete is complete


@pytest.mark.parametrize(
    ("known", "word"),
    [
        (arrivals(), "quiet"),
        (arrivals(holes=2), "hole: 2 missing"),
        (arrivals(stated=(stated(10, 9),)), "missing: 9 of 10 objects (pet)"),
        (arrivals(stated=(stated(10, 10),)), "full: all 10"),
        (arrivals(released_at=START, release_trusted=True), "released"),
    ],
)
def test_the_reason_names_what_decided(known: Arrivals, word: str) -> None:
    assert decide_cut(known, POLICY, START).why.startswith(word)
