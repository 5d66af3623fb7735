"""Reading the one configuration file. Touches: that file, the environment (``DICOM_NODE__WEB__PORT`` style).

A key left empty has its default. Relative paths are relative to the folder of the file, so that nodes with files in
different folders never meet in one data folder.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ValidationError

from dicom_node.config.model import SQLITE, Config
from dicom_node.domain.errors import ConfigError, RuleError
from dicom_node.rules.document import Document, read

PREFIX = "DICOM_NODE__"

_SENTENCES = {
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "float_parsing": "is not a number",
    "float_type": "is not a number or a time such as 30d, 4h, 15m, 20s",
    "bool_parsing": "is neither yes nor no",
    "string_type": "is not a text",
    "string_too_short": "is too short",
    "string_too_long": "is longer than {max_length} characters",
    "string_pattern_mismatch": "holds characters that are not allowed here",
    "greater_than_equal": "is less than {ge}",
    "less_than_equal": "is more than {le}",
    "literal_error": "is not one of {expected}",
    "model_type": "must hold keys of its own",
    "model_attributes_type": "must hold keys of its own",
    "dict_type": "must hold keys of its own",
    "tuple_type": "must be a list",
    "path_type": "is not a path",
}


def load(path: Path, environ: Mapping[str, str] | None = None) -> Config:
    """Read, check and complete the configuration.

    Parameters
    ----------
    path
        The YAML file.
    environ
        Variables whose names begin with ``DICOM_NODE__`` override scalars; the process's own if not given.

    Returns
    -------
    Config
        With absolute paths.

    Raises
    ------
    ConfigError
        The file is missing, is no YAML, or holds something wrong; the subject names the line.
    """
    text = _text(path)
    written = _read(text, path)
    value = written.value
    if not isinstance(value, dict):
        raise _error(f"{path}, line 1", "it must hold keys such as «node:»", "Compare it with the shipped config.yaml.")
    value = {key: item if key == "rules" else _without_empty(item) for key, item in value.items() if item != ""}
    overridden = _override(value, os.environ if environ is None else environ)
    try:
        config = Config.model_validate(value)
    except ValidationError as error:
        raise _explain(error, path, written, overridden) from None
    _check_timezone(config.node.timezone, path, written)
    if config.rules:
        _check_rules(config, text, path, written)
    folder = path.resolve().parent
    return _absolute(config, folder, url_given="url" in value.get("database", {}))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise _error(str(path), "there is no such file", "Name the configuration file with --config FILE.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise _error(str(path), f"it cannot be read: {error}", "Make it a readable UTF-8 text file.") from None


def _read(text: str, path: Path) -> Document:
    try:
        return read(text)
    except RuleError as error:
        raise _error(f"{path}, {error.subject}", error.happened, error.remedy) from None


def _error(subject: str, happened: str, remedy: str) -> ConfigError:
    return ConfigError(subject=subject, happened=happened, remedy=remedy)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_empty(item) for key, item in value.items() if item != ""}
    if isinstance(value, list):
        return [_without_empty(item) for item in value]
    return value


def _override(value: dict[str, Any], environ: Mapping[str, str]) -> dict[tuple[str, ...], str]:
    """Put variables into the tree; return which path came from which variable."""
    known = {PREFIX + "__".join(path).upper(): path for path in scalars(Config)}
    taken = {}
    for name, text in sorted(environ.items()):
        if not name.upper().startswith(PREFIX):
            continue
        path = known.get(name.upper())
        if path is None:
            raise _error(f"environment variable {name}", "there is no such key", _nearest(name.upper(), list(known)))
        place = value
        for part in path[:-1]:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise _error(f"environment variable {name}", f"«{part}» in the file is no section", "Correct the file.")
        place[path[-1]] = text
        taken[path] = name
    return taken


def scalars(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List the paths of all keys with a single value, sections within sections too."""
    for name, field in model.model_fields.items():
        section = _model_in(field.annotation)
        if section is field.annotation and section is not None:
            yield from scalars(section, (*path, name))
        elif not str(field.annotation).startswith(("tuple", "dict")):
            yield (*path, name)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Return the section model of an annotation: itself, or that of its items."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean «{near[0]}»?" if near else f"Known here: {', '.join(sorted(known)) or 'nothing'}."


