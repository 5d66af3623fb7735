import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from restoration import registry
from restoration.card import BUNDLES, load_card, names
from restoration.errors import BundleError
from restoration.networks.unet import RestorationUNet
from tests.unit.restoration.restoration_volumes import make_ct

SETTINGS = {"widths": [8, 8, 8], "blocks": 1, "fold": 2}


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """A folder with one whole network bundle named `small`, of random weights."""
    folder = tmp_path / "small"
    for part in ("configs", "models"):
        (folder / part).mkdir(parents=True)
    torch.manual_seed(0)
    save_file(RestorationUNet(**SETTINGS).state_dict(), folder / "models" / "model.safetensors")
    definition = {"network_def": {"_target_": "restoration.networks.unet.RestorationUNet", **SETTINGS}}
    (folder / "configs" / "inference.json").write_text(json.dumps(definition))
    fields = json.loads((BUNDLES / "ct-nlm" / "card.json").read_text())
    digest = hashlib.sha256((folder / "models" / "model.safetensors").read_bytes()).hexdigest()
    write_card(folder, {**fields, "name": "small", "kind": "network", "weights_sha256": digest})
    return tmp_path


def write_card(folder: Path, fields: dict[str, Any]) -> None:
    (folder / "card.json").write_text(json.dumps(fields))


def change_card(bundles: Path, **changes: object) -> None:
    folder = bundles / "small"
    write_card(folder, {**json.loads((folder / "card.json").read_text()), **changes})


def test_a_network_bundle_restores(bundles: Path) -> None:
    restorer = registry.load("small", device="cpu", bundles=bundles)
    source = make_ct(slices=1, size=90)
    restored = restorer.restore(source, strength=75)
    assert restored.array.shape == source.array.shape
    assert not np.array_equal(restored.array, source.array)
    assert {"device", "precision", "torch", "monai", "weights"} <= restorer.provenance.keys()
    assert restorer.provenance["weights"] == restorer.card.weights_sha256
    np.testing.assert_array_equal(restorer.restore(source, strength=75).array, restored.array)


def test_changed_weights_are_not_loaded(bundles: Path) -> None:
    path = bundles / "small" / "models" / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"SHA-256 is [0-9a-f]{12}…, the card names [0-9a-f]{12}…"):
        registry.load("small", device="cpu", bundles=bundles)


def test_missing_weights_are_named(bundles: Path) -> None:
    (bundles / "small" / "models" / "model.safetensors").unlink()
    with pytest.raises(BundleError, match="weights cannot be read"):
        registry.load("small", device="cpu", bundles=bundles)


@pytest.mark.parametrize(
    "definition",
    [
        "{",
        "{}",
        '{"network_def": 3}',
        '{"network_def": {"_target_": "restoration.networks.unet.Missing"}}',
        '{"network_def": {"_target_": "restoration.networks.unet.RestorationUNet", "widths": [4, 4, 4]}}',
    ],
    ids=["no JSON", "empty", "no network", "unknown network", "other widths"],
)
def test_a_configuration_that_builds_no_fitting_network_is_a_bundle_error(bundles: Path, definition: str) -> None:
    (bundles / "small" / "configs" / "inference.json").write_text(definition)
    with pytest.raises(BundleError):
        registry.load("small", device="cpu", bundles=bundles)


@pytest.mark.parametrize(
    "changes",
    [
        {"unit": "Bq"},
        {"kind": "classical", "parameters": {}},
        {"kind": "classical", "parameters": {"nlm": {"patch": 5}}},
    ],
    ids=["unit", "no filter", "half a filter"],
)
def test_a_card_that_makes_no_pipeline_is_a_bundle_error(bundles: Path, changes: dict[str, object]) -> None:
    change_card(bundles, **changes)
    with pytest.raises(BundleError):
        registry.load("small", device="cpu", bundles=bundles)


def test_a_ct_card_without_scale_is_a_bundle_error(bundles: Path) -> None:
    change_card(bundles, parameters={})
    restorer = registry.load("small", device="cpu", bundles=bundles)
    with pytest.raises(BundleError, match="no scale"):
        restorer.restore(make_ct(slices=1, size=64), strength=75)


def test_an_unknown_bundle_is_named() -> None:
    with pytest.raises(BundleError, match="no-such-pipeline"):
        registry.load("no-such-pipeline")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda path: path.write_text("{"),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text(path.read_text().replace('"slot"', '"slott"')),
        lambda path: path.write_text(path.read_text().replace('"peak"', '"peek"')),
    ],
    ids=["no JSON", "a list", "unknown key", "unknown bound"],
)
def test_an_unreadable_card_is_a_bundle_error(bundles: Path, break_it: Any) -> None:
    break_it(bundles / "small" / "card.json")
    with pytest.raises(BundleError, match="card cannot be read"):
        load_card("small", bundles=bundles)


def test_a_classical_pipeline_starts_without_torch(tmp_path: Path) -> None:
    shutil.copytree(BUNDLES / "ct-nlm", tmp_path / "ct-nlm")
    script = (
        "import sys; from restoration import registry; from restoration.guard import judge; from pathlib import Path; "
        "registry.load('ct-nlm', bundles=Path(sys.argv[1])); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, cwd=BUNDLES.parents[1], timeout=120)


def test_shipped_cards_are_whole_and_their_slots_differ() -> None:
    cards = [load_card(name) for name in names()]
    assert [card.name for card in cards] == list(names())
    assert {"ct-nlm", "mr-nlm"} <= set(names())
    slots = [card.slot for card in cards]
    assert len(slots) == len(set(slots))
    assert all(1 <= slot <= 99 for slot in slots)
    assert all(0 < card.full_share <= 1 for card in cards)
