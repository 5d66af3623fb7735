"""The shipped super-resolution behind its own gates: right results pass, planted faults do not."""

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch
from scipy import ndimage

from restoration import registry
from restoration.anatomy.mr_test import mr_test_anatomy
from restoration.card import load_card
from restoration.guard.judge import judge, judge_domain
from restoration.kspace_grid import zero_filled
from restoration.physics.mr_noise import Measurement
from restoration.physics.mr_truncation import reduced
from restoration.volume import FloatArray, Volume
from tests.unit.restoration.restoration_volumes import stored

CARD = load_card("mr-super-resolution")
Fault = Callable[[FloatArray], FloatArray]


@cache
def source_and_result() -> tuple[Volume, Volume]:
    truth = mr_test_anatomy(256, np.random.default_rng(7), pixel_mm=0.8).picture
    coarse = reduced(torch.from_numpy(truth), (2, 2))
    slices = [Measurement(seed=seed, sigma=0.01)(coarse).numpy() for seed in (1, 2)]
    source = Volume(
        array=np.rint(1000 * np.stack(slices)).astype(np.float32),
        pixel_mm=(1.6, 1.6),
        positions_mm=(0.0, 5.0),
        thickness_mm=5.0,
        unit="signal",
    )
    return source, registry.load(CARD.name, device="cpu").restore(source, strength=CARD.default_strength)


def test_what_is_whole_in_kspace_is_taken_and_passes() -> None:
    source, result = source_and_result()
    domain = judge_domain(source, CARD)
    assert domain.passed, domain.sentence()
    verdict = judge(source, stored(source, result), card=CARD, strength=CARD.default_strength)
    assert verdict.passed, verdict.sentence()


def test_an_interpolated_picture_is_refused() -> None:
    source, _ = source_and_result()
    again = source.with_array(zero_filled(source.array, (2, 2)))
    assert "k-space" in judge_domain(again, CARD).sentence()


@pytest.mark.parametrize(
    "fault",
    [
        lambda fine: ndimage.gaussian_filter(fine, (0, 2, 2)),
        lambda fine: np.roll(fine, 1, axis=2),
        lambda fine: fine * np.float32(1.05),
        lambda fine: fine.transpose(0, 2, 1),
        lambda fine: fine[:, ::2, ::2],
        lambda fine: fine[::-1],
    ],
    ids=["smoothed", "one pixel off", "brighter", "transposed", "not enlarged", "slices swapped"],
)
def test_planted_faults_are_withheld(fault: Fault) -> None:
    source, result = source_and_result()
    wrong = result.with_array(np.ascontiguousarray(fault(result.array)))
    assert not judge(source, wrong, card=CARD, strength=CARD.default_strength).passed
