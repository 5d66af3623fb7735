"""``doctor``: can this node work? Touches: disk, database, ports, bundles, destinations, all reading."""

import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass

import typer

from dicom_node.cli import show
from dicom_node.cli.opened import ConfigOption, JsonOption, config_of, database_of
from dicom_node.config.model import Config

GB = 1e9


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing looked at."""

    name: str
    good: bool
    detail: str


def doctor(ctx: typer.Context, config: ConfigOption = None, json: JsonOption = False) -> None:
    """Check everything the node needs; exit status 1 if something is in the way."""
    checks = list(examine(config_of(ctx, config)))
    if json:
        show.as_json([asdict(check) for check in checks])
    else:
        show.table([asdict(check) for check in checks], ("name", "good", "detail"))
    if not all(check.good for check in checks):
        raise typer.Exit(1)


def examine(config: Config) -> Iterator[Check]:
    """Look at disk, database, ports, bundles and destinations, one after the other."""
    parts: tuple[Callable[[Config], Iterator[Check]], ...] = (_disk, _database, _ports, _bundles, _destinations)
    for part in parts:
        yield from part(config)


def _disk(config: Config) -> Iterator[Check]:
    folder = config.node.data_dir
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free_gb = shutil.disk_usage(folder).free / GB
    wanted = config.storage.min_free_gb
    yield Check(name="disk", good=free_gb >= wanted, detail=f"{free_gb:.1f} GB free, {wanted:g} GB wanted")
    writable = os.access(folder, os.W_OK | os.X_OK)
    detail = str(config.node.data_dir) if writable else f"{folder} cannot be written"
    yield Check(name="data_dir", good=writable, detail=detail)


def _database(config: Config) -> Iterator[Check]:
    from dicom_node.domain.errors import NodeError
    from dicom_node.views.status import is_ready

    try:
        with database_of(config) as database:
            if database is None:
                detail = "not there yet; the first start makes it"
            else:
                detail = "ready" if is_ready(database) else "empty; the first start fills it"
            yield Check(name="database", good=True, detail=detail)
    except NodeError as error:
        yield Check(name="database", good=False, detail=str(error))


def _ports(config: Config) -> Iterator[Check]:
    from dicom_node.storage.layout import Layout
    from dicom_node.views.processes import running

    now = running(Layout(config.node.data_dir))
    for name, host, port in (
        ("DICOM port", config.node.host, config.node.port),
        ("page port", config.web.host, config.web.port),
    ):
        if now is not None:
            yield Check(name=name, good=True, detail="the node is running")
        else:
            yield _port(name, host, port)


def _port(name: str, host: str, port: int) -> Check:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with closing(socket.socket(family, socket.SOCK_STREAM)) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host, port))
        except OSError as error:
            return Check(name=name, good=False, detail=f"{host}:{port}: {error.strerror}")
    return Check(name=name, good=True, detail=f"{host}:{port} is free")


def _bundles(config: Config) -> Iterator[Check]:
    from dicom_node.decide.eligibility import cards
    from dicom_node.domain.reasons import Reason

    known = cards()
    for name, card in known.items():
        if isinstance(card, Reason):
            yield Check(name=f"pipeline {name}", good=False, detail=card.sentence)
        else:
            yield Check(name=f"pipeline {name}", good=True, detail=card.title)
    named = {*config.pipelines, *(step["pipeline"] for rule in config.rules for step in rule.get("restore") or ())}
    for name in sorted(named - set(known)):
        detail = f"the configuration names it, but there are only {', '.join(known)}"
        yield Check(name=f"pipeline {name}", good=False, detail=detail)


def _destinations(config: Config) -> Iterator[Check]:
    from dicom_node.deliver.send import echo
    from dicom_node.domain.errors import NodeError

    for destination in config.destinations:
        try:
            answer = echo(destination, config.node.ae_title)
            good, detail = answer.status == 0, answer.sentence
        except NodeError as error:
            good, detail = False, str(error)
        yield Check(name=f"destination {destination.name}", good=good, detail=detail)
