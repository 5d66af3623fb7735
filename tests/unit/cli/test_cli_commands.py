"""The command line over a filled database: tables, JSON, actions, sentences."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from dicom_node.cli.main import app, main
from dicom_node.database.engine import Database
from dicom_node.database.tables import Job, ProvenanceEvent, RuleSet
from dicom_node.storage.layout import Layout
from tests.support.board import three_series
from tests.support.clock import FixedClock
from tests.support.peers import pacs
from tests.support.phantoms import make_series, write_series

RULES = """rules:
  - name: Everything CT
    when: {field: Modality, equals: CT}
    restore: [{pipeline: ct-nlm}]
    deliver_to: [pacs]
"""


@pytest.fixture
def config(database: Database, clock: FixedClock, tmp_path: Path) -> Path:
    three_series(database, clock, Layout(tmp_path))
    path = tmp_path / "site.yaml"
    path.write_text(
        "node: {data_dir: ., port: 0}\nweb: {port: 0}\nstorage: {min_free_gb: 0}\n"
        "destinations:\n- {name: pacs, ae_title: PACS, host: 127.0.0.1, port: 1}\n"
    )
    return path


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(config: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def call(*arguments: str, config: Path = config) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*arguments, "--config", str(config)])
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return call


def test_status(run: Run) -> None:
    code, out, _ = run("status")
    assert code == 0
    assert "not running" in out and "1 done, 1 withheld, 1 refused" in out and "gantry tilt 18.5°" in out


def test_status_as_json(run: Run) -> None:
    code, out, _ = run("status", "--json")
    found = json.loads(out)
    assert (code, found["node"]["healthy"], len(found["series"])) == (0, False, 3)


def test_status_before_the_first_start_makes_nothing(run: Run, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh" / "config.yaml"
    fresh.parent.mkdir()
    fresh.touch()
    code, out, _ = run("status", "--json", config=fresh)
    assert (code, json.loads(out)["series"]) == (0, [])
    assert list(fresh.parent.iterdir()) == [fresh]


def test_the_configuration_may_stand_before_the_command(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--config", str(config), "series", "list", "--json"])
    assert (ended.value.code, len(json.loads(capsys.readouterr().out))) == (0, 3)


def test_an_error_is_one_sentence(run: Run, tmp_path: Path) -> None:
    code, out, err = run("status", config=tmp_path / "absent.yaml")
    assert (code, out) == (1, "")
    assert err.startswith("dicom-node: ") and "no such file" in err and err.count("\n") == 1


def test_a_node_never_started_is_a_sentence(run: Run, tmp_path: Path) -> None:
    fresh = tmp_path / "empty.yaml"
    fresh.write_text("node: {data_dir: ./nothing}")
    code, _, err = run("jobs", "list", config=fresh)
    assert code == 1 and "no database yet" in err


def test_a_database_of_another_program_is_a_sentence(run: Run, tmp_path: Path) -> None:
    strange = tmp_path / "strange.yaml"
    strange.write_text("database: {url: sqlite:///strange.db}")
    (tmp_path / "strange.db").write_bytes(b"this is no database, but long enough to be taken for one" * 20)
    code, _, err = run("jobs", "list", config=strange)
    assert code == 1 and err.startswith("dicom-node: ") and err.count("\n") == 1


def test_series_list_filters(run: Run) -> None:
    _, out, _ = run("series", "list", "--text", "roe", "--json")
    assert [item["patient"]["id"] for item in json.loads(out)] == ["P-2"]


@pytest.mark.parametrize("name", ["1", "2.25.1003"])
def test_series_show(run: Run, name: str) -> None:
    code, out, _ = run("series", "show", name)
    assert code == 0
    assert "change below the anchor frequency" in out and "3 objects" in out and "rule Brain MR" in out


def test_series_show_of_none(run: Run) -> None:
    code, _, err = run("series", "show", "1.2.3")
    assert code == 1 and "no such series" in err


def test_a_word_that_is_no_state_names_the_states(run: Run) -> None:
    for command in (("series", "list"), ("jobs", "list"), ("deliveries", "list")):
        code, _, err = run(*command, "--state", "opne")
        assert code == 2 and "opne" in err, command


def test_a_path_that_cannot_be_made_is_a_sentence(run: Run) -> None:
    code, _, err = run("rules", "export", "--to", "/proc/none/rules.yaml")
    assert (code, err.count("\n")) == (1, 1)
    assert err.startswith("dicom-node: /proc/none/rules.yaml: No such file or directory")


def test_jobs_are_listed_and_cancelled_with_name_and_reason(run: Run, database: Database) -> None:
    _, out, _ = run("jobs", "list", "--state", "withheld", "--json")
    (job,) = json.loads(out)
    code, _, _ = run("jobs", "cancel", str(job["id"]), "--why", "wrong patient")
    assert code == 0
    with database.read() as session:
        assert session.get_one(Job, job["id"]).state == "cancelled"
        payloads = session.scalars(
            select(ProvenanceEvent.payload).where(ProvenanceEvent.cause.contains("person"))
        ).all()
    assert any(payload.get("why") == "wrong patient" and payload.get("who") for payload in payloads)


def test_an_action_needs_a_reason(run: Run) -> None:
    code, _, err = run("jobs", "cancel", "1")
    assert code == 2 and "--why" in err


def test_a_stale_action_is_a_sentence(run: Run) -> None:
    code, _, err = run("jobs", "retry", "2", "--why", "again")
    assert code == 1 and "does not apply in the state «done»" in err


def test_a_destination_is_paused_and_resumed(run: Run) -> None:
    assert run("deliveries", "pause", "pacs", "--why", "maintenance", "--for", "2")[0] == 0
    _, out, _ = run("deliveries", "list", "--json")
    assert json.loads(out)["paused"][0]["why"] == "maintenance"
    assert "maintenance" in run("deliveries", "list")[1]
    assert run("deliveries", "resume", "pacs")[0] == 0
    assert json.loads(run("deliveries", "list", "--json")[1])["paused"] == []


def test_an_unknown_destination_names_the_known(run: Run) -> None:
    for command in (("echo", "pasc"), ("deliveries", "pause", "pasc", "--why", "x")):
        code, _, err = run(*command)
        assert code == 1 and "pacs" in err


def test_rules_are_imported_listed_exported_and_reverted(run: Run, tmp_path: Path, database: Database) -> None:
    draft = tmp_path / "rules.yaml"
    draft.write_text(RULES)
    assert run("rules", "import", str(draft), "--why", "first")[0] == 0
    assert run("rules", "export")[1] == RULES
    assert "Everything CT" in run("rules", "list")[1]
    draft.write_text(RULES.replace("Everything CT", "All CT"))
    assert run("rules", "import", str(draft), "--why", "renamed")[0] == 0
    assert "-  - name: Everything CT" in run("rules", "history", "--diff", "2")[1]
    assert run("rules", "revert", "1", "--why", "back")[0] == 0
    assert run("rules", "export")[1] == RULES
    history = json.loads(run("rules", "history", "--json")[1])
    assert [item["why"] for item in history] == ["back", "renamed", "first"]
    with database.read() as session:
        assert len(session.scalars(select(RuleSet)).all()) == 3


def test_a_wrong_rule_names_its_line_and_changes_nothing(run: Run, tmp_path: Path, database: Database) -> None:
    draft = tmp_path / "rules.yaml"
    draft.write_text(RULES.replace("ct-nlm", "ct-nml"))
    code, _, err = run("rules", "import", str(draft), "--why", "x")
    assert code == 1 and "line 4" in err and "ct-nlm" in err
    with database.read() as session:
        assert session.scalars(select(RuleSet)).all() == []


def test_a_decision_is_explained(run: Run) -> None:
    code, out, _ = run("rules", "explain", "3")
    assert code == 0 and "SliceThickness at_most 3.0" in out and "[1.25]" in out
    assert json.loads(run("rules", "explain", "3", "--json")[1])["rule"] == "Low-dose chest CT"


def test_nothing_to_push_is_a_sentence(run: Run, tmp_path: Path) -> None:
    code, _, err = run("push", str(tmp_path / "previews"), "pacs")
    assert code == 1 and "no DICOM file" in err


def test_verify_fails_where_files_are_missing(run: Run) -> None:
    code, out, _ = run("verify", "--json")
    assert code == 1
    assert any("missing" in finding["sentence"] for finding in json.loads(out)["findings"])


def test_doctor_says_what_is_in_the_way(run: Run, tmp_path: Path) -> None:
    site = tmp_path / "full.yaml"
    site.write_text("node: {data_dir: ., port: 0}\nweb: {port: 0}\nstorage: {min_free_gb: 1e9}\n")
    code, out, _ = run("doctor", "--json", config=site)
    checks = {check["name"]: check["good"] for check in json.loads(out)}
    assert code == 1
    assert (checks["disk"], checks["data_dir"], checks["database"], checks["DICOM port"]) == (False, True, True, True)


def test_doctor_names_pipelines_that_are_not_there(run: Run, tmp_path: Path) -> None:
    site = tmp_path / "wrong.yaml"
    rules = RULES.replace("ct-nlm", "ct-nml").replace("deliver_to: [pacs]", "deliver_to: []")
    site.write_text(f"node: {{port: 0}}\nweb: {{port: 0}}\npipelines: {{ct-denoize: {{device: cpu}}}}\n{rules}")
    code, out, _ = run("doctor", "--json", config=site)
    bad = [check["name"] for check in json.loads(out) if check["name"].startswith("pipeline") and not check["good"]]
    assert (code, bad) == (1, ["pipeline ct-denoize", "pipeline ct-nml"])


def test_a_destination_is_asked_and_sent_to(run: Run, tmp_path: Path) -> None:
    write_series(make_series(2), tmp_path / "scan")
    (tmp_path / "scan" / "notes.txt").write_text("no DICOM")
    site = tmp_path / "peer.yaml"
    with pacs() as peer:
        destination = f"{{name: pacs, ae_title: PACS, host: 127.0.0.1, port: {peer.port}}}"
        own = "node: {data_dir: ., port: 0}\nweb: {port: 0}\nstorage: {min_free_gb: 0}\n"
        site.write_text(f"{own}destinations: [{destination}]")
        assert run("echo", "pacs", config=site)[0] == 0
        code, out, _ = run("push", str(tmp_path / "scan"), "pacs", config=site)
        assert (code, out.strip(), len(peer.stored)) == (0, "2 of 2 sent to pacs", 2)
        assert run("doctor", config=site)[0] == 0


def test_a_backup_is_a_node(run: Run, tmp_path: Path) -> None:
    target = tmp_path.parent / f"{tmp_path.name}-copy"
    code, out, _ = run("backup", str(target))
    assert code == 0 and "8 files" in out
    site = target / "site.yaml"
    site.write_text("node: {data_dir: .}")
    assert len(json.loads(run("status", "--json", config=site)[1])["series"]) == 3
    assert run("backup", str(target))[0] == 1


def test_every_list_speaks_json() -> None:
    groups = {group.name: group.typer_instance for group in app.registered_groups}
    for name in ("series", "rules", "jobs", "deliveries"):
        listing = next(command for command in groups[name].registered_commands if command.name == "list")
        assert "json" in listing.callback.__annotations__


def test_a_folder_is_restored_without_a_node(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(make_series(5, size=128), tmp_path / "ct")
    arguments = ["restore", str(tmp_path / "ct"), str(tmp_path / "out"), "--pipeline", "ct-nlm", "--json"]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    (row,) = json.loads(capsys.readouterr().out)
    assert (ended.value.code, row["ended"]) == (0, "restored"), row
    assert len(list(Path(row["folder"]).glob("*.dcm"))) == row["instances"] == 5


def test_a_series_that_is_refused_exits_with_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_series(make_series(2, modality="MR"), tmp_path / "mr")
    with pytest.raises(SystemExit) as ended:
        main(["restore", str(tmp_path / "mr"), str(tmp_path / "out"), "--pipeline", "ct-nlm"])
    assert ended.value.code == 3
    assert "refused" in capsys.readouterr().out
    assert list((tmp_path / "out").iterdir()) == []
