"""Journals, whole and damaged."""

import resource
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dicom_node.domain.errors import StorageError
from dicom_node.storage.journal import DiskFault, Journal, JournalRecord, Opening, read

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LATER = AT + timedelta(seconds=5)
OPENING = Opening(at=AT, calling_ae="CT1", called_ae="RESTORE", address="10.1.2.3", peer="ct1")


def test_an_open_association_has_an_opening_and_no_end(tmp_path: Path) -> None:
    journal = Journal(tmp_path, OPENING)
    assert read(tmp_path) == JournalRecord(opening=OPENING)
    journal.end("aborted", LATER, stored=0, cut=0)


@pytest.mark.parametrize("outcome", ["released", "aborted"])
def test_all_comes_back(tmp_path: Path, outcome: str) -> None:
    journal = Journal(tmp_path, OPENING)
    journal.fault(LATER, "no space")
    journal.end(outcome, LATER, stored=7, cut=1)
    assert read(tmp_path) == JournalRecord(
        opening=OPENING,
        outcome=outcome,
        ended_at=LATER,
        stored=7,
        cut=1,
        faults=(DiskFault(at=LATER, error="no space"),),
    )


def test_hostile_titles_stay_within_their_line(tmp_path: Path) -> None:
    title = 'A"\n{"event":"released"}\x00\u202e'
    Journal(tmp_path, Opening(at=AT, calling_ae=title, called_ae="R", address="::1", peer="")).end(
        "aborted", LATER, stored=0, cut=0
    )
    record = read(tmp_path)
    assert record.opening is not None
    assert record.opening.calling_ae == title
    assert record.outcome == "aborted"


DAMAGED = {
    "missing": None,
    "empty": b"",
    "noise": bytes(range(256)),
    "no objects": b'[1]\n"opened"\n7\n',
    "opening without time": b'{"event": "opened", "calling_ae": "A"}\n',
    "opening without zone": b'{"event": "opened", "at": "2026-03-02T09:00:00"}\n',
    "cut line": b'{"event": "opened", "at": "2026-03-02T09:0',
    "count of another kind": b'{"event": "disk ful", "stored": "many"}\n',
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_journal_says_little_and_never_fails(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "journal").write_bytes(content)
    assert read(tmp_path) == JournalRecord()


def test_a_cut_line_does_not_hide_the_lines_around_it(tmp_path: Path) -> None:
    Journal(tmp_path, OPENING).end("released", LATER, stored=2, cut=0)
    lines = (tmp_path / "journal").read_text().splitlines()
    (tmp_path / "journal").write_text(f'{lines[0]}\n{{"event": "disk fa\n{lines[1]}\n')
    assert read(tmp_path).opening == OPENING
    assert read(tmp_path).stored == 2


def test_lines_that_the_disk_refused_are_written_with_the_next_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path, OPENING)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / "journal").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, before[1]))
    try:
        journal.fault(LATER, "no space")
        journal.fault(LATER, "still no space")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    journal.end("released", LATER, stored=1, cut=0)
    record = read(tmp_path)
    assert [fault.error for fault in record.faults] == ["no space", "still no space"]
    assert (record.opening, record.outcome, record.stored) == (OPENING, "released", 1)


def test_a_journal_that_cannot_be_opened_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="journal"):
        Journal(tmp_path / "gone", OPENING)
