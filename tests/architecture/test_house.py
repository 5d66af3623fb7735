"""The house plan: door plates, sizes, and that only the worker ever loads torch."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(
    path
    for package in ("dicom_node", "restoration", "training")
    for path in (ROOT / package).rglob("*.py")
    if "migrations" not in path.parts
)
PURE_ROOMS = ("dicom_node/domain/", "dicom_node/rules/", "restoration/guard/")
PLATES = ("Pure", "Touches:")
IMPURE = {"socket", "sqlite3", "sqlalchemy", "subprocess", "shutil", "torch", "pynetdicom", "fcntl"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def lines_of_code(node: ast.AST, source: list[str]) -> int:
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", len(source))
    inside = set(range(first, last + 1))
    for part in ast.walk(node):
        doc = isinstance(
            part, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and ast.get_docstring(part)
        if doc:
            inside -= set(range(part.body[0].lineno, part.body[0].end_lineno + 1))
    return sum(1 for number in inside if source[number - 1].strip() and not source[number - 1].strip().startswith("#"))


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_door_plate(path: Path) -> None:
    plate = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert plate, "a module begins with its door plate"
    if path.name not in {"__init__.py", "__main__.py"}:
        assert any(word in plate for word in PLATES), "the door plate ends with «Pure.» or «Touches: …»"


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_pure_means_pure(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    plate = ast.get_docstring(tree) or ""
    if "Pure." not in plate and not any(name(path).startswith(room) for room in PURE_ROOMS):
        return
    imported = {
        (item.module if isinstance(item, ast.ImportFrom) else alias.name).split(".")[0]
        for item in ast.walk(tree)
        if isinstance(item, ast.Import | ast.ImportFrom)
        for alias in item.names
        if isinstance(item, ast.Import) or item.module
    }
    allowed = (
        {"torch"} if path.is_relative_to(ROOT / "restoration") or path.is_relative_to(ROOT / "training") else set()
    )
    allowed |= {"torch"} if name(path) == "dicom_node/folder/synthetic.py" else set()
    assert not (imported & IMPURE) - allowed


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_sizes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    source, tree = text.splitlines(), ast.parse(text)
    assert lines_of_code(tree, source) <= 400, "two nouns in one module"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert lines_of_code(node, source) <= 50, f"{node.name} is too long"
