"""Right results pass; planted faults are withheld, by the gate that must see them."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import ndimage

from restoration import registry
from restoration.card import load_card, names
from restoration.guard.judge import judge, judge_domain
from restoration.guard.spare import spared
from restoration.guard.verdict import Verdict
from restoration.restorer import Restorer
from restoration.volume import FloatArray, Volume
from tests.unit.restoration.restoration_volumes import (
    PIXEL_MM,
    circle_padding,
    make_ct,
    make_mr,
    stored,
)

STRENGTH = 75.0
DENOISERS = [name for name in names() if load_card(name).operation == "denoise"]
CT_PIPELINES = [name for name in DENOISERS if load_card(name).unit == "HU"]
MR_PIPELINES = [name for name in DENOISERS if load_card(name).unit == "signal"]

Fault = Callable[[FloatArray, FloatArray], FloatArray]
"""(source, right result) to wrong result."""


@cache
def loaded(name: str) -> Restorer:
    return registry.load(name, device="cpu")


@cache
def right_result(name: str) -> tuple[Volume, Volume]:
    """Source and its right result, as stored."""
    source = make_ct() if name in CT_PIPELINES else make_mr()
    return source, stored(source, loaded(name).restore(source, strength=STRENGTH))


def judged(name: str, source: Volume, restored: Volume, strength: float = STRENGTH) -> Verdict:
    return judge(source, restored, card=load_card(name), strength=strength)


def erased(contrast: float, diameter_mm: float) -> Fault:
    def fault(source: FloatArray, right: FloatArray) -> FloatArray:
        y, x = np.mgrid[: right.shape[1], : right.shape[2]]
        disc = np.hypot(y - 100, x - 100) * PIXEL_MM < diameter_mm / 2
        wrong = right.copy()
        wrong[1][disc] -= contrast
        return wrong

    return fault


def smoothed(sigma_mm: float) -> Fault:
    width = sigma_mm / PIXEL_MM
    return lambda source, right: ndimage.gaussian_filter(source, (0, width, width))


def one_pixel(image: FloatArray) -> FloatArray:
    chosen = np.zeros_like(image)
    chosen[70, 50] = 1
    return chosen


def in_slice(change: Callable[[FloatArray], FloatArray], index: int = 1) -> Fault:
    def fault(source: FloatArray, right: FloatArray) -> FloatArray:
        wrong = right.copy()
        wrong[index] = change(wrong[index])
        return wrong

    return fault


GEOMETRIC: dict[str, tuple[Fault, str]] = {
    "slices swapped": (lambda source, right: right[[1, 0, 2]], "completeness"),
    "slice answered twice": (lambda source, right: right[[0, 0, 2]], "completeness"),
    "order reversed": (lambda source, right: right[::-1], "completeness"),
    "transposed": (lambda source, right: right.transpose(0, 2, 1), "anchor"),
    "mirrored": (lambda source, right: right[:, :, ::-1], "anchor"),
    "one pixel off": (lambda source, right: np.roll(right, 1, axis=2), "anchor"),
    "one slice zero": (in_slice(np.zeros_like), "anchor"),
    "contrast doubled": (lambda source, right: 2 * right, "bias"),
    "nothing done": (lambda source, right: source, "amplitude"),
    "one slice forgotten": (lambda source, right: np.stack([right[0], source[1], right[2]]), "amplitude"),
    "noise added instead of removed": (lambda source, right: 2 * source - right, "amplitude"),
    "smoothed with 3 mm": (smoothed(3.0), "amplitude"),
    "smoothed with 3 mm, seen by the anchor": (smoothed(3.0), "anchor"),
}

CT_FAULTS: dict[str, tuple[Fault, str]] = {
    "3 HU too high": (lambda source, right: right + 3, "bias"),
    "3 HU too low, seen by the anchor": (lambda source, right: right - 3, "anchor"),
    "contrast up by 5 %": (lambda source, right: (right + 1000) * 1.05 - 1000, "bias"),
    "disc of 12 mm and 80 HU erased": (erased(80, 12), "anchor"),
    "disc of 6 mm and 40 HU created": (erased(-40, 6), "anchor"),
    "one pixel invented": (in_slice(lambda image: image + 900 * one_pixel(image)), "amplitude"),
    **GEOMETRIC,
}

MR_FAULTS: dict[str, tuple[Fault, str]] = {
    "3 % too bright": (lambda source, right: right * 1.03, "bias"),
    "disc of 12 mm and 20 % erased": (erased(200, 12), "anchor"),
    **GEOMETRIC,
}


@pytest.mark.parametrize("strength", [10.0, 25.0, 75.0, 100.0])
@pytest.mark.parametrize("name", [*CT_PIPELINES, *MR_PIPELINES])
def test_right_results_pass_at_every_strength(name: str, strength: float) -> None:
    source = make_ct(seed=5) if name in CT_PIPELINES else make_mr(seed=5)
    fit = judge_domain(source, load_card(name))
    assert fit.passed, fit.sentence()
    verdict = judged(name, source, stored(source, loaded(name).restore(source, strength=strength)), strength)
    assert verdict.passed, verdict.sentence()


@pytest.mark.parametrize("name", CT_PIPELINES)
@pytest.mark.parametrize(("fault", "gate"), CT_FAULTS.values(), ids=CT_FAULTS.keys())
def test_planted_faults_in_ct_are_withheld(fault: Fault, gate: str, name: str) -> None:
    source, right = right_result(name)
    verdict = judged(name, source, right.with_array(fault(source.array, right.array)))
    assert gate in {failure.gate for failure in verdict.failures}, verdict.sentence()


@pytest.mark.parametrize("name", MR_PIPELINES)
@pytest.mark.parametrize(("fault", "gate"), MR_FAULTS.values(), ids=MR_FAULTS.keys())
def test_planted_faults_in_mr_are_withheld(fault: Fault, gate: str, name: str) -> None:
    source, right = right_result(name)
    verdict = judged(name, source, right.with_array(fault(source.array, right.array)))
    assert gate in {failure.gate for failure in verdict.failures}, verdict.sentence()


def test_a_missing_slice_is_withheld() -> None:
    source, right = right_result("ct-nlm")
    verdict = judged("ct-nlm", source, replace(right, array=right.array[:2], positions_mm=right.positions_mm[:2]))
    assert [failure.name for failure in verdict.failures] == ["the number of slices"]


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"positions_mm": (0.0, 3.0, 6.5)}, "the largest shift of a slice position"),
        ({"pixel_mm": (0.8, 0.7)}, "the number of pixels per slice on the source's grid"),
        ({"unit": "signal"}, "the number of pixels per slice on the source's grid"),
    ],
    ids=["position", "spacing", "unit"],
)
def test_another_grid_is_withheld(changes: dict[str, object], name: str) -> None:
    source, right = right_result("ct-nlm")
    verdict = judged("ct-nlm", source, replace(right, **changes))
    assert [failure.name for failure in verdict.failures] == [name]


def test_values_that_are_no_numbers_are_withheld() -> None:
    source, right = right_result("ct-nlm")
    broken = right.array.copy()
    broken[0, 3, 4] = np.nan
    assert "no numbers" in judged("ct-nlm", source, right.with_array(broken)).sentence()


def test_touched_padding_is_withheld_with_its_slice() -> None:
    source = make_ct(padding=circle_padding(3, 160))
    result = spared(source, loaded("ct-nlm").restore(source, strength=STRENGTH), load_card("ct-nlm"))
    right = stored(source, result.volume)
    assert judged("ct-nlm", source, right).passed
    touched = right.array.copy()
    touched[2, 0, 0] += 1
    (failure,) = judged("ct-nlm", source, right.with_array(touched)).failures
    assert failure.sentence() == "the count of changed padding pixels is 1 (allowed at most 0; slice 3)"


def test_the_place_of_an_erased_disc_is_told() -> None:
    source, right = right_result("ct-nlm")
    verdict = judged("ct-nlm", source, right.with_array(erased(80, 12)(source.array, right.array)))
    (place,) = [failure.place for failure in verdict.failures if failure.gate == "anchor"]
    assert place is not None
    assert place.slice_index == 1
    assert (place.row, place.column) == (pytest.approx(100, abs=3), pytest.approx(100, abs=3))
