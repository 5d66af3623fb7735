"""Volumes that no pipeline can restore rightly are refused by the domain check of every card, each by its name."""

import json

import numpy as np
import pytest

from restoration.card import load_card, names
from restoration.errors import InputError
from restoration.guard.judge import judge_domain
from restoration.volume import Volume

UNITS = ("HU", "signal", "Bq/mL", "exposure")


def volume(unit: str, array: np.ndarray, padding: np.ndarray | None = None) -> Volume:
    return Volume(
        array=array.astype(np.float32),
        pixel_mm=(0.8, 0.8),
        positions_mm=tuple(2.0 * index for index in range(len(array))),
        thickness_mm=2.0,
        unit=unit,
        padding=padding,
    )


def noisy(unit: str, size: int = 96) -> np.ndarray:
    rng = np.random.default_rng(7)
    rows, columns = (np.mgrid[:size, :size] - size / 2) / size
    body = (rows / 0.36) ** 2 + (columns / 0.42) ** 2 < 1
    signal = np.where(body, 50.0, -1000.0) if unit == "HU" else np.where(body, 1000.0, 40.0)
    return signal + rng.normal(0, 20, (5, size, size))


def refused(name: str, given: Volume) -> str:
    verdict = judge_domain(given, load_card(name))
    json.dumps(verdict.as_json(), allow_nan=False)
    assert not verdict.passed
    return verdict.sentence()


@pytest.mark.parametrize("name", names())
def test_another_unit_is_named(name: str) -> None:
    for unit in set(UNITS) - {load_card(name).unit}:
        assert "he share of the volume given in" in refused(name, volume(unit, noisy(unit)))


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_no_number_is_counted(name: str, value: float) -> None:
    unit = load_card(name).unit
    array = noisy(unit)
    array[1, 2, 3] = value
    assert "pixels that are no numbers" in refused(name, volume(unit, array))


@pytest.mark.parametrize("name", [name for name in names() if load_card(name).bounds.noise[0] > 0])
def test_all_padding_is_refused(name: str) -> None:
    unit = load_card(name).unit
    array = np.full((5, 64, 64), -2000.0 if unit == "HU" else 0.0)
    assert refused(name, volume(unit, array, np.ones(array.shape, bool)))


@pytest.mark.parametrize(
    ("shape", "positions"),
    [
        pytest.param((64, 64), 1, id="a picture without slices"),
        pytest.param((3, 64, 64, 3), 3, id="colour"),
        pytest.param((0, 64, 64), 0, id="no slice"),
        pytest.param((2, 64, 64), 3, id="positions of other slices"),
    ],
)
def test_what_is_no_volume_is_an_input_error(shape: tuple[int, ...], positions: int) -> None:
    with pytest.raises(InputError, match="shape"):
        Volume(
            array=np.zeros(shape, np.float32),
            pixel_mm=(1.0, 1.0),
            positions_mm=(0.0,) * positions,
            thickness_mm=None,
            unit="HU",
        )
