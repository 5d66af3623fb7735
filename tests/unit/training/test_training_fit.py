"""A short training lowers its loss, and an interrupted one ends where an uninterrupted one does."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.unit.training.conftest import SIMULATIONS
from training.batch import BatchSource
from training.errors import CheckpointError
from training.fit import CHECKPOINT, CURVE, build_network, fit, learning_rate, load_checkpoint, loss_terms
from training.recipe import Recipe
from training.sources import batch_source

MakeRecipe = Callable[..., Recipe]


def source_of(recipe: Recipe, folder: Path) -> BatchSource:
    return batch_source(recipe, None, folder / "cache", lambda done, total: None)


def loss(recipe: Recipe, source: BatchSource, network: torch.nn.Module) -> float:
    assert isinstance(network, type(build_network(recipe)))
    with torch.inference_mode():
        pixel, transfer = loss_terms(recipe, network, source.batch(1000))
    return float(pixel + recipe.transfer_weight * transfer)


@pytest.mark.parametrize("kind", SIMULATIONS)
def test_twenty_steps_lower_the_loss(kind: str, make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(kind=kind)
    source = source_of(recipe, tmp_path)
    trained = fit(recipe, source, tmp_path / "run")
    assert loss(recipe, source, trained) < 0.95 * loss(recipe, source, build_network(recipe))


def test_an_interrupted_training_ends_at_the_same_weights(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe()
    source = source_of(recipe, tmp_path)
    whole = fit(recipe, source, tmp_path / "whole").state_dict()
    fit(recipe, source, tmp_path / "halves", stop_after=9)
    halves = fit(recipe, source, tmp_path / "halves").state_dict()
    assert all(torch.equal(whole[name], halves[name]) for name in whole)


def test_the_curve_says_every_row_once(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe()
    source = source_of(recipe, tmp_path)
    seen: list[int] = []
    fit(recipe, source, tmp_path, stop_after=9, report=lambda row: seen.append(row.step))
    fit(recipe, source, tmp_path, report=lambda row: seen.append(row.step))
    with (tmp_path / CURVE).open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == seen == [9, 20]
    assert all(float(row["pixel"]) > 0 for row in rows)


def test_a_finished_training_is_not_trained_on(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(steps=3)
    source = source_of(recipe, tmp_path)
    fit(recipe, source, tmp_path)
    before = (tmp_path / CHECKPOINT).read_bytes()
    fit(recipe, source, tmp_path)
    assert (tmp_path / CHECKPOINT).read_bytes() == before
    assert load_checkpoint(recipe, tmp_path / CHECKPOINT)[1] == 3


def test_a_checkpoint_of_another_recipe_is_refused(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(steps=2)
    fit(recipe, source_of(recipe, tmp_path), tmp_path)
    other = make_recipe(steps=2, seed=2)
    with pytest.raises(CheckpointError, match="another recipe"):
        fit(other, source_of(other, tmp_path), tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"no checkpoint"], ids=["missing", "empty", "garbage"])
def test_a_broken_checkpoint_is_refused(content: bytes | None, make_recipe: MakeRecipe, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / CHECKPOINT).write_bytes(content)
    with pytest.raises(CheckpointError):
        load_checkpoint(make_recipe(), tmp_path / CHECKPOINT)


def test_the_rate_warms_up_and_falls_to_nothing(make_recipe: MakeRecipe) -> None:
    schedule = make_recipe().schedule
    rates = [learning_rate(schedule, step) for step in range(schedule.steps)]
    assert rates[0] < rates[2] > rates[-1]
    assert rates[-1] < 0.02 * schedule.learning_rate
