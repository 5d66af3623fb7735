"""How rows are printed."""

import json

import pytest

from dicom_node.cli import show


def test_texts_from_the_network_cannot_command_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show.table([{"name": "\x1b[2Jboo[bold]", "count": 3}], ("name", "count"))
    show.line("a\x07b\r")
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\x07" not in out and "\r" not in out
    assert "[bold]" in out


def test_values_are_written_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show.table([{"good": True, "list": ["a", "b"], "none": None}], ("good", "list", "none", "absent"))
    assert capsys.readouterr().out.splitlines()[1].split() == ["yes", "a,", "b"]


def test_json_keeps_every_sign(capsys: pytest.CaptureFixture[str]) -> None:
    show.as_json({"name": "Äsop 山田"})
    out = capsys.readouterr().out
    assert "山田" in out and json.loads(out) == {"name": "Äsop 山田"}
