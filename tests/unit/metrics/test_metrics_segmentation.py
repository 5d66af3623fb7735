"""Fixed rules of segmentation, and overlap."""

import numpy as np
import pytest

from restoration.metrics.segmentation import (
    band_masks,
    dice,
    dice_by_name,
    lesion_mask,
    otsu_masks,
    watershed_masks,
)
from restoration.volume import BoolArray, FloatArray

ROWS, COLUMNS = np.indices((128, 128))


def disc(row: float, column: float, radius: float) -> BoolArray:
    return np.asarray((ROWS - row) ** 2 + (COLUMNS - column) ** 2 < radius**2)


BODY, LUNG, BONE = disc(64, 64, 55), disc(64, 45, 15), disc(64, 90, 9)
CT = np.where(BONE, 700, np.where(LUNG, -800, np.where(BODY, 45, -1000))).astype(np.float32)


@pytest.mark.parametrize("shift", [0, 6, 20, 60], ids=["same", "near", "far", "apart"])
def test_shifted_discs_overlap_by_the_lens_they_share(shift: int) -> None:
    radius = 25.0
    half = min(shift / (2 * radius), 1.0)
    lens = 2 * radius**2 * (np.arccos(half) - half * np.sqrt(1 - half**2))
    found = dice(disc(64, 34, radius), disc(64, 34 + shift, radius))
    assert found == pytest.approx(lens / (np.pi * radius**2), abs=0.01)


def test_two_empty_masks_have_no_overlap_to_speak_of() -> None:
    empty = np.zeros((4, 4), bool)
    assert dice(empty, empty) is None and dice(empty, ~empty) == 0
    assert dice_by_name({"a": empty}, {"a": empty}) == {} and dice_by_name({}, {"a": ~empty}) == {"a": 0.0}


def test_bands_find_the_tissues_in_noise() -> None:
    noisy = CT + np.random.default_rng(0).normal(0, 25, CT.shape).astype(np.float32)
    found = band_masks(noisy, pixel_mm=0.8)
    # Borders between air and body pass through every band: they belong to the rule, with noise and without.
    assert min(dice_by_name(found, band_masks(CT, pixel_mm=0.8)).values()) > 0.9
    assert found["bone"][64, 90] and found["lung"][64, 45] and found["soft tissue"][30, 64]
    assert not (found["lung"] & found["bone"]).any()


MR = (0.3 * BODY + 0.3 * disc(64, 64, 35) + 0.4 * disc(64, 64, 15)).astype(np.float32)


@pytest.mark.parametrize("rule", [otsu_masks, watershed_masks], ids=["otsu", "watershed"])
@pytest.mark.parametrize("scale", [1.0, 900.0], ids=["unit", "raw"])
def test_rings_of_signal_are_told_apart_at_any_scale(rule, scale: float) -> None:
    noisy = MR + np.random.default_rng(1).normal(0, 0.03, MR.shape).astype(np.float32)
    found = rule(noisy * np.float32(scale), pixel_mm=1.0)
    truth = {"class 0": ~BODY, "class 1": BODY & (MR < 0.4), "class 2": (MR > 0.4) & (MR < 0.8), "class 3": MR > 0.8}
    assert min(dice_by_name(found, truth).values()) > 0.93
    assert sum(mask.astype(int) for mask in found.values()).tolist() == np.ones_like(ROWS).tolist()


def test_a_constant_picture_is_one_class() -> None:
    flat: FloatArray = np.full((32, 32), 7, np.float32)
    assert otsu_masks(flat, pixel_mm=1.0)["class 0"].all() and watershed_masks(flat, pixel_mm=1.0)["class 0"].all()


@pytest.mark.parametrize("contrast", [40.0, -40.0], ids=["bright", "dark"])
def test_a_lesion_is_cut_at_half_its_contrast(contrast: float) -> None:
    lesion = disc(60, 60, 8)
    picture = (50 + contrast * lesion).astype(np.float32)
    found = lesion_mask(picture, disc(60, 60, 16), levels=(50, 50 + contrast), pixel_mm=1.0)
    assert (dice(found, lesion) or 0) > 0.95
    erased = lesion_mask(np.full_like(picture, 50), disc(60, 60, 16), levels=(50, 50 + contrast), pixel_mm=1.0)
    assert not erased.any()
