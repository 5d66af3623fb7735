"""Batches: repeatable, paired, in network units, from real slices too."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from restoration.physics.phantoms import ct_anatomy, mr_anatomy
from training.batch import Batch, planted_discs
from training.data import load_slices
from training.errors import DataError
from training.losses.pixel import l1
from training.losses.transfer import contrast_transfer
from training.recipe import Discs, Recipe
from training.sources import batch_source

MakeRecipe = Callable[..., Recipe]
FIELDS = ("noisy", "clean", "planted_noisy", "planted_clean")


def write_arrays(folder: Path, name: str, modality: str, slices: int = 5) -> None:
    draw = ct_anatomy if modality == "CT" else mr_anatomy
    volume = np.stack([draw(96, np.random.default_rng(seed)) for seed in range(slices)])
    np.savez(folder / f"{name}.npz", volume=(volume * (1 if modality == "CT" else 1000)).astype(np.int16))
    header = {"modality": modality, "spacing_mm": [1.0, 0.7, 0.7]}
    (folder / f"{name}.json").write_text(json.dumps(header), encoding="utf-8")


def batch_of(recipe: Recipe, step: int, folder: Path, data: Path | None = None) -> Batch:
    return batch_source(recipe, data, folder / "cache", lambda done, total: None).batch(step)


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_a_step_has_its_batch(modality: str, make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(modality=modality)
    first, again, other = (batch_of(recipe, step, tmp_path) for step in (3, 3, 4))
    for field in FIELDS:
        assert getattr(first, field).shape == (4, 1, 32, 32)
        assert torch.equal(getattr(first, field), getattr(again, field))
    assert not torch.equal(first.noisy, other.noisy)


def test_planted_ct_discs_meet_the_same_noise(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    batch = batch_of(make_recipe(modality="CT"), 0, tmp_path)
    inside = (batch.noisy > -9.9) & (batch.planted_noisy > -9.9) & (batch.noisy < 14.9) & (batch.clean > -9)
    difference = (batch.planted_noisy - batch.noisy) - (batch.planted_clean - batch.clean)
    assert float(difference[inside].abs().max()) < 1e-3
    assert float((batch.planted_clean - batch.clean).abs().max()) > 0.05


@pytest.mark.parametrize("modality", ["CT", "MR"])
def test_real_slices_are_used(modality: str, make_recipe: MakeRecipe, tmp_path: Path) -> None:
    write_arrays(tmp_path, "one", modality)
    write_arrays(tmp_path, "two", modality)
    recipe = make_recipe(modality=modality)
    with_data, without = (batch_of(recipe, 0, tmp_path, data) for data in (tmp_path, None))
    assert not torch.equal(with_data.clean, without.clean)


@pytest.mark.parametrize("what", ["nothing", "other-modality", "no-array", "no-modality"])
def test_unusable_data_is_refused(what: str, tmp_path: Path) -> None:
    if what == "other-modality":
        write_arrays(tmp_path, "one", "MR")
    elif what != "nothing":
        header = {"modality": "CT", "spacing_mm": [1, 1, 1]} if what == "no-array" else {}
        (tmp_path / "one.json").write_text(json.dumps(header), encoding="utf-8")
    with pytest.raises(DataError):
        load_slices(tmp_path, "CT")


def test_slices_with_facts_of_their_own_are_chosen_by_them(tmp_path: Path) -> None:
    write_arrays(tmp_path, "one", "CT", slices=3)
    facts = [
        {"plane": "axial", "image_type": "ORIGINAL\\PRIMARY\\AXIAL", "pixel_mm": [0.8, 0.8]},
        {"plane": "coronal", "image_type": "ORIGINAL\\PRIMARY\\AXIAL", "pixel_mm": [1.3, 1.3]},
        {"plane": "axial", "image_type": "DERIVED\\SECONDARY", "pixel_mm": [0.8, 0.8]},
    ]
    header = {"modality": "CT", "spacing_mm": None, "slices": facts}
    (tmp_path / "one.json").write_text(json.dumps(header), encoding="utf-8")
    assert [item.pixel_mm for item in load_slices(tmp_path, "CT")] == [0.8]


def test_large_slices_come_at_half_resolution_too(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).normal(50, 20, (1, 400, 400)).astype(np.float32)
    np.savez(tmp_path / "one.npz", volume=picture)
    header = {"modality": "CT", "spacing_mm": [1, 0.5, 0.5]}
    (tmp_path / "one.json").write_text(json.dumps(header), encoding="utf-8")
    whole, half = load_slices(tmp_path, "CT")
    assert (whole.array.shape, half.array.shape) == ((400, 400), (200, 200))
    assert half.own_sigma == pytest.approx(whole.own_sigma / 2, rel=0.15)


def test_planted_discs_have_their_contrast() -> None:
    discs = Discs(count=1, radius=(4, 6), contrast=(10, 20))
    peaks = [np.abs(planted_discs(48, discs, np.random.default_rng(seed))).max() for seed in range(8)]
    assert all(9 < peak <= 20 for peak in peaks)


def test_the_transfer_term_asks_for_the_discs_and_nothing_else() -> None:
    truth, planted = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    off = torch.full((1, 1, 4, 4), 0.3)
    assert float(contrast_transfer(off, planted + off, truth, planted)) == pytest.approx(0, abs=1e-6)
    assert float(contrast_transfer(off, off, truth, planted)) == pytest.approx(1)
    assert float(l1(off, truth)) == pytest.approx(0.3)
