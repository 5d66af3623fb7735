"""Gates beside the blobs: structure, stability, kept k-space, three-dimensional anchor, units of their own."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from restoration.card import Card, load_card
from restoration.guard.judge import judge, judge_domain
from restoration.guard.stability import judge_stability
from restoration.guard.verdict import Figure, Verdict
from restoration.kspace_grid import zero_filled
from restoration.volume import FloatArray, Volume
from tests.unit.restoration.restoration_volumes import card_for, circle_padding, make_ct, make_mr, noise


def figure(verdict: Verdict, gate: str, name: str = "") -> Figure:
    (found,) = [one for one in verdict.figures if one.gate == gate and name in one.name]
    return found


def without_lowest(grain: FloatArray, sigma: float = 1.75) -> FloatArray:
    return grain - ndimage.gaussian_filter(grain, (0, sigma, sigma))


def bounded(card: Card, **bounds: float) -> Card:
    return replace(card, bounds=replace(card.bounds, **bounds))  # type: ignore[arg-type]


# Structure


def test_removed_noise_moves_no_edge() -> None:
    source = make_ct()
    grain = noise(source.array.shape, sigma=20.0)
    verdict = judge(source, source.with_array(source.array - without_lowest(grain)), card=card_for(source), strength=75)
    assert figure(verdict, "structure").value < 0.02


def test_a_moved_edge_is_told_in_pixels() -> None:
    source = make_ct()
    moved = source.with_array(ndimage.shift(source.array, (0, 0.3, 0), order=1, mode="nearest"))
    verdict = judge(source, moved, card=card_for(source), strength=75)
    assert 0.2 < figure(verdict, "structure").value < 0.8


def test_a_blur_is_seen_on_edges_and_withheld_by_the_cards_bound() -> None:
    source = make_ct()
    blurred = source.with_array(ndimage.gaussian_filter(source.array, (0, 1.0, 1.0)))
    verdict = judge(source, blurred, card=bounded(card_for(source), structure=0.2), strength=75)
    assert figure(verdict, "structure").value > 0.5
    assert "structure" in {failure.gate for failure in verdict.failures}


# Stability


def smooth(volume: Volume) -> Volume:
    return volume.with_array(ndimage.gaussian_filter(volume.array, (0, 1.0, 1.0)))


def shifted(volume: Volume) -> Volume:
    return volume.with_array(np.roll(volume.array, 1, axis=2))


def test_what_knows_no_direction_is_stable() -> None:
    verdict = judge_stability(make_ct(), smooth, card_for(make_ct()))
    assert figure(verdict, "stability").value == pytest.approx(0, abs=1e-4)


def test_what_knows_a_direction_is_not() -> None:
    source = make_ct(slices=9)
    verdict = judge_stability(source, shifted, bounded(card_for(source), stability=0.1))
    assert not verdict.passed
    assert figure(verdict, "stability").value > 0.5


def test_stability_turns_spacing_and_padding_with_the_slices() -> None:
    source = replace(make_ct(padding=circle_padding(3, 160)), pixel_mm=(0.8, 0.6))
    seen: list[Volume] = []

    def watched(volume: Volume) -> Volume:
        seen.append(volume)
        return volume

    assert figure(judge_stability(source, watched, card_for(source)), "stability").value == 0
    assert {volume.pixel_mm for volume in seen} == {(0.8, 0.6), (0.6, 0.8)}
    assert all(volume.padding is not None and (volume.array[volume.padding] == -2000).all() for volume in seen)


def test_stability_looks_at_four_slices_side_by_side() -> None:
    source = make_ct(slices=11, size=64)
    sizes: set[tuple[float, ...]] = set()

    def watched(volume: Volume) -> Volume:
        sizes.add(volume.positions_mm)
        return volume

    judge_stability(source, watched, card_for(source))
    assert sizes == {(9.0, 12.0, 15.0, 18.0)}


def test_stability_of_an_enlargement_is_measured_on_its_grid() -> None:
    source = make_mr(size=96)
    verdict = judge_stability(source, enlarged, super_resolution())
    assert figure(verdict, "stability").value < 0.01


# Kept k-space


def enlarged(source: Volume, change: Callable[[FloatArray], FloatArray] = lambda array: array) -> Volume:
    array = change(zero_filled(source.array, (2, 2)))
    return replace(source, array=array, pixel_mm=(source.pixel_mm[0] / 2, source.pixel_mm[1] / 2))


def super_resolution() -> Card:
    return bounded(replace(load_card("mr-nlm"), operation="super-resolution", factors=(1, 2, 2)), kept=0.001)


def sharper(array: FloatArray) -> FloatArray:
    """Add frequencies that were not measured, and none that were."""
    spectrum = np.fft.fftshift(np.fft.fft2(noise(array.shape, sigma=30, blur=0)), axes=(1, 2))
    quarter = array.shape[1] // 4
    spectrum[:, quarter:-quarter, quarter : -quarter + 1] = 0
    spectrum[:, quarter : -quarter + 1, quarter:-quarter] = 0
    return array + np.fft.ifft2(np.fft.ifftshift(spectrum, axes=(1, 2))).real.astype(np.float32)


def test_enlargement_that_keeps_what_was_measured_passes_the_gate() -> None:
    source = make_mr(size=96)
    verdict = judge(source, enlarged(source, sharper), card=super_resolution(), strength=100)
    assert figure(verdict, "kept").passed
    assert "completeness" not in {failure.gate for failure in verdict.failures}


def test_changed_measured_frequencies_are_withheld_with_their_place() -> None:
    def brighter_spot(array: FloatArray) -> FloatArray:
        wrong = array.copy()
        wrong[1, 90:100, 60:70] += 60
        return wrong

    source = make_mr(size=96)
    verdict = judge(source, enlarged(source, brighter_spot), card=super_resolution(), strength=100)
    found = figure(verdict, "kept")
    assert not found.passed
    assert found.place is not None
    assert (found.place.slice_index, found.place.row) == (1, pytest.approx(95, abs=8))


def test_an_enlarged_result_on_the_sources_grid_is_withheld() -> None:
    source = make_mr(size=96)
    verdict = judge(source, source, card=super_resolution(), strength=100)
    assert "grid" in verdict.sentence()


# Three-dimensional anchor


def test_a_slab_may_move_a_slice_but_not_its_surroundings() -> None:
    source = make_ct(slices=9, size=96)
    card = replace(card_for(source), scope="slab", slab=5, anchor_mm=2.0)
    one, many = source.array.copy(), source.array.copy()
    one[4] += 4.0
    many[2:7] += 4.0

    def low(array: FloatArray) -> float:
        return abs(figure(judge(source, source.with_array(array), card=card, strength=100), "anchor").value)

    assert low(one) < 2.0 < low(many)


def test_what_has_no_anchor_has_no_such_figure() -> None:
    source = make_ct()
    verdict = judge(source, source, card=replace(card_for(source), anchor_mm=0.0), strength=0)
    assert "anchor" not in {one.gate for one in verdict.figures}


# Units of their own


def activity(*, size: int = 96, slices: int = 3) -> Volume:
    """Tissue with a hot spot of 20 mm, in becquerel per millilitre."""
    y, x = np.mgrid[:size, :size] - size / 2
    clean = np.where(np.hypot(x / 0.4, y / 0.3) < size, 3000.0, 0.0).astype(np.float32)
    clean[np.hypot(x + 8, y) * 4 < 60] = 6000
    clean[np.hypot(x - 12, y - 4) * 4 < 10] = 40000
    grain = noise((slices, size, size), sigma=1.0, blur=1.2) * np.sqrt(clean + 100) * 4
    return Volume(
        array=np.maximum(clean + grain, 0),
        pixel_mm=(4.0, 4.0),
        positions_mm=tuple(3.0 * index for index in range(slices)),
        thickness_mm=3.0,
        unit="Bq/mL",
    )


def exposure(*, size: int = 160) -> Volume:
    y, x = np.mgrid[:size, :size] / size
    clean = (400 + 3000 * (np.hypot(x - 0.5, y - 0.5) > 0.35) + 200 * np.sin(9 * x)).astype(np.float32)
    return Volume(
        array=(clean + noise(clean.shape, sigma=1.0) * np.sqrt(clean))[None],
        pixel_mm=(0.8, 0.8),
        positions_mm=(0.0,),
        thickness_mm=None,
        unit="exposure",
    )


@pytest.mark.parametrize(
    ("source", "bands"),
    [(activity(), {"warm tissue", "hot tissue"}), (exposure(), {"middle parts", "thin parts"})],
    ids=["Bq/mL", "exposure"],
)
def test_bands_of_other_units_are_held_to_the_cards_share(source: Volume, bands: set[str]) -> None:
    card = bounded(replace(load_card("mr-nlm"), unit=source.unit), bias=0.03)
    assert judge_domain(source, card).figures[0].passed
    high = judge(source, source.with_array(source.array * np.float32(1.06)), card=card, strength=75)
    failed = {failure.name.removeprefix("the mean change of ") for failure in high.failures if failure.gate == "bias"}
    assert failed & bands
    held = judge(source, source.with_array(source.array * np.float32(1.01)), card=card, strength=75)
    assert "bias" not in {failure.gate for failure in held.failures}


def test_a_hot_spot_that_fades_is_withheld_with_its_place() -> None:
    source = activity()
    card = bounded(replace(load_card("mr-nlm"), unit="Bq/mL"), bias=0.03)
    wrong = source.array.copy()
    wrong[:, 44:60, 52:68] *= 0.8
    verdict = judge(source, source.with_array(wrong), card=card, strength=75)
    peak = figure(verdict, "bias", "spot's peak")
    assert not peak.passed
    assert peak.value == pytest.approx(-0.2, abs=0.02)
    assert peak.place is not None
    assert peak.place.row == pytest.approx(52, abs=3)
    assert not figure(verdict, "bias", "hottest voxel").passed


def test_the_noise_of_the_hottest_voxel_may_go() -> None:
    source = activity()
    card = bounded(replace(load_card("mr-nlm"), unit="Bq/mL"), bias=0.03)
    calmer = ndimage.gaussian_filter(source.array, (0, 0.4, 0.4))
    voxel = figure(judge(source, source.with_array(calmer), card=card, strength=75), "bias", "hottest voxel")
    assert voxel.value < 0
    assert voxel.passed


# Promises


@pytest.mark.parametrize("sigma", [5.0, 20.0, 50.0], ids=str)
def test_promises_hold_whatever_the_noise(sigma: float) -> None:
    flat = np.full((1, 128, 128), 50, np.float32)
    grain = noise(flat.shape, sigma=0.8 * sigma, blur=0)
    source = replace(make_ct(), array=flat + grain, positions_mm=(0.0,), padding=None)
    change = source.with_array(source.array + np.float32(1.2))
    tile = figure(judge(source, change, card=bounded(card_for(source), bias=1.0), strength=75), "bias", "worst tile")
    assert tile.high == pytest.approx(1)
    assert tile.needed == pytest.approx(1.2, rel=0.1)
    assert not tile.passed


def test_beyond_the_picture_nothing_counts_as_changed() -> None:
    source = make_ct()
    rim = source.array.copy()
    rim[:, :3] += 12
    low = figure(judge(source, source.with_array(rim), card=card_for(source), strength=75), "anchor")
    inside = source.array.copy()
    inside[:, 60:63] += 12
    middle = figure(judge(source, source.with_array(inside), card=card_for(source), strength=75), "anchor")
    assert abs(low.value) < 1.1 * abs(middle.value)
