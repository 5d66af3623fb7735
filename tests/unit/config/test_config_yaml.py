"""The shipped config.yaml says the same as the model."""

import re
from pathlib import Path

import pytest

from dicom_node.config.load import load, scalars
from dicom_node.config.model import Config, DestinationSection, Peer, PipelineSection
from dicom_node.rules.document import read

SHIPPED = Path(__file__).parents[3] / "config.yaml"


def test_it_holds_every_default() -> None:
    shipped, defaults = load(SHIPPED, {}), Config()
    for name in set(Config.model_fields) - {"node", "database"}:
        assert getattr(shipped, name) == getattr(defaults, name), name
    assert shipped.node.model_copy(update={"data_dir": defaults.node.data_dir}) == defaults.node
    assert shipped.node.data_dir == SHIPPED.parent / defaults.node.data_dir
    assert shipped.database.url == f"sqlite:///{SHIPPED.parent}/var/node.db"


def test_a_copy_with_another_data_folder_has_another_database(tmp_path: Path) -> None:
    copy = tmp_path / "second.yaml"
    copy.write_text(SHIPPED.read_text(encoding="utf-8").replace("data_dir: ./var", "data_dir: ./second"), "utf-8")
    assert load(copy, {}).database.url == f"sqlite:///{tmp_path}/second/node.db"


def test_its_examples_hold_when_uncommented(tmp_path: Path) -> None:
    text = re.sub(r"^#(  .*)$", r"\1", SHIPPED.read_text(encoding="utf-8"), flags=re.MULTILINE)
    own = tmp_path / "config.yaml"
    own.write_text(re.sub(r"^(\w+): (\[\]|\{\})$", r"\1:", text, flags=re.MULTILINE), "utf-8")
    config = load(own, {})
    assert [len(config.peers), len(config.destinations), len(config.pipelines), len(config.rules)] == [1, 1, 1, 1]


def test_it_names_every_single_value() -> None:
    lines = read(SHIPPED.read_text(encoding="utf-8")).lines
    assert {path for path in scalars(Config) if path not in lines} == set()
    assert {name for name in Config.model_fields if (name,) not in lines} == set()


@pytest.mark.parametrize("section", [Peer, DestinationSection, PipelineSection], ids=lambda section: section.__name__)
def test_it_explains_the_keys_of_list_items(section: type) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    commented = {line.strip("#- ").partition(":")[0] for line in text.splitlines() if line.startswith("#")}
    assert set(section.model_fields) <= commented
