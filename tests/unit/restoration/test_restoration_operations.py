"""Slabs, enlargement, motion, the anchor and the Rician floor, around networks that do as the test says."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
from scipy import stats

from restoration.card import Card, load_card
from restoration.errors import InputError
from restoration.kspace_grid import cropped, zero_filled
from restoration.lowpass import lowpass_volume
from restoration.pipelines.denoising import Denoising
from restoration.pipelines.enlargement import Enlargement
from restoration.pipelines.motion import MotionCorrection
from restoration.rician import floor
from restoration.volume import FloatArray, Volume

Change = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """Answers every slab by a function of it."""

    answer: Change
    provenance: dict[str, str]

    def __call__(self, images: FloatArray) -> FloatArray:
        return np.stack([self.answer(slab) for slab in images]).astype(np.float32)


def scripted(answer: Change) -> Scripted:
    return Scripted(answer=answer, provenance={"device": "none"})


def card(**changes: object) -> Card:
    shares = {"default_share": 0.5, "full_share": 1.0, "default_strength": 75.0}
    settings = {"parameters": {"scale": 1.0, "clamp": None}, "change_limit": None, **shares, **changes}
    return replace(load_card("mr-nlm"), **settings)  # type: ignore[arg-type]


def volume(array: FloatArray, *, unit: str = "HU", gap_mm: float = 1.0, padding: object = None) -> Volume:
    return Volume(
        array=array.astype(np.float32),
        pixel_mm=(1.0, 1.0),
        positions_mm=tuple(gap_mm * index for index in range(len(array))),
        thickness_mm=gap_mm,
        unit=unit,
        padding=padding,  # type: ignore[arg-type]
    )


def steps(slices: int = 4, size: int = 16) -> FloatArray:
    return np.ones((slices, size, size), np.float32) * np.arange(1, slices + 1, dtype=np.float32)[:, None, None]


SLAB = card(unit="HU", scope="slab", slab=3, anchor_mm=0.0)


def test_a_slab_shows_the_neighbours_and_repeats_the_ends() -> None:
    source = steps()
    seen = Denoising(card=SLAB, denoiser=scripted(lambda slab: slab.sum(axis=0))).restore(volume(source), strength=100)
    np.testing.assert_allclose(seen.array[:, 0, 0], [1 + 1 + 2, 6, 9, 3 + 4 + 4])


def test_slices_that_are_not_evenly_spaced_have_no_neighbours() -> None:
    uneven = replace(volume(steps()), positions_mm=(0.0, 1.0, 2.0, 4.0))
    pipeline = Denoising(card=SLAB, denoiser=scripted(lambda slab: slab[1]))
    with pytest.raises(InputError, match=r"1\.00 to 2\.00 mm apart"):
        pipeline.restore(uneven, strength=75)
    one_by_one = Denoising(card=replace(SLAB, scope="slice", slab=1), denoiser=scripted(lambda slab: slab[0]))
    assert len(one_by_one.restore(uneven, strength=75).array) == 4


def test_the_anchor_of_a_slab_holds_what_is_coarse_in_all_three_directions() -> None:
    rng = np.random.default_rng(0)
    source = volume(rng.normal(0, 20, (24, 48, 48)))
    anchored = replace(SLAB, anchor_mm=2.0)
    change = Denoising(card=anchored, denoiser=scripted(lambda slab: 0 * slab[1])).restore(source, strength=100)
    removed = change.array - source.array
    coarse = lowpass_volume(source, removed, sigma_mm=6.0)
    assert float(np.abs(coarse[4:-4, 8:-8, 8:-8]).max()) < 0.2
    assert removed.std() == pytest.approx(20, rel=0.1)
    # A slice's own coarse noise differs from that of its neighbours: a slice-wise anchor would keep it.
    assert float(removed[12].mean()) == pytest.approx(-float(source.array[12].mean()), abs=0.3)


def test_no_pixel_changes_by_more_than_its_noise_explains() -> None:
    rng = np.random.default_rng(2)
    picture = rng.normal(0, 10, (2, 64, 64)).astype(np.float32)
    picture[:, 30:34, 30:34] += 500
    source = volume(picture)
    flattening = scripted(lambda slab: 0 * slab[0])
    one = card(unit="HU", scope="slice", slab=1, anchor_mm=0.0)
    free, held = (
        Denoising(card=replace(one, change_limit=limit), denoiser=flattening).restore(source, strength=100).array
        for limit in (None, 6.0)
    )
    assert np.abs(free - picture).max() > 480
    assert np.abs(held - picture).max() < 6 * 1.3 * 10
    assert np.array_equal(held[:, :20], free[:, :20])


def test_an_enlarged_picture_keeps_what_was_measured() -> None:
    rng = np.random.default_rng(1)
    source = volume(np.abs(rng.normal(1, 0.3, (2, 20, 24))), unit="signal")
    network = scripted(lambda slab: slab[0] + rng.normal(0, 0.2, slab[0].shape))
    pipeline = Enlargement(card=card(operation="super-resolution", factors=(1, 2, 2), anchor_mm=0.0), denoiser=network)
    fine = pipeline.restore(source, strength=100)
    assert fine.array.shape == (2, 40, 48)
    assert fine.pixel_mm == (0.5, 0.5)
    np.testing.assert_allclose(cropped(fine.array, (2, 2)), source.array, atol=1e-5)
    plain = pipeline.restore(source, strength=0)
    np.testing.assert_allclose(plain.array, zero_filled(source.array, (2, 2)), atol=1e-6)
    assert float(np.abs(fine.array - plain.array).max()) > 0.1
    np.testing.assert_allclose(plain.array[:, ::2, ::2], source.array, atol=1e-5)


def test_padding_is_enlarged_with_its_picture() -> None:
    padding = np.zeros((1, 8, 8), bool)
    padding[0, :2] = True
    source = volume(np.ones((1, 8, 8)), unit="signal", padding=padding)
    pipeline = Enlargement(card=card(factors=(1, 2, 2), anchor_mm=0.0), denoiser=scripted(lambda slab: slab[0]))
    fine = pipeline.restore(source, strength=75)
    assert fine.padding is not None
    assert fine.padding.sum() == 4 * padding.sum()


def test_a_still_slice_stays_to_the_bit_and_a_moved_one_is_corrected() -> None:
    source = volume(np.ones((3, 16, 16)), unit="signal")
    sizes = iter((0.001, 0.03, 0.2))
    network = scripted(lambda slab: slab[0] + next(sizes))
    still = {"scale": 1.0, "clamp": None, "still": [0.01, 0.05]}
    corrected = MotionCorrection(card=card(anchor_mm=0.0, parameters=still), denoiser=network)
    change = corrected.restore(source, strength=100).array - source.array
    np.testing.assert_array_equal(change[0], 0)
    np.testing.assert_allclose(change[1], 0.015, atol=1e-4)
    np.testing.assert_allclose(change[2], 0.2, atol=1e-4)


@pytest.mark.parametrize("snr", [0.0, 0.5, 2.0, 10.0, 1000.0])
def test_the_floor_is_the_excess_of_a_rician_mean(snr: float) -> None:
    sigma = np.full((1, 1), 3.0, np.float32)
    wanted = stats.rice.mean(snr, scale=3.0) - 3 * snr if snr < 100 else 3 / (2 * snr)
    assert float(floor(snr * sigma, sigma)[0, 0]) == pytest.approx(wanted, rel=1e-3, abs=1e-5)


def test_in_magnitude_pictures_the_coarse_part_may_only_fall_and_only_by_the_floor() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 0.1, (2, 1, 96, 96))
    source = volume(np.hypot(0.2 + noise[0], noise[1]), unit="signal")
    anchored = card(anchor_mm=2.0)

    def mean_change(answer: float) -> float:
        pipeline = Denoising(card=anchored, denoiser=scripted(lambda slab: np.full_like(slab[0], answer)))
        return float((pipeline.restore(source, strength=100).array - source.array).mean())

    level = float(np.percentile(source.array, 99.5))
    excess = float(source.array.mean()) - 0.2
    assert mean_change(0.2 / level) == pytest.approx(-excess, abs=0.004)
    assert mean_change(2.0) == pytest.approx(0, abs=0.002)
    assert -3 * excess < mean_change(0.0) < -excess
