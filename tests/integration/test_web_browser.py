"""The pages in a real browser: live without reload, nothing from elsewhere, no error in the console."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.storage.layout import Layout
from dicom_node.web.app import create
from tests.support.board import Board, three_series
from tests.support.clock import FixedClock

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(not CHROMIUM.exists(), reason="Chromium is not installed"),
]


@pytest.fixture
def board(database: Database, clock: FixedClock, tmp_path: Path) -> Board:
    return three_series(database, clock, Layout(tmp_path))


@pytest.fixture
def address(board: Board, tmp_path: Path) -> Iterator[str]:
    app = create(Config(), board.database, Layout(tmp_path), board.clock)
    settings = uvicorn.Config(app, log_level="warning", lifespan="off", timeout_graceful_shutdown=1)
    server = uvicorn.Server(settings)
    with socket.create_server(("127.0.0.1", 0)) as sock:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]})
        thread.start()
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        server.should_exit = True
        thread.join()
    app.state.parts.changes.join()


def test_pages_in_a_browser(address: str, board: Board, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    requested: list[str] = []
    complaints: list[str] = []
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        page.on("request", lambda request: requested.append(request.url))
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))

        page.goto(address)
        page.wait_for_selector("[data-live=yes]")
        assert page.locator("table.board tbody tr").count() == 3
        page.evaluate("window.untouched = true")
        board.series(description="arrived later", closed_cut=False)
        page.get_by_text("arrived later").wait_for(timeout=15_000)
        assert page.locator("table.board tbody tr").count() == 4
        assert page.locator("#summary").get_by_text("open").count() == 1

        page.get_by_label("Search").fill("tilted")
        page.locator("table.board tbody tr").nth(1).wait_for(state="detached")
        assert page.get_by_text("Head 5 mm tilted").count() == 1
        assert "q=tilted" in page.url
        assert page.evaluate("window.untouched"), "the page was reloaded"
        page.screenshot(path=str(tmp_path / "board.png"))

        page.goto(f"{address}/series/1")
        page.wait_for_function(
            "[...document.images].length === 3 && [...document.images].every((i) => i.naturalWidth > 0)"
        )
        page.screenshot(path=str(tmp_path / "series.png"))
        browser.close()

    assert [url for url in requested if not url.startswith(address)] == []
    assert complaints == []
