"""The configuration file: values as written, defaults, places of faults."""

from pathlib import Path

import pytest

from dicom_node.config.load import load
from dicom_node.domain.errors import ConfigError


def write(folder: Path, text: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "section", "key", "expected"),
    [
        pytest.param("node: {ae_title: 010}", "node", "ae_title", "010", id="text that looks like a number"),
        pytest.param("node: {port: 010}", "node", "port", 10, id="no octal"),
        pytest.param("node: {ae_title: no}", "node", "ae_title", "no", id="text that looks like a boolean"),
        pytest.param("node: {insecure: yes}", "node", "insecure", True, id="yes"),
        pytest.param("node: {insecure: off}", "node", "insecure", False, id="off"),
        pytest.param("node: {ae_title: 4:30}", "node", "ae_title", "4:30", id="no sexagesimal"),
        pytest.param("completion: {missing: 10m}", "completion", "missing", 600.0, id="minutes"),
        pytest.param("completion: {quiet: 2.5}", "completion", "quiet", 2.5, id="seconds"),
        pytest.param("node:\n  port:\n", "node", "port", 11112, id="an empty key keeps its default"),
        pytest.param("node:\n", "node", "port", 11112, id="an empty section too"),
        pytest.param("", "node", "port", 11112, id="an empty file too"),
        pytest.param("executor: {workers: 2}", "executor", "workers", 2, id="a number or a word: number"),
        pytest.param("executor: {workers: auto}", "executor", "workers", "auto", id="a number or a word: word"),
    ],
)
def test_values_are_taken_as_written(tmp_path: Path, text: str, section: str, key: str, expected: object) -> None:
    assert getattr(getattr(load(write(tmp_path, text), {}), section), key) == expected


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        pytest.param("node:\n  prot: 3", 2, ["node.prot", "port"], id="unknown key"),
        pytest.param("web: {}\nnodes: 3", 2, ["nodes", "«node»"], id="unknown section"),
        pytest.param("peers:\n- name: a\n  ae_title: A\n  hots: b", 4, ["hots", "«host»"], id="unknown key in a list"),
        pytest.param("node:\n  host: x\n  port: abc", 3, ["node.port", "«abc»", "whole number"], id="no number"),
        pytest.param("node:\n  insecure: maybe", 2, ["neither yes nor no"], id="no boolean"),
        pytest.param("web:\n  port: 70000", 2, ["more than 65535"], id="too much"),
        pytest.param("destinations:\n- name: x\n  host: h\n  port: 1", 2, ["ae_title", "missing"], id="missing key"),
        pytest.param("peers:\n- {name: a, ae_title: A}\n- {name: a, ae_title: B}", 1, ["used twice"], id="name twice"),
        pytest.param("node: {}\nweb:\n  host: 0.0.0.0", 3, ["loopback"], id="a page for others"),
        pytest.param("node:\n  port: 1\n  host: 0.0.0.0", 1, ["insecure"], id="open to all"),
        pytest.param("node: {port: 99}\nweb:\n  port: 99", 3, ["a port each"], id="one port for both"),
        pytest.param("database:\n  url: postgresql://x/y", 2, ["only SQLite"], id="another database"),
        pytest.param("pipelines:\n  p:\n    device: tpu", 3, ["pipelines.p.device", "«tpu»"], id="no such device"),
        pytest.param("node:\n  timezone: Mars/Base", 2, ["no time zone"], id="time zone"),
        pytest.param("node: {\n", 2, ["YAML"], id="no YAML"),
        pytest.param("node: {}\nnode: {}", 2, ["twice"], id="key twice"),
        pytest.param("- a", 1, ["keys"], id="a list"),
        pytest.param("node: 3", 1, ["node", "keys of its own"], id="a section that is a value"),
        pytest.param("storage:\n  retention:\n    derived: soon", 3, ["storage.retention.derived"], id="no duration"),
        pytest.param(
            "web: {}\nrules:\n- name: a\n  when: {field: Modalty, equals: CT}", 4, ["Modalty", "Modality"], id="field"
        ),
        pytest.param(
            "rules:\n- name: a\n  when: {field: Modality, equals: CT}\n  deliver_to: [pacs]\nweb: {}", 4, ["pacs"],
            id="rule destination",
        ),
    ],
)  # fmt: skip
def test_faults_name_line_and_remedy(tmp_path: Path, text: str, line: int, words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, text), {})
    sentence = str(caught.value)
    assert f"line {line}:" in sentence
    assert all(word in sentence for word in words), sentence


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "absent.yaml", {})


def test_a_file_of_bytes_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(path, {})


def test_variables_override_scalars(tmp_path: Path) -> None:
    environ = {"DICOM_NODE__WEB__PORT": "9000", "DICOM_NODE__STORAGE__RETENTION__DERIVED": "1d", "PATH": "/bin"}
    config = load(write(tmp_path, "web: {port: 1}"), environ)
    assert (config.web.port, config.storage.retention.derived) == (9000, 86400.0)


def test_an_unknown_variable_names_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"DICOM_NODE__WEB__PROT.*DICOM_NODE__WEB__PORT"):
        load(write(tmp_path, ""), {"DICOM_NODE__WEB__PROT": "1"})


def test_a_wrong_variable_is_named_instead_of_a_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="environment variable DICOM_NODE__WEB__PORT"):
        load(write(tmp_path, "web: {port: 1}"), {"DICOM_NODE__WEB__PORT": "x"})


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    config = load(write(tmp_path, "provenance: {checkpoint_to: seals}"), {})
    assert config.node.data_dir == tmp_path / "var"
    assert config.database.url == f"sqlite:///{tmp_path}/var/node.db"
    assert config.provenance.checkpoint_to == tmp_path / "seals"


def test_the_database_follows_the_data_folder(tmp_path: Path) -> None:
    config = load(write(tmp_path, "node: {data_dir: ./second}"), {})
    assert config.database.url == f"sqlite:///{tmp_path}/second/node.db"


def test_rules_are_kept_as_written(tmp_path: Path) -> None:
    text = "rules:\n- name: a\n  when: {field: SliceThickness, at_most: 3.0}\n"
    assert load(write(tmp_path, text), {}).rules == (
        {"name": "a", "when": {"field": "SliceThickness", "at_most": "3.0"}},
    )
