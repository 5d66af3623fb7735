"""Batches: repeatable, paired, in network units, from real slices too."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import ndimage

from restoration.anatomy.ct import ct_anatomy
from restoration.anatomy.mr import mr_anatomy
from restoration.kspace_grid import zero_filled
from restoration.metrics.arrays import as_slice
from restoration.physics.mr_truncation import enlarged, reduced
from tests.unit.training.conftest import SIMULATIONS, SLABS
from training.batch import BatchSource, balls, discs, sheets
from training.crops.ct import CtCrops
from training.data import load_slices, whole_kspace
from training.errors import DataError
from training.losses.pixel import energy_left, evened, l1
from training.losses.transfer import contrast_transfer
from training.recipe import CtNoise, Planted, Recipe, Sheets
from training.sources import batch_source

MakeRecipe = Callable[..., Recipe]
WITHOUT_PLANTED = ("mr-enlargement", "mr-motion")
FIELDS = ("noisy", "clean", "planted_noisy", "planted_clean")


def write_arrays(folder: Path, name: str, modality: str, slices: int = 5) -> None:
    draw = ct_anatomy if modality == "CT" else mr_anatomy
    volume = np.stack([draw(160, np.random.default_rng(seed)) for seed in range(slices)])
    np.savez(folder / f"{name}.npz", volume=(volume * (1 if modality == "CT" else 1000)).astype(np.int16))
    header = {"modality": modality, "spacing_mm": [1.0, 0.7, 0.7]}
    (folder / f"{name}.json").write_text(json.dumps(header), encoding="utf-8")


def source_of(recipe: Recipe, folder: Path, data: Path | None = None) -> BatchSource:
    return batch_source(recipe, data, folder / "cache", lambda done, total: None)


@pytest.mark.parametrize("kind", SIMULATIONS)
def test_a_step_has_its_batch(kind: str, make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(kind=kind)
    source = source_of(recipe, tmp_path)
    first, again, other = (source.batch(step) for step in (3, 3, 4))
    slices = SLABS.get(kind, 1)
    twice = 0 if kind in WITHOUT_PLANTED else 2
    shapes = ((4, slices, 32, 32), (4, 1, 32, 32), (twice, slices, 32, 32), (twice, 1, 32, 32))
    for field, shape in zip(FIELDS, shapes, strict=True):
        assert getattr(first, field).shape == shape
        assert torch.equal(getattr(first, field), getattr(again, field))
        assert bool(torch.isfinite(getattr(first, field)).all())
    assert not torch.equal(first.noisy, other.noisy)


@pytest.mark.parametrize("kind", ["ct", "ct-slab"])
def test_planted_ct_structures_meet_the_same_noise(kind: str, make_recipe: MakeRecipe, tmp_path: Path) -> None:
    batch = source_of(make_recipe(kind=kind), tmp_path).batch(0)
    twice, middle = len(batch.planted_noisy), batch.noisy.shape[1] // 2
    alone, truth = batch.noisy[:twice, middle : middle + 1], batch.clean[:twice]
    full = batch.planted_noisy[:, middle : middle + 1]
    inside = (alone > -9.9) & (full > -9.9) & (alone < 14.9) & (truth > -9)
    difference = (full - alone) - (batch.planted_clean - truth)
    assert float(difference[inside].abs().max()) < 1e-3
    assert float((batch.planted_clean - truth).abs().max()) > 0.05


def test_neighbouring_slices_show_nearly_the_same_anatomy_under_other_noise(
    make_recipe: MakeRecipe, tmp_path: Path
) -> None:
    batch = source_of(make_recipe(kind="ct-slab"), tmp_path).batch(0)
    noise = batch.noisy - batch.clean
    below, middle = noise[:, 0], noise[:, 1]
    assert 0.3 < float(middle.std() / below.std()) < 1.2
    assert not torch.allclose(below, middle)


def test_what_was_measured_of_an_enlarged_crop_is_all_that_it_shows(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    source = source_of(make_recipe(kind="mr-enlargement"), tmp_path)
    batches = [source.batch(step) for step in range(6)]
    assert {batch.factors for batch in batches} == {(2, 1), (2, 2)}
    for batch in batches:
        again = enlarged(reduced(batch.noisy, batch.factors), batch.factors)
        assert torch.allclose(again, batch.noisy, atol=1e-4)


def test_still_crops_are_their_own_truth(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    source = source_of(make_recipe(kind="mr-motion"), tmp_path)
    largest = torch.cat([(b.noisy - b.clean).abs().amax((1, 2, 3)) for b in (source.batch(step) for step in range(6))])
    assert 0 < int((largest < 1e-4).sum()) < len(largest)


@pytest.mark.parametrize("kind", ["ct", "mr"])
def test_real_slices_are_used(kind: str, make_recipe: MakeRecipe, tmp_path: Path) -> None:
    write_arrays(tmp_path, "one", kind.upper())
    write_arrays(tmp_path, "two", kind.upper())
    recipe = make_recipe(kind=kind)
    with_data, without = (source_of(recipe, tmp_path, data).batch(0) for data in (tmp_path, None))
    assert not torch.equal(with_data.clean, without.clean)


def test_interpolated_slices_lose_the_empty_rim_of_their_kspace() -> None:
    picture = mr_anatomy(128, np.random.default_rng(0)) + np.random.default_rng(1).normal(0, 0.02, (128, 128))
    measured = as_slice(np.abs(picture), 1.0, "one", "MR")
    interpolated = as_slice(zero_filled(measured.array, (2, 2)), 0.5, "one", "MR")
    assert whole_kspace(measured) is measured
    assert whole_kspace(interpolated).array.shape[0] == pytest.approx(128, abs=12)
    assert whole_kspace(interpolated).pixel_mm == pytest.approx(1.0, abs=0.1)


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


def test_planted_structures_have_their_contrast() -> None:
    planted = Planted(share=1, count=1, radius=(4, 6), contrast=(10, 20))
    peaks = [np.abs(discs(48, planted, np.random.default_rng(seed))).max() for seed in range(8)]
    assert all(9 < peak <= 20 for peak in peaks)
    slab = balls((5, 48, 48), planted, np.random.default_rng(0), slice_pixels=3.0)
    widths = [int((np.abs(picture) > 5).sum()) for picture in slab]
    assert max(widths) > min(widths)


def test_sheets_are_as_thin_and_as_strong_as_the_noise_they_lie_in_lets_them_be() -> None:
    how = Sheets(count=1, width=(1.0, 2.0), contrast=(2.0, 4.0))
    for seed in range(8):
        (sheet,) = sheets((1, 96, 96), how, np.random.default_rng(seed), noise=10, slice_pixels=np.inf)
        assert 10 < np.abs(sheet).max() <= 40
        strong = np.abs(sheet) > np.abs(sheet).max() / 2
        thickness = 2 * ndimage.distance_transform_edt(strong).max()
        assert thickness <= 4 < strong.sum() / thickness


def test_sheets_lean_from_slice_to_slice() -> None:
    how = Sheets(count=3, width=(1.0, 2.0), contrast=(2.0, 4.0))
    slab = sheets((3, 64, 64), how, np.random.default_rng(1), noise=10, slice_pixels=2.0)
    assert np.abs(slab).max(axis=(1, 2)).min() > 5
    assert not np.allclose(slab[0], slab[2])


def test_planted_sheets_meet_the_same_noise(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(kind="ct")
    planted = recipe.planted.model_copy(update={"sheets": Sheets(count=3, width=(1, 2), contrast=(2, 6))})
    without, with_sheets = (
        source_of(recipe.model_copy(update={"planted": how}), tmp_path).batch(0) for how in (recipe.planted, planted)
    )
    more = (with_sheets.planted_clean - with_sheets.clean[:2]).abs().max()
    assert float(more) > float((without.planted_clean - without.clean[:2]).abs().max())


def test_some_phantoms_are_heads(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(kind="ct")
    assert isinstance(recipe.simulation, CtNoise)
    heads = recipe.model_copy(update={"simulation": recipe.simulation.model_copy(update={"heads": 2})})
    bodies, skulls = (source_of(one, tmp_path) for one in (recipe, heads))
    bone = [
        np.mean([float((source.batch(step).clean > 8).float().mean()) for step in range(8)])
        for source in (bodies, skulls)
    ]
    assert bone[1] > bone[0] + 0.02


def test_realisations_of_a_scan_are_mixed_afresh(make_recipe: MakeRecipe, tmp_path: Path) -> None:
    recipe = make_recipe(kind="ct")
    assert isinstance(recipe.simulation, CtNoise)
    several = recipe.simulation.model_copy(update={"realisations": 3, "jitter": (1.0, 1.0), "least_ratio": 0.0})
    source = source_of(recipe.model_copy(update={"simulation": several}), tmp_path)
    assert isinstance(source, CtCrops)
    scan = source.pairs[0].noise[0]
    rng = np.random.default_rng(0)
    mixed = np.stack([source._realised(scan, rng)[0] for _ in range(12)])
    assert float(mixed.std()) == pytest.approx(float(scan.std()), rel=0.1)
    alike = [abs(float(np.corrcoef(mixed[0].ravel(), one.ravel())[0, 1])) for one in scan]
    assert max(alike) < 0.99
    assert sorted(alike)[1] > 0.05


def test_the_transfer_term_asks_for_the_discs_and_nothing_else() -> None:
    truth, planted = torch.zeros(1, 1, 4, 4), torch.ones(1, 1, 4, 4)
    off = torch.full((1, 1, 4, 4), 0.3)
    alone = torch.ones(1)
    assert float(contrast_transfer(off, planted + off, truth, planted, alone)) == pytest.approx(0, abs=1e-6)
    assert float(contrast_transfer(off, off, truth, planted, alone)) == pytest.approx(1)
    assert float(l1(off, truth, alone)) == pytest.approx(0.3)


def test_a_quiet_crop_weighs_as_much_as_a_loud_one() -> None:
    truth = torch.zeros(2, 1, 8, 8)
    given = torch.cat((torch.full((1, 1, 8, 8), 0.1), torch.full((1, 1, 8, 8), 1.0)))
    weights = evened(truth, given)
    half = [float(l1(given * torch.tensor(share)[:, None, None, None], truth, weights)) for share in ((1, 0), (0, 1))]
    assert half[0] == pytest.approx(half[1], rel=0.05)
    assert float(l1(given, truth, weights)) == pytest.approx(float(given.mean()), rel=0.02)


def test_the_energy_left_counts_every_crop_alike() -> None:
    truth = torch.zeros(2, 1, 8, 8)
    given = torch.cat((torch.full((1, 1, 8, 8), 1.0), torch.full((1, 1, 8, 8), 10.0)))
    assert float(energy_left(given, truth, given)) == pytest.approx(1, abs=2e-3)
    assert float(energy_left(0.5 * given, truth, given)) == pytest.approx(0.25, abs=1e-3)
    assert float(energy_left(truth, truth, given)) == 0