def _explain(
    error: ValidationError, path: Path, written: Document, overridden: Mapping[tuple[str, ...], str]
) -> ConfigError:
    def place(item: Any) -> int:
        return written.line(_path_of(item))

    first = min(error.errors(), key=place)
    where = _path_of(first)
    variable = overridden.get(tuple(str(part) for part in where))
    subject = f"environment variable {variable}" if variable else f"{path}, line {place(first)}"
    return _sentence(first, where, subject)


def _path_of(item: Any) -> tuple[str | int, ...]:
    """Path of an error; those of the whole file begin with the path they speak of."""
    if item["loc"]:
        return tuple(item["loc"])
    begun = re.match(r"Value error, ([a-z_.]+):", item["msg"])
    return tuple(begun.group(1).split(".")) if begun else ()


def _sentence(item: Any, where: tuple[str | int, ...], subject: str) -> ConfigError:
    kind, name = item["type"], ".".join(str(part) for part in where if not _is_union_member(str(part)))
    if kind == "extra_forbidden":
        return _error(subject, f"there is no key «{name}»", _nearest(str(where[-1]), _keys_beside(where)))
    if kind == "missing":
        return _error(subject, f"«{name}» is missing", "Add it.")
    if kind == "value_error":
        return _error(subject, item["msg"].removeprefix("Value error, "), "Correct it.")
    said = _SENTENCES.get(kind, item["msg"]).format(**item.get("ctx", {}))
    found = item["input"]
    shown = f"«{found}» " if isinstance(found, str) else ""
    return _error(subject, f"{name}: {shown}{said}", "Correct the value; the shipped config.yaml explains every key.")


def _is_union_member(part: str) -> bool:
    return "[" in part or part in {"int", "float", "str", "constrained-int"}


def _keys_beside(where: tuple[str | int, ...]) -> list[str]:
    model: type[BaseModel] | None = Config
    for part in where[:-1]:
        field = model.model_fields.get(str(part)) if model else None
        if field is not None:
            model = _model_in(field.annotation)
    return list(model.model_fields) if model else []


def _check_timezone(name: str, path: Path, written: Document) -> None:
    if name == "system":
        return
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        line = written.line(("node", "timezone"))
        raise _error(
            f"{path}, line {line}",
            f"node.timezone: «{name}» is no time zone",
            "Write system or one like Europe/Berlin.",
        ) from None


def _check_rules(config: Config, text: str, path: Path, written: Document) -> None:
    """Refuse rules that a rule book would refuse, with their line in this file."""
    # Importing the DICOM dictionary takes a moment that a file without rules need not spend.
    from dicom_node.rules import grammar

    begin = written.line(("rules",))
    later = [line for where, line in written.lines.items() if len(where) == 1 and line > begin]
    end = min(later, default=len(text.splitlines()) + 1)
    block = "\n" * (begin - 1) + "\n".join(text.splitlines()[begin - 1 : end - 1])
    try:
        grammar.parse(block, destinations=[destination.name for destination in config.destinations])
    except RuleError as error:
        raise _error(f"{path}, {error.subject}", error.happened, error.remedy) from None


def _absolute(config: Config, folder: Path, *, url_given: bool) -> Config:
    data_dir = folder / config.node.data_dir
    file = Path(config.database.url.removeprefix(SQLITE)) if url_given else data_dir / "node.db"
    target = config.provenance.checkpoint_to
    return config.model_copy(
        update={
            "node": config.node.model_copy(update={"data_dir": data_dir}),
            "database": config.database.model_copy(update={"url": f"{SQLITE}{folder / file}"}),
            "provenance": config.provenance.model_copy(update={"checkpoint_to": target and folder / target}),
        }
    )
