"""Slices between measured ones: what stays, what is refused, and the shipped bundle behind its own gates."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest
import torch
from scipy import ndimage

from restoration import registry
from restoration.anatomy.mr_test import mr_test_anatomy_volume
from restoration.card import BUNDLES, load_card
from restoration.errors import InputError
from restoration.guard.judge import judge, judge_domain
from restoration.inference.weights import WEIGHTS
from restoration.kspace_grid import coarsened, enlarged, refined
from restoration.physics.mr_noise import Measurement
from restoration.pipelines.enlargement import Enlargement
from restoration.volume import FloatArray, Volume
from tests.unit.restoration.restoration_volumes import stored

CARD = load_card("mr-super-resolution-through-plane")
FACTORS = (2, 1, 1)


def volume(array: FloatArray, *, step_mm: float = 2.0, padding: object = None) -> Volume:
    return Volume(
        array=array.astype(np.float32),
        pixel_mm=(1.0, 1.0),
        positions_mm=tuple(step_mm * index for index in range(len(array))),
        thickness_mm=step_mm,
        unit="signal",
        padding=padding,  # type: ignore[arg-type]
    )


def grain(*shape: int) -> FloatArray:
    return np.abs(np.random.default_rng(3).normal(1, 0.3, shape)).astype(np.float32)


# The grid


@pytest.mark.parametrize("slices", [1, 2, 3, 8, 9])
def test_new_slices_lie_between_measured_ones_which_stay(slices: int) -> None:
    coarse = grain(slices, 6, 7)
    fine = refined(coarse, FACTORS)
    assert fine.shape == (2 * slices - 1, 6, 7)
    np.testing.assert_allclose(fine[::2], coarse, atol=1e-5)
    np.testing.assert_allclose(coarsened(fine, FACTORS), coarse, atol=1e-5)


def test_positions_lie_halfway_and_the_first_stays() -> None:
    fine = enlarged(volume(grain(3, 4, 4)), FACTORS)
    assert fine.positions_mm == (0.0, 1.0, 2.0, 3.0, 4.0)
    assert fine.pixel_mm == (1.0, 1.0)


def test_the_last_slice_does_not_leak_into_the_first() -> None:
    stack = np.zeros((24, 4, 4), np.float32)
    stack[-1] = 1
    fine = refined(stack, FACTORS)
    assert float(np.abs(fine[1]).max()) < 0.02
    assert float(fine[-2].min()) > 0.5


def test_a_new_slice_is_padding_where_a_neighbour_is() -> None:
    padding = np.zeros((3, 4, 4), bool)
    padding[2, 0] = True
    fine = enlarged(volume(grain(3, 4, 4), padding=padding), FACTORS)
    assert fine.padding is not None
    assert fine.padding.sum(axis=(1, 2)).tolist() == [0, 0, 0, 4, 4]


# The pipeline


@dataclass(frozen=True, kw_only=True)
class Scripted:
    """Adds to every cut what the test says, and writes down what it was shown."""

    change: Callable[[FloatArray], FloatArray]
    shapes: list[tuple[int, ...]] = field(default_factory=list)
    provenance: dict[str, str] = field(default_factory=dict)

    def __call__(self, images: FloatArray) -> FloatArray:
        self.shapes.append(images.shape)
        return images[:, 0] + self.change(images[:, 0])


def test_the_network_sees_cuts_of_both_kinds_and_what_was_measured_stays() -> None:
    rng = np.random.default_rng(1)
    network = Scripted(change=lambda cuts: rng.normal(0, 0.2, cuts.shape).astype(np.float32))
    source = volume(grain(9, 40, 12))
    fine = Enlargement(card=CARD, denoiser=network).restore(source, strength=100)
    assert network.shapes == [(32, 1, 33, 12), (8, 1, 33, 12), (12, 1, 33, 40)]
    np.testing.assert_allclose(coarsened(fine.array, FACTORS), source.array, atol=1e-5)
    plain = Enlargement(card=CARD, denoiser=network).restore(source, strength=0)
    np.testing.assert_allclose(plain.array, refined(source.array, FACTORS), atol=1e-6)
    assert float(np.abs(fine.array - plain.array).max()) > 0.05


def test_both_answers_count_alike_in_their_own_place() -> None:
    def alternating(cuts: FloatArray) -> FloatArray:
        signs = np.where(np.arange(cuts.shape[1]) % 2, -1.0, 1.0)[None, :, None]
        return np.asarray(signs * np.arange(cuts.shape[2]), np.float32)

    source = volume(grain(6, 5, 7))
    pipeline = Enlargement(card=CARD, denoiser=Scripted(change=alternating))
    added = pipeline.restore(source, strength=100).array - pipeline.restore(source, strength=0).array
    scale = float(CARD.parameters["scale"]) * float(np.percentile(refined(source.array, FACTORS), 99.5))  # type: ignore[arg-type]
    wanted = (np.arange(5)[:, None] + np.arange(7)) / 2 * scale
    # The fastest line alternates from slice to slice; all of it was never measured.
    np.testing.assert_allclose(added[4], wanted, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(added[5], -wanted, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (volume(grain(1, 8, 8)), "nothing between"),
        (replace(volume(grain(4, 8, 8)), positions_mm=(0.0, 2.0, 4.0, 9.0)), "2.00 to 5.00 mm apart"),
    ],
    ids=["one slice", "uneven"],
)
def test_what_holds_nothing_between_its_slices_is_refused(source: Volume, words: str) -> None:
    pipeline = Enlargement(card=CARD, denoiser=Scripted(change=np.zeros_like))
    with pytest.raises(InputError, match=words):
        pipeline.restore(source, strength=75)


# The bundle


def test_its_weights_are_those_of_the_enlargement_in_plane() -> None:
    plane = load_card("mr-super-resolution")
    assert CARD.weights_sha256 == plane.weights_sha256
    assert (BUNDLES / CARD.name / WEIGHTS).read_bytes() == (BUNDLES / plane.name / WEIGHTS).read_bytes()
    assert CARD.parameters == {**plane.parameters, "step_ratio": [0.75, 1.35]}


@cache
def source_and_result() -> tuple[Volume, Volume]:
    """A sagittal stack through the middle of a head."""
    head = mr_test_anatomy_volume(64, 96, np.random.default_rng(7), spacing_mm=(2.0, 2.0, 2.0)).picture
    coarse = torch.from_numpy(coarsened(np.ascontiguousarray(head.transpose(2, 1, 0)[14:81]), FACTORS))
    noisy = Measurement(seed=1, sigma=0.01, fill=(1.0, 1.0, 1.0))(coarse).numpy()
    source = volume(np.rint(1000 * noisy))
    return source, registry.load(CARD.name, device="cpu").restore(source, strength=CARD.default_strength)


def test_a_stack_as_measured_is_taken_and_passes() -> None:
    source, result = source_and_result()
    domain = judge_domain(source, CARD)
    assert domain.passed, domain.sentence()
    verdict = judge(source, stored(source, result), card=CARD, strength=CARD.default_strength)
    assert verdict.passed, verdict.sentence()


def test_it_adds_detail_that_was_there() -> None:
    head = mr_test_anatomy_volume(24, 96, np.random.default_rng(8), spacing_mm=(2.0, 2.0, 2.0)).picture
    truth = np.ascontiguousarray(head.transpose(2, 1, 0)[14:81])
    source = volume(coarsened(truth, FACTORS).clip(0))
    restored = registry.load(CARD.name, device="cpu").restore(source, strength=100).array

    def error(picture: FloatArray) -> float:
        return float(np.sqrt(np.mean(np.square(picture - truth))))

    assert error(restored) < 0.9 * error(refined(source.array, FACTORS))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda source: replace(enlarged(source, FACTORS), array=np.abs(enlarged(source, FACTORS).array)), "along the"),
        (lambda source: replace(source, array=source.array[:31], positions_mm=source.positions_mm[:31]), "of slices"),
        (lambda source: replace(source, pixel_mm=(0.4, 0.4)), "distance of the new slices"),
        (lambda source: replace(source, pixel_mm=(1.0, 2.0)), "distance of the new slices"),
    ],
    ids=["interpolated by the scanner", "too few", "flat pixels", "oblong pixels"],
)
def test_what_the_bundle_was_not_made_for_is_refused(wrong: Callable[[Volume], Volume], words: str) -> None:
    source, _ = source_and_result()
    assert words in judge_domain(wrong(source), CARD).sentence()


@pytest.mark.parametrize(
    "fault",
    [
        lambda fine: ndimage.gaussian_filter(fine, (2, 0, 0)),
        lambda fine: np.roll(fine, 1, axis=0),
        lambda fine: fine[::-1],
        lambda fine: fine[::2],
        lambda fine: fine * np.float32(1.05),
    ],
    ids=["smoothed", "one slice off", "upside down", "no slices added", "brighter"],
)
def test_planted_faults_are_withheld(fault: Callable[[FloatArray], FloatArray]) -> None:
    source, result = source_and_result()
    array = np.ascontiguousarray(fault(result.array))
    positions = result.positions_mm if len(array) == len(result.array) else source.positions_mm
    wrong = replace(result, array=array, positions_mm=positions)
    assert not judge(source, wrong, card=CARD, strength=CARD.default_strength).passed
