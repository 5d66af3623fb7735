"""Whatever a bundle holds, nothing of it is executed, and what does not fit is named."""

import json
import os
import pickle
import re
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from restoration import registry
from restoration.card import BUNDLES
from restoration.errors import BundleError
from tests.unit.restoration.restoration_bundles import SETTINGS, change_card, put_weights, random_network, write_bundle

WEIGHTS = Path("models") / "model.safetensors"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return write_bundle(tmp_path / "small")


def load(bundle: Path) -> None:
    registry.load(bundle.name, device="cpu", bundles=bundle.parent)


class Bomb:
    """Leaves a file when it is unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def test_a_whole_bundle_is_loaded(bundle: Path) -> None:
    load(bundle)


def test_expressions_in_configurations_are_not_evaluated(bundle: Path, tmp_path: Path) -> None:
    marker = tmp_path / "evaluated"
    expression = f"$__import__('os').mkdir({str(marker)!r})"
    hostile = {"imports": [expression], "network_def": expression, "load": expression}
    for name in ("inference.json", "metadata.json"):
        (bundle / "configs" / name).write_text(json.dumps(hostile), encoding="utf-8")
    (bundle / "configs" / "scripts.py").write_text(f"import os; os.mkdir({str(marker)!r})", encoding="utf-8")
    load(bundle)
    assert not marker.exists()


@pytest.mark.parametrize("key", ["network", "name", "widths", "fold"])
def test_expressions_on_the_card_are_refused(bundle: Path, tmp_path: Path, key: str) -> None:
    marker = tmp_path / "evaluated"
    expression = f"$__import__('os').mkdir({str(marker)!r})"
    network: Any = expression if key == "network" else {"name": "RestorationUNet", **SETTINGS, key: expression}
    change_card(bundle, parameters={"network": network, "scale": 100.0})
    with pytest.raises(BundleError):
        load(bundle)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (None, "name no network"),
        ({}, "name no network"),
        ({"name": "os.system"}, "network 'os.system' is unknown; there are RestorationUNet, RedCnn"),
        ({"name": "restoration.networks.unet.RestorationUNet", **SETTINGS}, "is unknown"),
        ({"name": "RestorationUNet", "_target_": "os.system", **SETTINGS}, "'_target_': extra inputs"),
        ({"name": "RestorationUNet", "blocks": 1, "fold": 2}, "'widths': field required"),
        ({"name": "RestorationUNet", **SETTINGS, "slices": 2}, "must be odd"),
        ({"name": "RestorationUNet", **SETTINGS, "blocks": True}, "'blocks'"),
        ({"name": "RestorationUNet", **SETTINGS, "widths": [10**9]}, "'widths.0'"),
        ({"name": "RestorationUNet", **SETTINGS, "widths": [8, 8]}, "do not fit"),
        ({"name": "RestorationUNet", **SETTINGS, "slices": 3}, "slab is 1, its network sees 3"),
        ({"name": "RedCnn", "channels": 4}, "do not fit"),
    ],
    ids=lambda value: "" if isinstance(value, str) else json.dumps(value),
)
def test_a_network_that_cannot_be_built_is_named(bundle: Path, network: object, said: str) -> None:
    change_card(bundle, parameters={"network": network, "scale": 100.0})
    with pytest.raises(BundleError, match=said) as raised:
        load(bundle)
    assert raised.value.subject == "small"


@pytest.mark.parametrize("limit", [0.5, float("nan"), "2", [2.0]], ids=str)
def test_a_noise_limit_that_is_none_is_named(bundle: Path, limit: object) -> None:
    network = {"name": "RestorationUNet", **SETTINGS}
    change_card(bundle, parameters={"network": network, "scale": 100.0, "noise_limit": limit})
    with pytest.raises(BundleError, match="noise limit"):
        load(bundle)


def test_pickled_weights_are_refused(bundle: Path, tmp_path: Path) -> None:
    marker = tmp_path / "unpickled"
    put_weights(bundle, pickle.dumps({"head.weight": Bomb(marker)}))
    with pytest.raises(BundleError, match="no safetensors file"):
        load(bundle)
    assert not marker.exists()


def test_weights_saved_by_torch_are_refused(bundle: Path) -> None:
    torch.save(random_network().state_dict(), bundle / "weights.pt")
    put_weights(bundle, (bundle / "weights.pt").read_bytes())
    with pytest.raises(BundleError, match="no safetensors file"):
        load(bundle)


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 8, struct.pack("<Q", 2**60) + b"{}", struct.pack("<Q", 2) + b"{}x", b"not weights at all"],
    ids=["empty", "no header", "endless header", "left over", "text"],
)
def test_a_broken_weights_file_is_named(bundle: Path, content: bytes) -> None:
    put_weights(bundle, content)
    with pytest.raises(BundleError):
        load(bundle)


def test_changed_weights_are_not_loaded(bundle: Path) -> None:
    content = bytearray((bundle / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (bundle / WEIGHTS).write_bytes(content)
    with pytest.raises(BundleError, match=r"SHA-256 is [0-9a-f]{12}…, the card names [0-9a-f]{12}…"):
        load(bundle)


def test_missing_weights_are_named(bundle: Path) -> None:
    (bundle / WEIGHTS).unlink()
    with pytest.raises(BundleError, match="weights cannot be read"):
        load(bundle)


def test_weights_that_are_no_numbers_are_refused(bundle: Path) -> None:
    weights = dict(random_network().state_dict())
    weights["tail.weight"] = torch.full_like(weights["tail.weight"], torch.nan)
    put_weights(bundle, save(weights))
    with pytest.raises(BundleError, match="no numbers"):
        load(bundle)


@pytest.mark.parametrize("part", [WEIGHTS, WEIGHTS.parent, Path("card.json")], ids=str)
def test_links_out_of_the_bundle_are_refused(bundle: Path, tmp_path: Path, part: Path) -> None:
    outside = tmp_path / "outside"
    shutil.move(bundle / part, outside)
    (bundle / part).symlink_to(outside)
    with pytest.raises(BundleError, match="link to elsewhere"):
        load(bundle)


def test_a_folder_of_bundles_may_be_a_link(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(bundle.parent)
    load(tmp_path / "current" / bundle.name)


def test_no_interpreter_of_configurations_is_imported() -> None:
    sources = BUNDLES.parent.rglob("*.py")
    assert not [path.name for path in sources if re.search(r"^\s*(import|from) monai", path.read_text("utf-8"), re.M)]


def test_loading_leaves_chance_alone(bundle: Path) -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    load(bundle)
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)
