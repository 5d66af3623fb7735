"""The evaluation: cases with both noises stated, the frontier, and what it compares."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from restoration.errors import InputError
from restoration.evaluate import at_recovery, frontier, summary
from restoration.metrics.arrays import StoredSlice, stored_slices
from restoration.metrics.cases import LEAST_RATIO, disc_cases, phantom_cases, real_cases
from restoration.metrics.methods import Method, methods
from restoration.metrics.setting import SETTINGS, setting_for
from restoration.registry import load

UNITS = sorted(SETTINGS)


@pytest.mark.parametrize("unit", UNITS)
def test_phantoms_carry_the_noise_of_the_setting(unit: str) -> None:
    setting = setting_for(unit)
    (case,) = phantom_cases(setting, 1)
    assert case.own_sigma == 0
    assert case.added_sigma == pytest.approx(setting.sigma, rel=0.25)


@pytest.mark.parametrize(("unit", "own"), [("HU", 20.0), ("signal", 0.05)])
def test_real_slices_get_at_least_twice_their_own_noise(unit: str, own: float) -> None:
    setting = setting_for(unit)
    level = 50 if unit == "HU" else 0.6
    picture = np.full((128, 96), level, np.float32)
    item = StoredSlice(array=picture, pixel_mm=0.8, source="flat", own_sigma=own)
    (case,) = real_cases(setting, [item])
    assert case.added_sigma >= LEAST_RATIO * own
    assert case.truth.shape == case.noisy.shape == (128, 96)


@pytest.mark.parametrize("unit", UNITS)
def test_the_frontier_tells_smoothing_from_nothing(unit: str) -> None:
    def smooth(picture: np.ndarray, _sigma: float, _pixel_mm: float) -> dict[str, np.ndarray]:
        return {"gauss": np.asarray(ndimage.gaussian_filter(picture, 2.0))}

    ways = [
        Method(strength=0, run=lambda picture, sigma, pixel_mm: {"input": picture}),
        Method(strength=2, run=smooth),
    ]
    nothing, gauss = frontier(ways, disc_cases(setting_for(unit), 1))
    assert nothing["recovery_6mm"] == pytest.approx(1, abs=0.12)
    assert gauss["noise"] < 0.5 * nothing["noise"]
    assert gauss["recovery_4mm"] < gauss["recovery_12mm"]
    assert gauss["nps_mean_frequency_per_mm"] < nothing["nps_mean_frequency_per_mm"]
    table = at_recovery([nothing, gauss])
    assert list(table) == ["gauss"]
    assert all(value is None or gauss["noise"] <= value <= nothing["noise"] for value in table["gauss"].values())


def test_the_summary_means_over_cases() -> None:
    row = {"group": "phantom", "method": "input", "strength": 0.0, "ssim": 0.5, "bias": 0.0}
    (mean,) = summary([{**row, "psnr_db": 20.0}, {**row, "psnr_db": 30.0}])
    assert mean["psnr_db"] == 25
    assert mean["n"] == 2


def test_methods_set_the_pipeline_beside_its_yardsticks_on_the_same_grid() -> None:
    picture = np.random.default_rng(0).normal(50, 25, (48, 40)).astype(np.float32)
    answers: dict[str, np.ndarray] = {}
    for method in methods(load("ct-nlm")):
        answers |= method.run(picture, 25.0, 0.7)
    assert {"input", "ct-nlm", "nlm", "nlm anchored"} <= set(answers)
    assert all(answer.shape == picture.shape and answer.dtype == np.float32 for answer in answers.values())
    assert np.array_equal(answers["input"], picture)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(InputError):
        setting_for("BQML")


def test_broken_arrays_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps({"modality": "CT", "spacing_mm": [1, 1, 1]}), encoding="utf-8")
    (tmp_path / "one.npz").write_bytes(b"no array")
    with pytest.raises(InputError, match=r"one\.json"):
        stored_slices(tmp_path, "CT", stride=1)
