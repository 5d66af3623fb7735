"""Means with intervals, and the words where there are too few values."""

import numpy as np
import pytest

from restoration.errors import InputError
from restoration.metrics.bootstrap import TOO_SMALL, Method, by_patient, estimate, paired


@pytest.mark.parametrize("method", list(Method), ids=lambda method: method.name.lower())
def test_a_normal_sample_covers_its_mean_as_often_as_promised(method: Method) -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for trial in range(300):
        low, high = estimate(rng.normal(3, 2, 25), resamples=400, seed=trial, method=method).interval or (0, 0)
        covered += low <= 3 <= high
    # The nominal 95 % less what a bootstrap of 25 values is known to lose, three standard errors wide.
    assert 0.88 <= covered / 300 <= 0.98


def test_the_width_is_that_of_the_standard_error() -> None:
    values = np.random.default_rng(1).normal(0, 1, 400)
    low, high = estimate(values).interval or (0, 0)
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.08)


def test_a_skewed_sample_moves_the_corrected_interval_towards_its_tail() -> None:
    values = np.random.default_rng(2).exponential(1, 30)
    plain, corrected = (estimate(values, method=method).interval for method in (Method.PERCENTILE, Method.BCA))
    assert plain is not None and corrected is not None
    assert corrected[0] > plain[0] and corrected[1] > plain[1]


@pytest.mark.parametrize("n", [1, 5], ids=["one", "five"])
def test_too_few_values_say_so(n: int) -> None:
    found = estimate(np.arange(n))
    assert found.interval is None and found.mean == pytest.approx((n - 1) / 2)
    assert TOO_SMALL in str(found) and found.as_json()["interval"] == TOO_SMALL


def test_six_values_get_an_interval_and_equal_ones_an_empty_one() -> None:
    assert estimate([1, 2, 3, 4, 5, 6]).interval is not None
    assert estimate([2.0] * 8).interval == (2.0, 2.0)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = np.random.default_rng(3).normal(size=12)
    assert estimate(values, seed=5) == estimate(values, seed=5) != estimate(values, seed=6)


def test_pairs_forget_what_differs_between_patients() -> None:
    rng = np.random.default_rng(4)
    before = rng.normal(30, 10, 20)
    low, high = paired(before, before + 1 + rng.normal(0, 0.1, 20)).interval or (0, 0)
    assert 0.9 < low < 1 + 0.1 and high - low < 0.2


def test_a_patient_counts_once_however_many_slices_there_are() -> None:
    assert by_patient([1, 3, 10], ["b", "b", "a"]).tolist() == [10, 2]


def test_nothing_to_average_is_refused() -> None:
    with pytest.raises(InputError):
        estimate([])
    with pytest.raises(InputError):
        paired([1, 2], [1])
