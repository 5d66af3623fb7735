"""Pages, JSON, health, and what stands before them."""

import json
import os
from pathlib import Path

import pytest

from dicom_node.config.model import Config, DestinationSection, StorageSection
from dicom_node.database.engine import Database
from dicom_node.provenance.record import alert
from dicom_node.storage.layout import Layout
from dicom_node.web.app import create
from tests.support.board import Board, three_series
from tests.support.clock import FixedClock
from tests.support.web import Client

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)>'


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    layout = Layout(tmp_path)
    layout.run.mkdir()
    return layout


@pytest.fixture
def board(database: Database, clock: FixedClock, layout: Layout) -> Board:
    return three_series(database, clock, layout)


def client_of(database: Database, layout: Layout, clock: FixedClock, config: Config | None = None) -> Client:
    return Client(create(config or Config(), database, layout, clock))


@pytest.fixture
def client(database: Database, layout: Layout, clock: FixedClock) -> Client:
    return client_of(database, layout, clock)


def runs(layout: Layout, *, receiver: str = "running") -> None:
    process = {"name": "receiver-1", "pid": os.getpid(), "state": receiver, "restarts": 0}
    said = {"pid": os.getpid(), "started_at": "", "dicom_port": 1, "web_port": 2, "processes": [process]}
    layout.processes.write_text(json.dumps(said))


def test_the_board_shows_states_rules_reasons_and_deliveries(board: Board, client: Client) -> None:
    page = client.get("/").text
    for words in (
        "Doe, Jane",
        "Low-dose chest CT",
        "gantry tilt 18.5° needs",
        "withheld by the guard",
        "4/4",
        "14.5 s",
    ):
        assert words in page, words


def test_filters_stand_in_the_url(board: Board, client: Client) -> None:
    page = client.get("/?modality=MR&q=Äsop").text
    assert "t2 tse ax" in page and "Roe, Richard" not in page
    assert "/?modality=MR&amp;q=%C3%84sop" in page


def test_an_empty_board_says_where_to_send(client: Client) -> None:
    assert "Send to AE title RESTORE on port 11112" in client.get("/").text


def test_the_board_names_destinations_that_are_not_asked(
    database: Database, clock: FixedClock, layout: Layout, client: Client
) -> None:
    disk = DestinationSection(name="disk", ae_title="DISK", host="127.0.0.1", port=104, verify_identity=False)
    page = client_of(database, layout, clock, Config(destinations=(disk,))).get("/").text
    assert "without asking whose the study is: disk" in page
    assert "without asking" not in client.get("/").text


def test_pages_of_a_long_board(database: Database, clock: FixedClock, client: Client) -> None:
    board = Board(database, clock)
    for _ in range(101):
        board.series(slices=0)
    first, second = client.get("/").text, client.get("/?page=2").text
    assert 'href="/?page=2"' in first and 'rel="prev"' not in first
    assert 'href="/?"' in second and second.count('id="series-') == 1


def test_a_series_page_shows_decision_figures_pictures_and_timeline(board: Board, client: Client) -> None:
    page = client.get("/series/1").text
    for words in ("change below the anchor frequency", "at most 5", "slice 3", "SliceThickness at_most 3.0",
                  "/previews/3/difference.png", "3 objects", "± 50", "strength 75 %",
                  "given back in 2 places"):  # fmt: skip
        assert words in page, words


def test_the_result_leads_to_its_source(board: Board, client: Client) -> None:
    assert "t2 tse ax" in client.get("/series/2.25.1003").text


@pytest.mark.parametrize("path", ["/", "/series/4"])
def test_hostile_names_are_text(board: Board, clock: FixedClock, client: Client, path: str) -> None:
    received = board.series(description=HOSTILE, patient=HOSTILE, patient_id="\u202eP\x1b[31m", modality=HOSTILE)
    board.decide(received, rule=HOSTILE, reason=HOSTILE)
    board.job(received, pipeline="p", refused=HOSTILE)
    with board.database.write() as session:
        alert(session, kind="conflict", message=HOSTILE, at=clock.now(), series_id=received.series_id)
    page = client.get(path).text
    assert "<script>alert" not in page and "<img src=x" not in page
    assert "&lt;script&gt;" in page
    assert "\u202e" not in page and "\x1b" not in page


