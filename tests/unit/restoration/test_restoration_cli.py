import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from restoration.card import BUNDLES, load_card, names
from restoration.cli import app
from restoration.errors import BundleError

NARROW = {"COLUMNS": "80", "TERM": "dumb"}


def said(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), env=NARROW, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_models_lists_every_bundle_as_json() -> None:
    assert [card["name"] for card in json.loads(said("models", "--json"))] == list(names())


def test_models_is_readable_in_eighty_columns() -> None:
    lines = said("models").splitlines()
    assert max(map(len, lines)) <= 80
    first_words = [line.split()[0] for line in lines if line.strip()]
    assert set(names()) <= set(first_words)
    assert "Not a medical device." in lines[-1]


@pytest.mark.parametrize("name", names())
def test_a_card_is_shown_in_full(name: str) -> None:
    card, text = load_card(name), said("models", name)
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    assert card.title in words
    assert f"{card.release}; a rule can be stricter" in words
    assert f"{card.bounds.noise[0]:.6g} to {card.bounds.noise[1]:.6g}" in words
    for figure in card.figures:
        assert f"• {figure['figure']} (" in words
        assert f"n = {figure['n']}" in words


def test_one_card_as_json() -> None:
    assert [card["name"] for card in json.loads(said("models", "ct-nlm", "--json"))] == ["ct-nlm"]


@pytest.mark.parametrize("command", ["models", "evaluate", "calibrate"])
def test_an_unknown_pipeline_is_named(command: str) -> None:
    result = CliRunner().invoke(app, [command, "no-such-pipeline"])
    assert isinstance(result.exception, BundleError)


@pytest.mark.parametrize("command", ["evaluate", "calibrate"])
def test_a_folder_that_is_not_there_is_named(command: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, [command, "ct-nlm", "--data", str(tmp_path / "none")], env=NARROW)
    assert result.exit_code == 2
    assert "does not exist" in " ".join(result.output.replace("│", " ").split())


def test_an_error_is_one_sentence_and_status_one() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "restoration", "models", "no-such-pipeline"],
        cwd=BUNDLES.parents[1],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no-such-pipeline: there is no such pipeline.")
    assert done.stderr.count("\n") == 1
