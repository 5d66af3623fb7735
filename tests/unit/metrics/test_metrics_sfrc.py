"""Ring correlation of equal, unrelated and locally altered pictures."""

import numpy as np
import pytest
from scipy import ndimage

from restoration.errors import InputError
from restoration.metrics.sfrc import new_flags, ring_correlation, scan
from restoration.volume import FloatArray

PIXEL_MM = 0.7
NYQUIST = 0.5 / PIXEL_MM


def texture(seed: int, side: int = 192) -> FloatArray:
    white = np.random.default_rng(seed).normal(size=(side, side))
    return np.asarray(100 * ndimage.gaussian_filter(white, 1.0), np.float32)


def test_equal_patches_correlate_at_every_frequency() -> None:
    patch = texture(0)[:64, :64]
    frequency, correlation = ring_correlation(patch, 3 * patch + 40)
    assert correlation == pytest.approx(np.ones(32), abs=1e-5)
    assert frequency[0] == pytest.approx(1 / 64) and frequency[-1] == 0.5


def test_unrelated_noise_correlates_nowhere() -> None:
    pairs = np.random.default_rng(1).normal(size=(2, 100, 64, 64)).astype(np.float32)
    _, correlation = ring_correlation(pairs[0], pairs[1])
    assert np.abs(correlation.mean(axis=0)).max() < 0.1


def test_added_noise_lowers_the_correlation_by_its_share() -> None:
    rng = np.random.default_rng(2)
    first, second = (rng.normal(size=(200, 64, 64)).astype(np.float32) for _ in range(2))
    _, correlation = ring_correlation(first, first + second)
    assert correlation[4:].mean() == pytest.approx(np.sqrt(0.5), abs=0.02)


def test_a_flat_patch_has_no_correlation() -> None:
    _, correlation = ring_correlation(np.ones((32, 32), np.float32), texture(0)[:32, :32])
    assert correlation == pytest.approx(np.zeros(16))


def test_a_faithful_answer_is_never_flagged() -> None:
    truth = texture(3)
    found = scan(truth, truth, pixel_mm=PIXEL_MM)
    assert found.crossing == pytest.approx(np.full(25, NYQUIST)) and found.count(0.9 * NYQUIST) == 0


def test_an_invented_structure_is_flagged_where_it_is() -> None:
    truth = texture(4)
    before = truth + np.random.default_rng(5).normal(0, 2, truth.shape).astype(np.float32)
    answer = before.copy()
    answer[64:128, 64:128] = texture(6)[:64, :64]
    first, second = (scan(picture, truth, pixel_mm=PIXEL_MM) for picture in (before, answer))
    cutoff = 0.5 * NYQUIST
    assert first.count(cutoff) == 0 and new_flags(first, second, cutoff) == second.count(cutoff) >= 1
    assert second.places(cutoff)[96, 96] and not second.places(cutoff)[10, 10]


def test_patches_outside_the_mask_do_not_count() -> None:
    where = np.zeros((192, 192), bool)
    where[:64, :64] = True
    assert scan(texture(0), texture(0), pixel_mm=PIXEL_MM, where=where).corners.tolist() == [[0, 0], [0, 32], [32, 0]]
    with pytest.raises(InputError):
        scan(texture(0), texture(0), pixel_mm=PIXEL_MM, where=np.zeros_like(where))
    with pytest.raises(InputError):
        scan(texture(0)[:32], texture(0)[:32], pixel_mm=PIXEL_MM)