def test_hostile_queries_are_text(client: Client) -> None:
    page = client.get("/", params={"q": HOSTILE, "state": HOSTILE, "modality": HOSTILE}).text
    assert "<script>alert" not in page and "<img src=x" not in page


@pytest.mark.parametrize("kind", ["before", "after", "difference"])
def test_pictures_are_served_by_job(board: Board, client: Client, kind: str) -> None:
    answer = client.get(f"/previews/3/{kind}.png")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/previews/99/before.png", 404),
        ("/previews/3/index.png", 422),
        ("/previews/..%2f3/before.png", 404),
        ("/previews/-3/before.png", 404),
        ("/static/../app.py", 404),
        ("/static/%2e%2e/app.py", 404),
        ("/series/77", 404),
        ("/series/%3Cscript%3E", 404),
        ("/?page=0", 422),
        ("/docs", 404),
    ],
)
def test_nothing_else_is_served(board: Board, client: Client, path: str, status: int) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert "<script>" not in answer.text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8042", "127.0.0.1.evil.example", "", "[::2]"])
def test_an_unknown_host_is_misdirected(client: Client, host: str) -> None:
    assert client.get("/healthz", headers={"host": host}).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1:8042", "[::1]:8042", "127.0.0.9"])
def test_own_names_are_known(database: Database, layout: Layout, clock: FixedClock, host: str) -> None:
    config = Config.model_validate({"web": {"host": "127.0.0.9"}})
    client = client_of(database, layout, clock, config)
    assert client.get("/healthz", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/series/1", "/api/v1/status", "/healthz", "/static/style.css", "/nowhere"])
def test_every_answer_carries_the_headers_of_safety(board: Board, client: Client, path: str) -> None:
    headers = client.get(path).headers
    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("path", ["/", "/series/1"])
def test_pages_have_no_inline_code_and_no_foreign_address(board: Board, client: Client, path: str) -> None:
    page = client.get(path).text
    assert "<script>" not in page and " onclick" not in page and " style=" not in page
    assert "http://" not in page and "https://" not in page


def test_the_json_is_that_of_the_command_line(board: Board, client: Client) -> None:
    found = client.get("/api/v1/status").json()
    assert set(found) >= {"node", "processes", "counts", "series", "alerts"}
    listed = client.get("/api/v1/series", params={"job": "withheld"}).json()
    assert (listed["total"], listed["series"][0]["jobs"][0]["state"]) == (1, "withheld")
    assert client.get("/api/v1/series/1").json()["timeline"]
    assert client.get("/api/v1/alerts").json() == []
    assert client.get("/api/v1/openapi.json").status_code == 200


def test_a_missing_series_is_a_sentence_in_json(client: Client) -> None:
    answer = client.get("/api/v1/series/1.2.3")
    assert answer.status_code == 404 and "no such series" in answer.json()["error"]


def test_readiness_is_the_ability_to_receive(client: Client, layout: Layout) -> None:
    assert client.get("/readyz").status_code == 503
    runs(layout, receiver="restarting")
    assert client.get("/readyz").json()["obstacles"] == ["no receiver runs"]
    runs(layout)
    assert client.get("/readyz").json() == {"ready": True, "obstacles": []}


def test_a_full_disk_is_not_ready(database: Database, layout: Layout, clock: FixedClock) -> None:
    runs(layout)
    config = Config(storage=StorageSection(min_free_gb=1e9))
    answer = client_of(database, layout, clock, config).get("/readyz")
    assert answer.status_code == 503 and "storage.min_free_gb" in answer.json()["obstacles"][0]


def test_metrics(board: Board, client: Client) -> None:
    answer = client.get("/metrics")
    assert 'dicom_node_series{state="closed"} 3.0' in answer.text
    assert "Doe" not in answer.text
