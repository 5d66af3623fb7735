"""Logging of one process: one event name a line, with ids. Touches: standard error.

Log lines carry no patient attribute and no description. Libraries that quote strangers' values (pydicom, pynetdicom)
are therefore kept silent; what went wrong on the wire the node says itself. Faults in its own handlers are heard.
"""

import logging
import sys
from typing import Any, TextIO

import structlog

_QUIET = {
    "pydicom": logging.CRITICAL,
    "pynetdicom": logging.CRITICAL,
    "pynetdicom.events": logging.ERROR,
    "uvicorn.access": logging.CRITICAL,
}


def configure(*, process: str, as_json: bool | None = None, stream: TextIO | None = None) -> None:
    """Set up logging for this process; to be called once at its start.

    Parameters
    ----------
    process
        Name that stands on every line.
    as_json
        JSON lines, or plain ones; if not given, plain on a terminal only.
    stream
        Standard error if not given.
    """
    out = stream or sys.stderr
    if as_json is None:
        as_json = not out.isatty()
    shared: list[structlog.typing.Processor] = [
        _naming(process),
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    shown: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=out.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, shown] if as_json else [*shared, shown],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=True,
    )
    _take_over_libraries(out, shared, shown)


def _naming(process: str) -> structlog.typing.Processor:
    """Name the process on lines of every thread; context variables would be those of one."""

    def name(_logger: Any, _method: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        event["process"] = process
        return event

    return name


def _take_over_libraries(
    out: TextIO, shared: list[structlog.typing.Processor], shown: structlog.typing.Processor
) -> None:
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, shown],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)
