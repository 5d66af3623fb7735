"""YAML as texts with line numbers: every scalar stays as it is written. Pure.

``4:30``, ``no`` and ``010`` thus surprise nobody: what a text means is decided by the key or the field it is for.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from dicom_node.domain.errors import RuleError

LONGEST_TEXT = 1_000_000
MOST_NODES = 50_000

Path = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Document:
    """Nested mappings, lists and texts, and the line on which each stands."""

    value: Any
    lines: Mapping[Path, int]

    def place(self, path: Iterable[str | int]) -> Path:
        """Return the part of a path that is in the document; unknown parts are passed over."""
        here: Path = ()
        for part in path:
            if (*here, part) in self.lines:
                here = (*here, part)
        return here

    def line(self, path: Iterable[str | int]) -> int:
        """Return the line of a place, or of the nearest place around it."""
        return self.lines.get(self.place(path), 1)


def read(text: str) -> Document:
    """Read one YAML document.

    Raises
    ------
    RuleError
        It is no YAML, is too long, or names a key twice; the subject has the line.
    """
    if len(text) > LONGEST_TEXT:
        raise _error("the text is longer than a million characters", 1)
    try:
        root = YAML().compose(StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _error(f"this is no YAML ({error.problem or error.context})", mark.line + 1 if mark else 1) from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise _error("this is no YAML", 1) from error
    lines: dict[Path, int] = {}
    return Document(value=_plain(root, (), lines) if root is not None else {}, lines=lines)


def write(value: Mapping[str, Any]) -> str:
    """Return the YAML text of nested mappings, lists and texts, texts unquoted where that is safe."""
    buffer = StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.representer.add_representer(str, _represent_text)
    yaml.dump(_lists(value), buffer)
    return buffer.getvalue()


def _represent_text(representer: Any, text: str) -> Any:
    resolver = representer.dumper.resolver
    return representer.represent_scalar(resolver.resolve(ScalarNode, text, (True, False)), text)


def _lists(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _lists(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_lists(item) for item in value]
    return str(value)


def _plain(node: Node, path: Path, lines: dict[Path, int]) -> Any:
    lines.setdefault(path, node.start_mark.line + 1)
    if len(lines) > MOST_NODES or len(path) > 100:
        raise _error("the text is nested too deeply or too long", lines[path])
    if isinstance(node, MappingNode):
        return _mapping(node, path, lines)
    if isinstance(node, SequenceNode):
        return [_plain(item, (*path, index), lines) for index, item in enumerate(node.value)]
    return str(node.value)


def _mapping(node: MappingNode, path: Path, lines: dict[Path, int]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, ScalarNode):
            raise _error("a key must be a word", line)
        key = str(key_node.value)
        if key in result:
            raise _error(f"the key «{key}» stands twice in one mapping", line)
        lines[(*path, key)] = line
        result[key] = _plain(value_node, (*path, key), lines)
    return result


def _error(happened: str, line: int) -> RuleError:
    return RuleError(happened=happened, subject=f"line {line}", remedy="Correct that line and try again.")
