import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from restoration import registry
from restoration.card import BUNDLES
from restoration.errors import BundleError
from tests.unit.restoration.restoration_bundles import change_card, random_network, write_bundle
from tests.unit.restoration.restoration_volumes import make_ct


@pytest.fixture
def bundles(tmp_path: Path) -> Path:
    """A folder with one whole network bundle named `small`, of random weights."""
    write_bundle(tmp_path / "small")
    return tmp_path


def test_a_network_bundle_restores(bundles: Path) -> None:
    restorer = registry.load("small", device="cpu", bundles=bundles)
    source = make_ct(slices=2, size=90)
    restored = restorer.restore(source, strength=75)
    assert restored.array.shape == source.array.shape
    assert not np.array_equal(restored.array, source.array)
    assert {"device", "precision", "mode", "torch", "weights"} <= restorer.provenance.keys()
    assert restorer.provenance["weights"] == restorer.card.weights_sha256
    np.testing.assert_array_equal(restorer.restore(source, strength=75).array, restored.array)


def test_a_slab_bundle_sees_its_neighbours(tmp_path: Path) -> None:
    network = {"name": "RestorationUNet", "widths": [8, 8], "blocks": 1, "fold": 2, "slices": 3}
    write_bundle(
        tmp_path / "slab",
        network=random_network(widths=[8, 8], slices=3),
        slab=3,
        scope="slab",
        parameters={"network": network, "scale": 100.0, "clamp": [-1000, 1500]},
    )
    restorer = registry.load("slab", device="cpu", bundles=tmp_path)
    source = make_ct(slices=5, size=64)
    changed = source.array.copy()
    changed[4] += 100
    before = restorer.restore(source, strength=100).array
    after = restorer.restore(source.with_array(changed), strength=100).array
    assert not np.array_equal(before[3], after[3])


@pytest.mark.parametrize(
    "changes",
    [{"kind": "classical", "parameters": {}}, {"kind": "classical", "parameters": {"nlm": {"patch": 5}}}],
    ids=["no filter", "half a filter"],
)
def test_a_card_that_makes_no_pipeline_is_a_bundle_error(bundles: Path, changes: dict[str, object]) -> None:
    change_card(bundles / "small", **changes)
    with pytest.raises(BundleError, match="filter"):
        registry.load("small", device="cpu", bundles=bundles)


def test_a_card_without_scale_is_a_bundle_error(bundles: Path) -> None:
    change_card(
        bundles / "small",
        parameters={"network": {"name": "RestorationUNet", "widths": [8, 8, 8], "blocks": 1, "fold": 2}},
    )
    restorer = registry.load("small", device="cpu", bundles=bundles)
    with pytest.raises(BundleError, match="no scale"):
        restorer.restore(make_ct(slices=1, size=64), strength=75)


def test_an_unknown_bundle_is_named() -> None:
    with pytest.raises(BundleError, match="no-such-pipeline"):
        registry.load("no-such-pipeline")


def test_a_classical_pipeline_starts_without_torch(tmp_path: Path) -> None:
    shutil.copytree(BUNDLES / "ct-nlm", tmp_path / "ct-nlm")
    script = (
        "import sys; from restoration import registry; from restoration.guard import judge; from pathlib import Path; "
        "registry.load('ct-nlm', bundles=Path(sys.argv[1])); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, cwd=BUNDLES.parents[1], timeout=120)
