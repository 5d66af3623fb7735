"""The rule book: versions of the rules with who, when and why. Touches: database (writes rule_set).

A new version is in force with its transaction; every decision names the version it was made by.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from dicom_node.database.engine import Database
from dicom_node.decide import rows
from dicom_node.decide.rows import Version
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NotFound, RuleError
from dicom_node.domain.work import digest_of
from dicom_node.rules import document
from dicom_node.rules.grammar import parse

CONFIG_AUTHOR = "config.yaml"


@dataclass(frozen=True, kw_only=True)
class Names:
    """The names that rules may use."""

    pipelines: Collection[str]
    destinations: Collection[str]


def current(database: Database) -> Version | None:
    """Return the version in force; None while the book is empty."""
    with database.read() as session:
        return next(iter(rows.versions(session, newest=1)), None)


def history(database: Database) -> list[Version]:
    """Return all versions, newest first."""
    with database.read() as session:
        return rows.versions(session)


def diff(database: Database, version: int) -> str:
    """Return what a version changed against the one before it, as unified diff.

    Raises
    ------
    NotFound
        There is no such version.
    """
    book = {item.version: item for item in history(database)}
    new = _find(book, version)
    old = book.get(version - 1)
    lines = unified_diff(
        old.text.splitlines() if old is not None else [],
        new.text.splitlines(),
        fromfile=f"version {version - 1}",
        tofile=f"version {version}",
        lineterm="",
    )
    return "\n".join(lines)


def import_text(database: Database, text: str, *, author: str, why: str, clock: Clock, names: Names) -> Version:
    """Check a text and put it into force as a new version.

    Returns
    -------
    Version
        The version in force: the present one, unchanged, if the text is the same.

    Raises
    ------
    RuleError
        The text is wrong (the subject has rule and line), or who or why is empty.
    """
    parse(text, pipelines=names.pipelines, destinations=names.destinations)
    return _activate(database, text, author=author, why=why, clock=clock)


def revert(database: Database, version: int, *, author: str, why: str, clock: Clock, names: Names) -> Version:
    """Put an older version's text into force again, as a new version.

    Raises
    ------
    NotFound
        There is no such version.
    RuleError
        The old text names something that is gone, or who or why is empty.
    """
    old = _find({item.version: item for item in history(database)}, version)
    return import_text(database, old.text, author=author, why=why, clock=clock, names=names)


def seed_from_config(
    database: Database, rules: Sequence[Mapping[str, Any]], *, clock: Clock, names: Names
) -> Version | None:
    """Fill an empty rule book from the configuration; a book that has a version is left alone.

    A pipeline that is not installed does not keep the node from starting: the decisions that name it say so.

    Returns
    -------
    Version | None
        The version made; None if the book was not empty or the configuration has no rules.

    Raises
    ------
    RuleError
        The configuration's rules are wrong; lines count from ``rules:``.
    """
    if not rules or current(database) is not None:
        return None
    text = text_of(rules)
    parse(text, destinations=names.destinations)
    return _activate(database, text, author=CONFIG_AUTHOR, why="the rule book was empty", clock=clock)


def differs_from_config(database: Database, rules: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the rules in force say something else than those of the configuration; no, if the latter has none."""
    present = current(database)
    if not rules or present is None:
        return False
    return parse(present.text).digest != parse(text_of(rules)).digest


def text_of(rules: Sequence[Mapping[str, Any]]) -> str:
    """Return the text of rules as the configuration holds them."""
    return document.write({"rules": list(rules)})


def _activate(database: Database, text: str, *, author: str, why: str, clock: Clock) -> Version:
    for name, value in (("author", author), ("why", why)):
        if not value.strip():
            raise RuleError(happened=f"«{name}» is empty", subject="rule book", remedy="Say who changes it and why.")
    with database.write() as session:
        present = next(iter(rows.versions(session, newest=1)), None)
        if present is not None and present.text == text:
            return present
        version = Version(
            version=present.version + 1 if present is not None else 1,
            text=text,
            digest=digest_of(text),
            author=author.strip(),
            why=why.strip(),
            created_at=clock.now(),
        )
        rows.insert_version(session, version)
        return version


def _find(book: Mapping[int, Version], version: int) -> Version:
    if version not in book:
        raise NotFound(
            happened="no such version of the rules",
            subject=f"version {version}",
            remedy="«dicom-node rules history» lists them.",
        )
    return book[version]
