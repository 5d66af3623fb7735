from dataclasses import replace

import numpy as np
import pytest

from restoration import registry
from restoration.errors import InputError
from restoration.guard.noise import noise_map
from restoration.restorer import Restorer
from restoration.volume import Volume
from tests.unit.restoration.restoration_volumes import (
    circle_padding,
    constant,
    make_ct,
    make_mr,
    noise,
)


@pytest.fixture(scope="module")
def ct() -> Restorer:
    return registry.load("ct-nlm")


@pytest.fixture(scope="module")
def mr() -> Restorer:
    return registry.load("mr-nlm")


def test_noise_goes_down_and_structure_stays(ct: Restorer) -> None:
    source = make_ct()
    restored = ct.restore(source, strength=100)
    before, after = (float(np.median(noise_map(volume.array[0])[60:100, 20:60])) for volume in (source, restored))
    assert after < 0.6 * before
    assert restored.array[0, 120:125, 75:85].mean() == pytest.approx(source.array[0, 120:125, 75:85].mean(), abs=1.5)


def test_less_noise_is_left_where_strength_is_higher(ct: Restorer) -> None:
    source = make_ct(slices=1)
    left = [
        float(np.median(noise_map(ct.restore(source, strength=strength).array[0]))) for strength in (0.0, 25, 50, 100)
    ]
    assert left == sorted(left, reverse=True)
    assert left[-1] < left[0]


def test_strength_0_returns_the_source_to_the_bit(ct: Restorer) -> None:
    source = make_ct()
    np.testing.assert_array_equal(ct.restore(source, strength=0).array, source.array)


def test_strength_is_a_share_of_the_full_effect(ct: Restorer) -> None:
    source = make_ct(slices=1)
    full, half = (ct.restore(source, strength=strength).array - source.array for strength in (100.0, 50.0))
    np.testing.assert_allclose(half, full / 2, atol=1e-3)


@pytest.mark.parametrize("value", [-1000.0, 0.0, 40.0, 2500.0])
def test_a_constant_stays_constant(ct: Restorer, value: float) -> None:
    np.testing.assert_allclose(ct.restore(constant(value), strength=100).array, value, atol=1e-3)


def test_pure_noise_leaves_no_bias(ct: Restorer) -> None:
    source = constant(40, size=256)
    noisy = source.with_array(source.array + noise(source.array.shape, sigma=25))
    restored = ct.restore(noisy, strength=100).array
    assert restored.std() < 0.7 * noisy.array.std()
    assert restored.mean() == pytest.approx(noisy.array.mean(), abs=0.05)


def test_padding_stays_to_the_bit_and_does_not_leak(ct: Restorer) -> None:
    padding = circle_padding(2, 160)
    source = make_ct(slices=2, padding=padding)
    restored = ct.restore(source, strength=100)
    np.testing.assert_array_equal(restored.array[padding], source.array[padding])
    assert abs(restored.array[~padding] - source.array[~padding]).max() < 200


def test_values_beyond_the_range_keep_their_distance_to_it(ct: Restorer) -> None:
    source = make_ct(slices=1, sigma=5)
    metal = source.array.copy()
    metal[0, 60:70, 60:70] = 9000
    restored = ct.restore(source.with_array(metal), strength=100).array
    assert abs(restored[0, 62:68, 62:68] - 9000).max() < 5


def test_slices_know_nothing_of_each_other(ct: Restorer) -> None:
    source = make_ct(slices=3)
    alone = replace(source, array=source.array[1:2], positions_mm=(3.0,))
    together = ct.restore(source, strength=75).array[1]
    np.testing.assert_array_equal(ct.restore(alone, strength=75).array[0], together)


def test_mr_does_not_mind_the_scanners_scale(mr: Restorer) -> None:
    source = make_mr(slices=1)
    once = mr.restore(source, strength=75).array
    scaled = mr.restore(source.with_array(source.array * 7), strength=75).array
    np.testing.assert_allclose(scaled, 7 * once, rtol=1e-3, atol=0.5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_are_no_numbers_are_an_input_error(ct: Restorer, value: float) -> None:
    source = constant(0)
    broken = source.array.copy()
    broken[0, 1, 1] = value
    with pytest.raises(InputError, match="no numbers"):
        ct.restore(source.with_array(broken), strength=75)


def test_another_unit_is_an_input_error(ct: Restorer) -> None:
    with pytest.raises(InputError, match="takes HU"):
        ct.restore(make_mr(), strength=75)


@pytest.mark.parametrize("strength", [-1.0, 100.5, float("nan")])
def test_a_strength_out_of_range_is_an_input_error(ct: Restorer, strength: float) -> None:
    with pytest.raises(InputError, match="strength"):
        ct.restore(constant(0), strength=strength)


@pytest.mark.parametrize(("shape", "positions"), [((2, 4, 4), (0.0,)), ((1, 0, 4), (0.0,))], ids=["positions", "empty"])
def test_a_volume_needs_a_position_per_slice_and_pixels(shape: tuple[int, ...], positions: tuple[float, ...]) -> None:
    with pytest.raises(InputError, match="shape"):
        Volume(
            array=np.zeros(shape, np.float32),
            pixel_mm=(1, 1),
            positions_mm=positions,
            thickness_mm=None,
            unit="HU",
        )


def test_provenance_names_what_the_pixels_depend_on(ct: Restorer) -> None:
    assert ct.provenance["weights"] == "classical"
    assert {"device", "precision", "numpy", "scikit-image"} <= ct.provenance.keys()
