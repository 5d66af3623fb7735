"""Recipes: what is shipped is valid, what is wrong is refused by name."""

from pathlib import Path

import pytest

from training.errors import RecipeError
from training.recipe import load_recipe

RECIPES = Path(__file__).parents[3] / "training" / "recipes"


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.yaml")), ids=lambda path: path.stem)
def test_shipped_recipes_are_valid(path: Path) -> None:
    recipe = load_recipe(path)
    assert recipe.name == path.stem
    assert (recipe.transfer_weight > 0) == (recipe.planted.share > 0)


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("seed: ", "sed: ", "sed"),
        ("  steps: 6000", "  steps: 0", "steps"),
        ("  kind: ct", "  kind: us", "kind"),
        ("  crop: 96", "  crop: 90", "crop"),
        ("scale: 100.0", "scale: -1", "scale"),
        ("name: RestorationUNet", "name: os.system", "network"),
        ("name: ct-denoise", "name: [", "recipe.yaml"),
        ("precision: bfloat16", "precision: float8", "precision"),
    ],
    ids=[
        "unknown-field",
        "no-steps",
        "unknown-simulation",
        "odd-crop",
        "negative-scale",
        "unknown-network",
        "no-yaml",
        "unknown-precision",
    ],
)
def test_a_wrong_recipe_is_refused_by_name(tmp_path: Path, old: str, new: str, named: str) -> None:
    text = (RECIPES / "ct-denoise.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "recipe.yaml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(RecipeError, match=named):
        load_recipe(path)


def test_a_missing_recipe_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        load_recipe(tmp_path / "none.yaml")


def test_the_digest_follows_the_values() -> None:
    first, again, other = (load_recipe(RECIPES / f"{name}-denoise.yaml").digest for name in ("ct", "ct", "mr"))
    assert first == again != other
