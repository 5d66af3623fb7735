"""The folder commands as a person or a program calls them."""

import json
from pathlib import Path

import pytest

from dicom_node.cli.main import main
from tests.support.phantoms import make_series, write_series

SIZE = 96


@pytest.fixture
def mr(tmp_path: Path) -> Path:
    write_series(make_series(2, modality="MR", size=SIZE, noise=8.0), tmp_path / "mr")
    return tmp_path / "mr"


def run(*arguments: str | Path) -> int:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


def test_a_copy_is_made_compared_and_extracted(mr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("degrade", mr, tmp_path / "worse", "--kind", "noise", "--sigma", "0.1", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["instances"], row["reason"]) == (2, "")
    assert run("compare", mr, row["folder"], tmp_path / "pictures", "--json") == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["slices"] == {"matched": 2, "only_before": 0, "only_after": 0, "finer": 1}
    assert figures["noise"]["left"] > 1.5
    assert json.loads((tmp_path / "pictures" / "figures.json").read_text(encoding="utf-8")) == figures
    assert run("extract", mr, tmp_path / "arrays", "--json") == 0
    (extracted,) = json.loads(capsys.readouterr().out)
    assert (tmp_path / "arrays" / f"{extracted['name']}.npz").is_file()


def test_people_get_one_line_per_series_and_a_table(
    mr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_series(make_series(1), tmp_path / "mr" / "ct")
    assert run("degrade", mr, tmp_path / "worse", "--kind", "motion", "--severity", "1") == 3
    text = capsys.readouterr().out
    assert "1 of 2: MR phantom low-dose: 2 slices copied" in text
    assert "2 of 2: CT phantom low-dose: motion cannot be simulated in CT; dose can" in text
    (made,) = (tmp_path / "worse").iterdir()
    write_series(make_series(2, modality="MR", size=SIZE, noise=8.0), tmp_path / "alone")
    assert run("compare", tmp_path / "alone", made) == 0
    assert "slices at one place" in capsys.readouterr().out
    assert run("extract", mr, tmp_path / "arrays") == 0
    assert "1 of 2: MR phantom low-dose: 2 slices in mr-" in capsys.readouterr().out


def test_restore_tells_how_far_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(make_series(1, modality="MR"), tmp_path / "in")
    assert run("restore", tmp_path / "in", tmp_path / "out", "--pipeline", "ct-nlm") == 3
    assert "1 of 1: MR phantom low-dose: refused: ct-nlm takes CT, this is MR" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(("--kind", "noise", "--same-study", "--as-original"), "look acquired", id="unsafe"),
        pytest.param(("--kind", "blur"), "blur", id="unknown kind"),
        pytest.param(("--kind", "dose", "--dose", "7"), "--dose", id="more than the whole dose"),
    ],
)
def test_a_wrong_wish_is_one_sentence_and_writes_nothing(
    mr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    assert run("degrade", mr, tmp_path / "worse", *arguments) != 0
    assert words in capsys.readouterr().err
    assert not (tmp_path / "worse").exists()


def test_series_that_do_not_match_are_an_error(mr: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(make_series(2, size=SIZE), tmp_path / "ct")
    assert run("compare", mr, tmp_path / "ct") == 1
    assert "one is in signal, the other in HU" in capsys.readouterr().err
