"""The shipped networks behind their own gates: right results pass, planted faults do not."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from restoration.evaluation.cases import PlantedCase
from restoration.evaluation.tasks import ct_cases, mr_cases
from restoration.guard.judge import judge, judge_domain
from restoration.metrics.contrast import noise_left, recovery
from restoration.registry import load
from restoration.restorer import Restorer
from restoration.volume import Volume
from tests.unit.restoration.restoration_volumes import noise

NAMES = ("ct-denoise", "mr-denoise")
STRENGTH = 75.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shipped:
    restorer: Restorer
    case: PlantedCase
    source: Volume
    restored: Volume
    bare: Volume


def volume_of(picture: np.ndarray, restorer: Restorer, pixel_mm: float, step: float) -> Volume:
    """Two slices in stored steps, as a series would hold them."""
    stored = np.round(np.stack([picture, picture[::-1]]).clip(-1024, None) / step) * step
    return Volume(
        array=stored.astype(np.float32),
        pixel_mm=(pixel_mm, pixel_mm),
        positions_mm=(0.0, 3.0),
        thickness_mm=3.0,
        unit=restorer.card.unit,
    )


@pytest.fixture(scope="module", params=NAMES)
def shipped(request: pytest.FixtureRequest) -> Shipped:
    restorer = load(request.param)
    ct = restorer.card.unit == "HU"
    (case,) = ct_cases.planted_cases(1, crop=256) if ct else mr_cases.planted_cases(mr_cases.UNIFORM[1], 1)
    step, pixel_mm = 1.0 if ct else 0.001, case.full.spacing_mm[1]
    source, bare = (volume_of(case_of.pictures[0], restorer, pixel_mm, step) for case_of in (case.full, case.bare))
    restored, restored_bare = (restorer.restore(volume, strength=STRENGTH) for volume in (source, bare))
    rounded = restored.with_array(np.round(restored.array / step) * step)
    return Shipped(restorer=restorer, case=case, source=source, restored=rounded, bare=restored_bare)


def test_a_right_result_passes_all_gates(shipped: Shipped) -> None:
    domain = judge_domain(shipped.source, shipped.restorer.card)
    assert domain.passed, domain.sentence()
    verdict = judge(shipped.source, shipped.restored, card=shipped.restorer.card, strength=STRENGTH)
    assert verdict.passed, verdict.sentence()


def test_noise_falls_and_discs_stay(shipped: Shipped) -> None:
    left = noise_left(shipped.bare.array[:1], shipped.case.truth) / shipped.case.bare.sigma
    assert left < 0.7
    shares = recovery(shipped.restored.array[:1], shipped.bare.array[:1], shipped.case.truth)
    assert shares[6.0] > 0.8
    assert shares[12.0] > 0.9


def shifted(volume: Volume, unit: float) -> np.ndarray:
    return volume.array + np.float32(3 * unit)


def erased(volume: Volume, unit: float) -> np.ndarray:
    rows, columns = np.ogrid[: volume.array.shape[1], : volume.array.shape[2]]
    distance = np.hypot(rows - 160, columns - 160) * volume.pixel_mm[0]
    return volume.array - np.float32(80 * unit) * (distance < 6).astype(np.float32)


def doubled(volume: Volume, unit: float) -> np.ndarray:
    middle = np.float32(np.median(volume.array))
    return middle + 2 * (volume.array - middle)


def smoothed(volume: Volume, unit: float) -> np.ndarray:
    return np.stack([ndimage.gaussian_filter(one, 3 / volume.pixel_mm[0]) for one in volume.array])


def transposed(volume: Volume, unit: float) -> np.ndarray:
    return volume.array.transpose(0, 2, 1)


def zeroed(volume: Volume, unit: float) -> np.ndarray:
    array = volume.array.copy()
    array[0] = 0
    return array


def swapped(volume: Volume, unit: float) -> np.ndarray:
    return volume.array[::-1]


@pytest.mark.parametrize(
    "fault", [shifted, erased, doubled, smoothed, transposed, zeroed, swapped], ids=lambda fault: fault.__name__
)
def test_a_fault_is_withheld(shipped: Shipped, fault: Callable[[Volume, float], np.ndarray]) -> None:
    unit = 1.0 if shipped.restorer.card.unit == "HU" else 0.01
    wrong = shipped.restored.with_array(fault(shipped.restored, unit))
    assert not judge(shipped.source, wrong, card=shipped.restorer.card, strength=STRENGTH).passed


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", [0.0, 0.4], ids=["empty", "flat"])
def test_constant_in_nearly_constant_out(name: str, value: float) -> None:
    restorer = load(name)
    flat = volume_of(np.full((64, 64), value * 100), restorer, 0.8, 1.0)
    change = restorer.restore(flat, strength=100).array - flat.array
    assert math.sqrt(float(np.mean(change**2))) < 0.015 * value * 100 + 1e-6
    assert abs(float(change.mean())) < 0.005 * value * 100 + 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_pure_noise_gives_no_bias_and_less_noise(name: str) -> None:
    restorer = load(name)
    unit = 1.0 if restorer.card.unit == "HU" else 0.01
    parts = np.random.default_rng(0).normal(0, 10, (2, 160, 160))
    # No kernel leaves white noise: the card refuses it.
    noisy = 60 + noise((160, 160), sigma=10) if restorer.card.unit == "HU" else np.hypot(60 + parts[0], parts[1])
    source = volume_of(noisy * unit, restorer, 0.8, unit / 100)
    restored = restorer.restore(source, strength=100)
    inside = restored.array[:, 16:-16, 16:-16] / unit
    assert float(inside.mean()) == pytest.approx(60, abs=10 * 3 / math.sqrt(inside[0].size) + 0.3)
    assert restored.array.std() < 0.6 * source.array.std()
