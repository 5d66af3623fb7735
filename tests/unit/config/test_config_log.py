"""Log lines."""

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest
import structlog

from dicom_node.config.log import configure


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name in ("pydicom", "pynetdicom", "pynetdicom.events", "uvicorn.access"):
        logging.getLogger(name).setLevel(logging.NOTSET)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def test_one_json_line_per_event(stream: io.StringIO) -> None:
    configure(process="web", as_json=True, stream=stream)
    structlog.get_logger().info("started", port=1)
    line = json.loads(stream.getvalue())
    assert (line["event"], line["process"], line["port"], line["level"]) == ("started", "web", 1, "info")
    assert line["timestamp"].endswith("Z")


def test_libraries_speak_the_same_way_from_their_warnings_on(stream: io.StringIO) -> None:
    configure(process="web", as_json=True, stream=stream)
    logging.getLogger("apscheduler").info("not shown")
    logging.getLogger("apscheduler").warning("shown")
    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["shown"]


def test_libraries_that_quote_strangers_values_are_silent(stream: io.StringIO) -> None:
    configure(process="web", as_json=True, stream=stream)
    logging.getLogger("pydicom").warning("Invalid value for VR PN: 'Marked^Patient'")
    logging.getLogger("pynetdicom.acse").warning("Marked^Patient")
    logging.getLogger("pynetdicom.transport").error("TCP Initialisation Error: Connection refused")
    assert stream.getvalue() == ""


def test_faults_in_our_own_handlers_are_heard(stream: io.StringIO) -> None:
    configure(process="receiver", as_json=True, stream=stream)
    logging.getLogger("pynetdicom.events").error("Exception raised in user's handler")
    assert json.loads(stream.getvalue())["level"] == "error"


def test_every_thread_names_the_process(stream: io.StringIO) -> None:
    configure(process="receiver", as_json=True, stream=stream)
    thread = threading.Thread(target=lambda: structlog.get_logger().info("association rejected"))
    thread.start()
    thread.join()
    assert json.loads(stream.getvalue())["process"] == "receiver"


def test_plain_lines_for_people(stream: io.StringIO) -> None:
    configure(process="web", as_json=False, stream=stream)
    structlog.get_logger().info("started", port=1)
    assert "started" in stream.getvalue() and "port=1" in stream.getvalue()
