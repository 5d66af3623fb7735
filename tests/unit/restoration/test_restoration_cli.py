import json

from typer.testing import CliRunner

from restoration.card import names
from restoration.cli import app


def test_models_lists_every_bundle() -> None:
    result = CliRunner().invoke(app, ["models", "--json"])
    assert result.exit_code == 0
    assert [card["name"] for card in json.loads(result.stdout)] == list(names())


def test_models_prints_a_table() -> None:
    result = CliRunner().invoke(app, ["models"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    assert "ct-nlm" in result.stdout
    assert "classical" in result.stdout
