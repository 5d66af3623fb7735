"""Finding series, one series whole, its timeline and decision."""

from pathlib import Path

import pytest

from dicom_node.database.engine import Database
from dicom_node.domain.errors import NotFound
from dicom_node.storage.layout import Layout
from dicom_node.views.decision import Line, lines
from dicom_node.views.pipelines import last_week
from dicom_node.views.series import SeriesFilter, find, identify, modalities, whole
from tests.support.board import TREE, Board, three_series
from tests.support.clock import FixedClock


@pytest.fixture
def board(database: Database, clock: FixedClock, tmp_path: Path) -> Board:
    return three_series(database, clock, Layout(tmp_path))


@pytest.mark.parametrize(
    ("wanted", "patients"),
    [
        ({}, ["P-1", "P-2", "P-3"]),
        ({"state": "closed"}, ["P-1", "P-2", "P-3"]),
        ({"state": "open"}, []),
        ({"modality": "MR"}, ["P-3"]),
        ({"job": "refused"}, ["P-2"]),
        ({"job": "attention"}, ["P-3"]),
        ({"text": "roe"}, ["P-2"]),
        ({"text": "%"}, []),
        ({"text": "a3"}, ["P-1"]),
        ({"text": "TSE", "modality": "CT"}, []),
        ({"limit": 1, "offset": 1}, ["P-2"]),
    ],
    ids=str,
)
def test_filters(board: Board, wanted: dict[str, object], patients: list[str]) -> None:
    with board.database.read() as session:
        found, total = find(session, SeriesFilter(**wanted))
    assert [item["patient"]["id"] for item in found] == patients
    assert total == (3 if "limit" in wanted else len(patients))


def test_modalities(board: Board) -> None:
    with board.database.read() as session:
        assert modalities(session) == ["CT", "MR"]


def test_a_series_is_named_by_number_or_uid_even_of_its_result(board: Board) -> None:
    with board.database.read() as session:
        item = whole(session, 3)
        derived = item["jobs"][0]["derived_series_instance_uid"]
        assert [identify(session, name) for name in ("3", item["series_instance_uid"], derived)] == [3, 3, 3]


@pytest.mark.parametrize("name", ["99", "1.2.3.4", "", "٣", "9" * 40])
def test_an_unknown_name_is_a_sentence(board: Board, name: str) -> None:
    with board.database.read() as session, pytest.raises(NotFound, match="no such series"):
        identify(session, name)


def test_a_uid_of_two_patients_asks_for_the_number(board: Board) -> None:
    for patient in ("Q-1", "Q-2"):
        board.series(uid="1.2.9", patient_id=patient)
    with board.database.read() as session, pytest.raises(NotFound, match="Use one of 4, 5"):
        identify(session, "1.2.9")


def test_one_series_whole(board: Board) -> None:
    with board.database.read() as session:
        item = whole(session, 1)
    assert [figure["gate"] for figure in item["jobs"][0]["figures"]] == ["bias", "anchor", "spared"]
    assert item["revisions"][0]["decision"]["rule"] == "Brain MR"
    assert len(item["objects"]) == item["instances"] == 3
    assert item["objects"][0]["calling_ae"] == "CT1"


def test_the_timeline_joins_equal_events_of_objects(board: Board) -> None:
    with board.database.read() as session:
        told = [(line["subject"], line["text"], line["state"]) for line in whole(session, 1)["timeline"]]
    assert told == [
        ("series", "first object", None),
        ("3 objects", "registered", None),
        ("revision 1", "released", "cut"),
        ("decision 1", "decided", None),
        ("revision 1", "decided", "working"),
        ("job 3", "decided (pipeline: mr-denoise)", "queued"),
        ("job 3", "claimed", "running"),
        ("job 3", "withheld (reason: withheld)", "withheld"),
        ("derived series 2", "published", "pending"),
        ("3 derived objects", "published", None),
        ("revision 1", "finished", "closed"),
    ]


def test_a_decision_is_told_clause_by_clause() -> None:
    assert lines(TREE) == (
        Line(depth=0, text="guards"),
        Line(depth=1, text="loop", outcome="passes"),
        Line(depth=1, text="prior", outcome="passes"),
        Line(depth=0, text="rules"),
        Line(depth=1, text="Low-dose chest CT", value="line 2", outcome="true"),
        Line(depth=2, text="all", outcome="true"),
        Line(depth=3, text="Modality equals CT", value="CT", outcome="true"),
        Line(depth=3, text="SliceThickness at_most 3.0", value="1.25", outcome="true"),
        Line(depth=3, text="not", outcome="true"),
        Line(depth=4, text="ImageType contains LOCALIZER", value="ORIGINAL\\PRIMARY", outcome="false"),
        Line(depth=0, text="pipelines"),
        Line(depth=1, text="ct-denoise", value="rule Low-dose chest CT", outcome="accepted"),
    )


def test_whatever_else_a_decision_notes_is_told_too() -> None:
    tree = {
        "notes": ["no Study Date"],
        "priors": False,
        "jobs": [{"pipeline": "ct-nlm", "why": "too few"}],
        "none": "",
    }
    assert [(line.depth, line.text, line.value) for line in lines(tree)] == [
        (0, "notes", "no Study Date"),
        (0, "priors", "no"),
        (0, "jobs", ""),
        (1, "ct-nlm", "too few"),
    ]


def test_the_share_withheld_is_of_what_the_guard_judged(board: Board, clock: FixedClock) -> None:
    with board.database.read() as session:
        assert [(row["pipeline"], row["withheld_share"]) for row in last_week(session, clock.now())] == [
            ("ct-denoise", 0.0),
            ("mr-denoise", 1.0),
        ]
        assert last_week(session, clock.advance(8 * 86400)) == []
