"""Bundles as exported, arrays from DICOM, the command line."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from monai.bundle import ConfigParser
from safetensors.torch import load_file
from typer.testing import CliRunner

from restoration.card import load_card
from restoration.networks.unet import RestorationUNet
from tests.unit.training.test_training_figures import EVALUATION
from training.cli import app
from training.errors import DataError
from training.export import WEIGHTS, borrow_card, export_bundle, write_figures
from training.figures import read_evaluation
from training.fit import build_network
from training.recipe import Recipe, load_recipe

MakeRecipe = Callable[..., Recipe]
SHIPPED = Path(__file__).parents[3] / "restoration" / "bundles"
RECIPES = Path(__file__).parents[3] / "training" / "recipes"


CARD = {"name": "small", "version": "1.0.0", "title": "small", "unit": "HU", "weights_sha256": ""}


def bundle_with_card(folder: Path) -> Path:
    folder.mkdir()
    (folder / "card.json").write_text(json.dumps(CARD), encoding="utf-8")
    return folder


def test_a_bundle_holds_what_its_card_says(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(kind="ct")
    network = build_network(recipe)
    bundle = bundle_with_card(tmp_path / "small")
    digest = export_bundle(recipe, network, bundle)
    card = json.loads((bundle / "card.json").read_text(encoding="utf-8"))
    assert card["weights_sha256"] == digest == hashlib.sha256((bundle / WEIGHTS).read_bytes()).hexdigest()
    assert card["parameters"]["scale"] == 100
    assert card["parameters"]["clamp"] == [-1000, 1500]
    assert card["name"] == "small"


def test_a_bundle_is_built_by_monai(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe()
    bundle = bundle_with_card(tmp_path / "small")
    export_bundle(recipe, build_network(recipe), bundle)
    parser = ConfigParser()
    parser.read_config(bundle / "configs" / "inference.json")
    built = parser.get_parsed_content("network_def")
    assert isinstance(built, RestorationUNet)
    built.load_state_dict(load_file(bundle / WEIGHTS))


def test_a_yardstick_borrows_the_card_of_what_it_is_measured_against(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(kind="ct")
    borrow_card("rival", SHIPPED / "ct-denoise", tmp_path / "rival")
    export_bundle(recipe, build_network(recipe), tmp_path / "rival")
    rival = load_card("rival", bundles=tmp_path)
    shipped = load_card("ct-denoise")
    assert (rival.release, rival.figures, rival.eligibility) == ("never", (), shipped.eligibility)
    assert rival.bounds.erased is None
    with pytest.raises(DataError, match="yardstick"):
        borrow_card("rival", SHIPPED / "ct-denoise", SHIPPED / "rival")
    with pytest.raises(DataError, match="no-such"):
        borrow_card("other", SHIPPED / "no-such", tmp_path / "other")


def test_a_bundle_without_card_is_refused(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe()
    with pytest.raises(DataError, match="no card"):
        export_bundle(recipe, build_network(recipe), tmp_path)


@pytest.mark.parametrize("name", [path.parents[1].name for path in sorted(SHIPPED.glob(f"*/{WEIGHTS}"))])
def test_shipped_bundles_are_complete_and_small(name: str) -> None:
    bundle = SHIPPED / name
    card = json.loads((bundle / "card.json").read_text(encoding="utf-8"))
    weights = (bundle / WEIGHTS).read_bytes()
    assert card["weights_sha256"] == hashlib.sha256(weights).hexdigest()
    assert len(weights) <= 5_000_000
    metadata = json.loads((bundle / "configs" / "metadata.json").read_text(encoding="utf-8"))
    assert metadata["version"] == card["version"]
    assert "Not a medical device" in (bundle / "docs" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", [path.stem for path in sorted(RECIPES.glob("*.yaml")) if (SHIPPED / path.stem).is_dir()]
)
def test_a_shipped_bundle_names_the_recipe_that_trained_it(name: str) -> None:
    card = json.loads((SHIPPED / name / "card.json").read_text(encoding="utf-8"))
    assert card["parameters"]["recipe"] == load_recipe(RECIPES / f"{name}.yaml").digest


def test_a_card_is_given_its_figures(tmp_path: Path) -> None:
    bundle = bundle_with_card(tmp_path / "ct-denoise")
    card = {**CARD, "weights_sha256": "0" * 64, "default_strength": 75.0}
    (bundle / "card.json").write_text(json.dumps(card), encoding="utf-8")
    evaluation = tmp_path / "evaluation.json"
    evaluation.write_text(json.dumps(EVALUATION), encoding="utf-8")
    done = CliRunner().invoke(app, ["figures", str(evaluation), "--bundles", str(tmp_path)], catch_exceptions=False)
    assert "4 figures" in done.output
    figures = json.loads((bundle / "card.json").read_text(encoding="utf-8"))["figures"]
    assert all({"tier", "n"} <= set(figure) for figure in figures)


def test_figures_of_other_weights_are_refused(tmp_path: Path) -> None:
    bundle = bundle_with_card(tmp_path / "ct-denoise")
    with pytest.raises(DataError, match="other weights"):
        write_figures(read_evaluation(json.dumps(EVALUATION)), bundle)


RECIPE = """
name: small
seed: 1
network: NETWORK
schedule: {steps: 4, batch: 2, crop: 32, learning_rate: 0.001, weight_decay: 0, warmup: 1, precision: float32}
planted: {share: 1, count: 1, radius: [2, 4], contrast: [0.1, 0.2]}
simulation: {kind: mr, sigma: [0.03, 0.1], fill: [1.0], taper: [0.0, 0.1], gain: [0.0, 0.1], least_ratio: 1}
phantoms: 1
real_share: 0
scale: 0.25
clamp: null
transfer_weight: 4
"""


NETWORKS = {
    "RestorationUNet": "{name: RestorationUNet, widths: [8, 8], blocks: 1, fold: 2}",
    "RedCnn": "{name: RedCnn, channels: 4}",
}


@pytest.mark.parametrize("network", NETWORKS)
def test_from_recipe_to_bundle_on_the_command_line(network: str, tmp_path: Path) -> None:
    recipe, runs = tmp_path / "small.yaml", tmp_path / "runs"
    recipe.write_text(RECIPE.replace("NETWORK", NETWORKS[network]), encoding="utf-8")
    bundle = bundle_with_card(tmp_path / "small")
    runner = CliRunner()
    trained = runner.invoke(app, ["train", str(recipe), "--runs", str(runs)], catch_exceptions=False)
    assert "step 4 of 4" in trained.output
    exported = runner.invoke(app, ["export", str(recipe), "--runs", str(runs), "--bundles", str(tmp_path)])
    assert exported.exit_code == 0, exported.output
    assert "ct-denoise" in runner.invoke(app, ["list", "--runs", str(runs)], catch_exceptions=False).output
    parser = ConfigParser()
    parser.read_config(bundle / "configs" / "inference.json")
    built = parser.get_parsed_content("network_def")
    assert type(built).__name__ == network
    built.load_state_dict(load_file(bundle / WEIGHTS))
