"""The tables that pages, command line and watchdog speak from."""

import re
from pathlib import Path

import pytest

from dicom_node.domain.reasons import TABLE, reason
from dicom_node.domain.states import TABLES, IllegalTransition
from dicom_node.domain.work import Release, canonical_json

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("code", sorted(TABLE))
def test_every_reason_is_spoken_somewhere(code: str) -> None:
    pattern = re.compile(re.escape(f'"{code}"'))
    used = [
        path
        for path in (ROOT / "dicom_node").rglob("*.py")
        if path.name != "reasons.py" and pattern.search(path.read_text(encoding="utf-8"))
    ]
    assert used, "a reason that nothing uses"


@pytest.mark.parametrize("code", sorted(TABLE))
def test_every_reason_stands_in_the_operator_docs(code: str) -> None:
    row = TABLE[code]
    line = f"| `{code}` | {row.sentence} | {row.acts} |"
    assert line in (ROOT / "docs" / "operator.md").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("code", sorted(TABLE))
def test_every_reason_says_who_acts_and_can_be_spoken(code: str) -> None:
    row = TABLE[code]
    assert row.acts in {"node", "operator", "administrator", "radiologist", "nobody"}
    values = {name: "x" for name in re.findall(r"\{(\w+)\}", row.sentence)}
    assert "{" not in reason(code, **values).sentence


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.kind)
def test_every_state_can_be_reached_and_every_open_one_left(table) -> None:
    reached = set(table.born)
    while more := {end for (start, _), end in table.transitions.items() if start in reached} - reached:
        reached |= more
    assert reached == table.states
    for state in table.states - table.final:
        assert any(start == state for start, _ in table.transitions)


@pytest.mark.parametrize("table", TABLES.values(), ids=lambda table: table.kind)
def test_state_by_cause(table) -> None:
    causes = {cause for _, cause in table.transitions}
    for state in table.states:
        for cause in causes:
            if table.allows(state, cause):
                assert table.next(state, cause) in table.states
            else:
                with pytest.raises(IllegalTransition):
                    table.next(state, cause)


def test_strictness_of_releases() -> None:
    assert max(Release, key=lambda one: one.strictness) is Release.NEVER


def test_canonical_json_is_one_text() -> None:
    assert canonical_json({"b": 1, "a": "ü"}) == '{"a":"\\u00fc","b":1}'
    with pytest.raises(ValueError, match="JSON"):
        canonical_json(float("nan"))
