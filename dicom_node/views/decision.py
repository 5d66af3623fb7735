"""A recorded decision as indented lines. Pure.

Clauses are shown as recorded; whatever else a decision notes is shown under its own name.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_HEADINGS = ("guard", "pipeline", "rule", "name")
_NOTHING: tuple[Any, ...] = (None, "", [], {})
_SELF_EVIDENT = ("why", "missing", "held_back")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line.

    Attributes
    ----------
    depth
        Indentation from 0.
    text, value
        What was asked, and what the facts say.
    outcome
        ``true``, ``false``, ``missing``, or empty for a heading.
    """

    depth: int
    text: str
    value: str = ""
    outcome: str = ""


def lines(tree: Mapping[str, Any]) -> tuple[Line, ...]:
    """Flatten a decision's tree."""
    return tuple(_node(tree, 0) if "clause" in tree else _mapping(tree, 0))


def _node(clause: Mapping[str, Any], depth: int) -> Iterator[Line]:
    said = [str(clause[key]) for key in ("value", "why") if clause.get(key)]
    yield Line(depth=depth, text=str(clause["clause"]), value="; ".join(said), outcome=str(clause["outcome"]))
    for part in clause.get("of", ()):
        yield from _node(part, depth + 1)


def _mapping(tree: Mapping[str, Any], depth: int) -> Iterator[Line]:
    for key, value in tree.items():
        if isinstance(value, Mapping) and "clause" in value:
            yield from _node(value, depth)
        elif isinstance(value, Mapping) and value:
            yield Line(depth=depth, text=_words(key))
            yield from _mapping(value, depth + 1)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            yield Line(depth=depth, text=_words(key))
            for item in value:
                yield from _item(item, depth + 1)
        elif value not in _NOTHING:
            yield Line(depth=depth, text=_words(key), value=_said(value))


def _item(item: Any, depth: int) -> Iterator[Line]:
    if not isinstance(item, Mapping):
        yield Line(depth=depth, text=str(item))
    elif "clause" in item:
        yield from _node(item, depth)
    else:
        heading = next((key for key in _HEADINGS if isinstance(item.get(key), str)), None)
        rest = {key: value for key, value in item.items() if key not in (heading, "outcome")}
        parts = {key: value for key, value in rest.items() if isinstance(value, Mapping)}
        notes = [_note(key, value) for key, value in rest.items() if key not in parts and value not in _NOTHING]
        title = str(item[heading]) if heading else "–"
        yield Line(depth=depth, text=title, value="; ".join(notes), outcome=str(item.get("outcome", "")))
        yield from _mapping(parts, depth + 1)


def _note(key: str, value: Any) -> str:
    return _said(value) if key in _SELF_EVIDENT else f"{_words(key)} {_said(value)}"


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(str(item) for item in value) if isinstance(value, list) else str(value)


def _words(key: str) -> str:
    return key.replace("_", " ")
