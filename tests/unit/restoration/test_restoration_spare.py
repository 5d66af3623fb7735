"""Where a result took away or drew something round, the source is given back; results wrong all over are not mended."""

from dataclasses import replace

import numpy as np
import pytest

from restoration.card import Card, load_card
from restoration.guard.judge import judge
from restoration.guard.spare import figures, spared
from restoration.lowpass import lowpass
from restoration.volume import FloatArray, Volume
from tests.unit.restoration.restoration_volumes import body, noise

SIZE, PIXEL_MM, SIGMA = 192, 0.8, 20.0
BOUND = 7.5
ROW, COLUMN = 90, 70


def card(bound: float | None = BOUND) -> Card:
    shipped = load_card("ct-nlm")
    return replace(shipped, bounds=replace(shipped.bounds, erased=bound, created=bound))


def disc(row: float, column: float, diameter_mm: float) -> FloatArray:
    y, x = np.mgrid[:SIZE, :SIZE]
    away = np.hypot(y - row, x - column) * PIXEL_MM
    return np.asarray(np.clip((diameter_mm / 2 - away) / PIXEL_MM + 0.5, 0, 1), np.float32)


def volume(*pictures: FloatArray) -> Volume:
    return Volume(
        array=np.rint(np.stack(pictures)).astype(np.float32),
        pixel_mm=(PIXEL_MM, PIXEL_MM),
        positions_mm=tuple(3.0 * index for index in range(len(pictures))),
        thickness_mm=3.0,
        unit="HU",
    )


@pytest.fixture(scope="module")
def pair() -> tuple[FloatArray, FloatArray]:
    """A source, and the right result of an ideal anchored pipeline."""
    clean = np.where(body(SIZE)[0], 50, -1000).astype(np.float32)
    grain = noise((SIZE, SIZE), sigma=SIGMA)
    removed = grain - lowpass(grain, sigma_mm=1.4, pixel_mm=(PIXEL_MM, PIXEL_MM))
    return clean + grain, np.asarray(clean + grain - 0.7 * removed, np.float32)


def test_a_right_result_is_left_alone(pair: tuple[FloatArray, FloatArray]) -> None:
    source, result = (volume(picture) for picture in pair)
    found = spared(source, result, card())
    assert found.places == 0
    assert np.array_equal(found.volume.array, result.array)


@pytest.mark.parametrize(("diameter_mm", "contrast"), [(4.0, 80), (8.0, 50)], ids=lambda value: f"{value}")
@pytest.mark.parametrize("kind", ["erased", "created"])
def test_a_lesion_comes_back_or_goes_and_the_rest_stays_restored(
    pair: tuple[FloatArray, FloatArray], kind: str, diameter_mm: float, contrast: float
) -> None:
    lesion = contrast * disc(ROW, COLUMN, diameter_mm)
    before = volume(pair[0] + lesion if kind == "erased" else pair[0])
    wrong = volume(pair[1] + lesion if kind == "created" else pair[1])
    assert not judge(before, wrong, card=card(), strength=75).passed
    found = spared(before, wrong, card())
    assert found.places == 1
    inside = disc(ROW, COLUMN, diameter_mm) > 0.5
    assert np.array_equal(found.volume.array[0][inside], before.array[0][inside])
    far = disc(ROW, COLUMN, diameter_mm + 30) == 0
    assert np.array_equal(found.volume.array[0][far], wrong.array[0][far])
    after = judge(before, found.volume.with_array(np.rint(found.volume.array)), card=card(), strength=75)
    assert {"erased", "created"}.isdisjoint(figure.gate for figure in after.failures)


def test_every_slice_is_looked_at_by_itself(pair: tuple[FloatArray, FloatArray]) -> None:
    lesion = 80 * disc(ROW, COLUMN, 6.0)
    source = volume(pair[0], pair[0] + lesion, pair[0] + lesion)
    found = spared(source, volume(pair[1], pair[1], pair[1] + lesion), card())
    assert found.places == 1
    assert np.array_equal(found.volume.array[0], np.rint(pair[1]))


def test_a_result_that_is_wrong_all_over_is_left_to_be_withheld(pair: tuple[FloatArray, FloatArray]) -> None:
    many = sum(80 * disc(row, column, 6.0) for row in range(50, 150, 25) for column in range(45, 150, 25))
    source, wrong = volume(pair[0]), volume(np.asarray(pair[1] + many, np.float32))
    found = spared(source, wrong, card())
    assert found.places == 0
    assert not judge(source, found.volume, card=card(), strength=75).passed


def test_without_bounds_nothing_is_spared(pair: tuple[FloatArray, FloatArray]) -> None:
    wrong = volume(pair[1] + 80 * disc(ROW, COLUMN, 6.0))
    assert spared(volume(pair[0]), wrong, card(None)).volume is wrong


@pytest.mark.parametrize("fault", ["a slice is missing", "no numbers"])
def test_broken_results_are_left_to_the_guard(pair: tuple[FloatArray, FloatArray], fault: str) -> None:
    source, result = (volume(picture, picture) for picture in pair)
    broken = volume(pair[1]) if fault == "a slice is missing" else result.with_array(np.full_like(result.array, np.nan))
    found = spared(source, broken, card())
    assert found.places == 0
    assert found.volume is broken or np.isnan(found.volume.array).all()
    assert not judge(source, found.volume, card=card(), strength=75).passed


def test_padding_and_what_lies_far_stay_to_the_bit(pair: tuple[FloatArray, FloatArray]) -> None:
    padding = np.zeros((1, SIZE, SIZE), bool)
    padding[:, :, COLUMN - 8 : COLUMN - 2] = True
    lesion = 80 * disc(ROW, COLUMN, 6.0)
    source = replace(volume(pair[0] + lesion), padding=padding)
    wrong = source.with_array(np.where(padding, source.array, volume(pair[1]).array))
    found = spared(source, wrong, card())
    assert found.places > 0
    assert np.array_equal(found.volume.array[padding], source.array[padding])
    assert np.array_equal(found.volume.array[0, :40], wrong.array[0, :40])


@pytest.mark.parametrize("pixel_mm", [(0.3, 0.3), (0.6, 0.9)], ids=["averaged down", "uneven"])
def test_the_source_comes_back_at_the_place_itself(
    pair: tuple[FloatArray, FloatArray], pixel_mm: tuple[float, float]
) -> None:
    y, x = np.mgrid[:SIZE, :SIZE]
    inside = np.hypot((y - ROW) * pixel_mm[0], (x - COLUMN) * pixel_mm[1]) < 3
    source = replace(volume(pair[0] + 120 * inside), pixel_mm=pixel_mm)
    found = spared(source, source.with_array(volume(pair[1]).array), card())
    assert found.places > 0
    assert np.array_equal(found.volume.array[0][inside], source.array[0][inside])


def test_results_on_another_grid_are_not_for_sparing(pair: tuple[FloatArray, FloatArray]) -> None:
    wrong = volume(pair[1] + 80 * disc(ROW, COLUMN, 6.0))
    finer = replace(card(), factors=(1, 2, 2))
    assert spared(volume(pair[0]), wrong, finer).volume is wrong
    assert figures(finer, 0) == figures(card(None), 0) == ()


def test_the_places_are_told_and_never_fail() -> None:
    (figure,) = figures(card(), 3)
    assert figure.passed
    assert "is 3 " in figure.sentence()
