"""All real series through one registrar: what is registered, what is a duplicate, what is kept apart and why."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from dicom_node.database.tables import Alert, Instance, Reception, Series
from dicom_node.sandbox.client import Sandbox
from tests.integration.register_support import Station, sent_file
from tests.support.clock import FixedClock
from tests.support.database import make_database
from tests.support.shared import series_folder, shared_root

WHOLE = {
    "01": 12, "02": 5, "03": 4, "04": 1, "05": 3, "06": 3, "07": 1, "08": 9, "09": 1, "10": 1, "11": 50, "12": 18,
    "13": 2, "14": 1, "15": 1, "16": 6, "17": 1, "18": 9, "20": 4, "21": 1, "23": 4, "24": 3, "25": 1, "26": 2,
    "27": 2, "29": 3, "30": 60, "31": 10, "32": 9, "33": 13, "34": 3, "35": 2, "36": 8, "37": 2, "38": 5, "39": 1,
    "41": 3, "42": 1, "44": 1, "45": 1, "46": 1, "48": 2, "52": 8, "53": 1,
}  # fmt: skip
"""Folders of which every file is registered."""

APART = {
    ("28", "bad-uids.dcm"): ("quarantined", "uid invalid"),
    ("28", "nested-1500-deep.dcm"): ("quarantined", "unreadable"),
    ("28", "no-series-uid.dcm"): ("quarantined", "no identity"),
    ("28", "says-rle-is-raw.dcm"): ("conflict", "conflict pixels"),
    ("40", "emri_small_jpeg_2k_lossless_too_short.dcm"): ("conflict", "conflict pixels"),
    ("43", "chrSQEncoding.dcm"): ("quarantined", "no identity"),
    ("47", "001.dcm"): ("quarantined", "no identity"),
    ("50", "MR_truncated.dcm"): ("conflict", "conflict pixels"),
    ("50", "rtplan_truncated.dcm"): ("quarantined", "unreadable"),
    ("50", "UN_sequence.dcm"): ("quarantined", "no identity"),
    ("50", "priv_SQ.dcm"): ("quarantined", "no identity"),
    ("50", "badVR.dcm"): ("quarantined", "command differs"),
    ("54", "001.dcm"): ("quarantined", "no identity"),
}

TALLIES = [
    ("19", {"registered": 7, "duplicate": 9}),
    ("22", {"registered": 2, "quarantined": 2}),
    ("40", {"registered": 3, "duplicate": 4, "conflict": 1}),
    ("43", {"registered": 12, "duplicate": 1, "quarantined": 4}),
    ("49", {"registered": 1, "quarantined": 3}),
    ("51", {"duplicate": 8}),
]


@dataclass(frozen=True)
class Result:
    receptions: dict[tuple[str, str], tuple[str, str]]
    flags: dict[tuple[str, str], list[str]]
    series: int
    sentences: list[str]


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Result]:
    series_folder("01-ge-ct-head-tilt")
    tmp = tmp_path_factory.mktemp("real")
    database, sandbox = make_database(tmp), Sandbox()
    station = Station(tmp, database, sandbox, FixedClock())
    names = {}
    for folder in sorted((shared_root() / "data").iterdir()):
        files = sorted(folder.glob("*.dcm"))
        received = station.put(station.associate(folder.name[:2]), [sent_file(path) for path in files])
        for path, file in zip(received, files, strict=True):
            names[station.layout.relative(path)] = (folder.name[:2], file.name)
    station.registrar.register(station.registrar.recent_folders())
    with database.read() as session:
        yield Result(
            receptions={names[row.path]: (row.outcome, row.reason_code) for row in session.scalars(select(Reception))},
            flags={names[row.path]: row.flags for row in session.scalars(select(Instance))},
            series=len(session.scalars(select(Series)).all()),
            sentences=list(session.scalars(select(Alert.message))),
        )
    sandbox.close()
    database.close()


def test_every_file_has_a_reception(result: Result) -> None:
    assert len(result.receptions) == len(list((shared_root() / "data").glob("*/*.dcm")))


@pytest.mark.parametrize(("folder", "count"), WHOLE.items(), ids=list(WHOLE))
def test_ordinary_folders_are_registered_whole(result: Result, folder: str, count: int) -> None:
    outcomes = [outcome for (name, _), (outcome, _) in result.receptions.items() if name == folder]
    assert outcomes == ["registered"] * count


@pytest.mark.parametrize(("folder", "tally"), TALLIES, ids=[row[0] for row in TALLIES])
def test_odd_folders_end_as_tallied(result: Result, folder: str, tally: dict[str, int]) -> None:
    assert Counter(outcome for (name, _), (outcome, _) in result.receptions.items() if name == folder) == tally


@pytest.mark.parametrize(("file", "expected"), APART.items(), ids=[" ".join(key) for key in APART])
def test_what_is_kept_apart_says_why(result: Result, file: tuple[str, str], expected: tuple[str, str]) -> None:
    assert result.receptions[file] == expected


def test_irregular_objects_are_flagged(result: Result) -> None:
    assert "pixel data too short" in result.flags["28", "rows-do-not-fit.dcm"]
    assert "pixel data too short" in result.flags["50", "claims-65535x65535.dcm"]
    assert "SOP Instance UID from the command" in result.flags["35", "rgb-doseinfo.dcm"]
    assert "Patient ID missing" in result.flags["27", "basic-text-sr.dcm"]


def test_alerts_name_no_patient(result: Result) -> None:
    assert result.sentences
    assert not any("^" in sentence for sentence in result.sentences)
