"""Lesions that a result lost or gained are found with their place and size; noise that was taken away is not."""

from dataclasses import replace

import numpy as np
import pytest

from restoration.card import Card, load_card
from restoration.guard.blobs import blob_maps
from restoration.guard.evidence import slice_evidence
from restoration.guard.judge import judge
from restoration.guard.residual_spectrum import radial_power
from restoration.guard.verdict import Figure
from restoration.lowpass import lowpass
from restoration.volume import FloatArray, Volume
from tests.unit.restoration.restoration_volumes import body, make_ct, noise

SIZE = 192
SIGMA = 20.0
PIXEL_MM = 0.8
CLEAN = 7.5
"""No blob of removed noise reaches this, 10⁵ places looked at."""


def disc(row: float, column: float, diameter_mm: float, *, size: int = SIZE, pixel_mm: float = PIXEL_MM) -> FloatArray:
    y, x = np.mgrid[:size, :size]
    return np.clip((diameter_mm / 2 - np.hypot(y - row, x - column) * pixel_mm) / pixel_mm + 0.5, 0, 1)


def pair(seed: int = 0, *, size: int = SIZE, pixel_mm: float = PIXEL_MM) -> tuple[FloatArray, FloatArray]:
    """A source, and the right result of an ideal anchored pipeline."""
    clean = np.where(body(size)[0], 50, -1000).astype(np.float32)
    grain = noise((size, size), sigma=SIGMA, seed=seed)
    removed = grain - lowpass(grain, sigma_mm=1.4, pixel_mm=(pixel_mm, pixel_mm))
    return clean + grain, clean + grain - 0.7 * removed


def volume(picture: FloatArray, *, pixel_mm: float = PIXEL_MM) -> Volume:
    return Volume(
        array=np.rint(picture)[None],
        pixel_mm=(pixel_mm, pixel_mm),
        positions_mm=(0.0,),
        thickness_mm=3.0,
        unit="HU",
    )


def card(**bounds: float) -> Card:
    shipped = load_card("ct-nlm")
    return replace(shipped, bounds=replace(shipped.bounds, **{"erased": None, "created": None, **bounds}))  # type: ignore[arg-type]


def found(source: FloatArray, result: FloatArray, *, pixel_mm: float = PIXEL_MM) -> dict[str, Figure]:
    before, after = (volume(picture, pixel_mm=pixel_mm) for picture in (source, result))
    return {figure.gate: figure for figure in judge(before, after, card=card(), strength=75).figures}


@pytest.mark.parametrize("seed", range(3))
def test_removed_noise_holds_no_blobs(seed: int) -> None:
    figures = found(*pair(seed))
    assert 2 < figures["erased"].value < CLEAN
    assert 2 < figures["created"].value < CLEAN


@pytest.mark.parametrize(
    ("diameter_mm", "contrast"), [(3.0, 90), (4.0, 60), (6.0, 40), (10.0, 25), (20.0, 12)], ids=lambda value: f"{value}"
)
@pytest.mark.parametrize("sign", [1, -1], ids=["bright", "dark"])
def test_an_erased_lesion_is_found_where_it_was(diameter_mm: float, contrast: float, sign: int) -> None:
    source, result = pair()
    figure = found(source + sign * contrast * disc(90, 70, diameter_mm), result)["erased"]
    assert figure.value > CLEAN
    assert figure.place is not None
    assert (figure.place.row, figure.place.column) == (pytest.approx(90, abs=5), pytest.approx(70, abs=5))


@pytest.mark.parametrize(("diameter_mm", "contrast"), [(3.0, 90), (6.0, 40), (20.0, 12)], ids=lambda value: f"{value}")
def test_a_created_lesion_is_found_where_it_is(diameter_mm: float, contrast: float) -> None:
    source, result = pair()
    figure = found(source, result + contrast * disc(90, 70, diameter_mm))["created"]
    assert figure.value > CLEAN
    assert figure.place is not None
    assert (figure.place.row, figure.place.column) == (pytest.approx(90, abs=5), pytest.approx(70, abs=5))


@pytest.mark.parametrize(("diameter_mm", "least", "most"), [(3.0, 3.0, 4.4), (7.0, 4.4, 9.4), (16.0, 9.4, 20.0)])
def test_the_size_of_a_blob_is_told(diameter_mm: float, least: float, most: float) -> None:
    source, result = pair()
    words = found(source + 80 * disc(90, 70, diameter_mm), result)["erased"].unit
    assert least <= float(words.removeprefix("robust deviations, ").removesuffix(" mm across")) <= most


def test_a_blob_beyond_the_cards_bound_withholds() -> None:
    source, result = pair()
    wrong = volume(result - 60 * disc(90, 70, 6.0))
    strict = judge(volume(source), wrong, card=card(erased=CLEAN, created=CLEAN), strength=75)
    assert {"created"} <= {figure.gate for figure in strict.failures}
    shown = judge(volume(source), wrong, card=card(), strength=75)
    assert "created" not in {figure.gate for figure in shown.failures}


def test_a_lesion_in_an_otherwise_untouched_picture_is_found() -> None:
    source, _ = pair()
    assert found(source, source)["created"].value == 0
    assert found(source, source + 30 * disc(90, 70, 6.0))["created"].value > CLEAN


def test_removed_noise_that_is_stronger_on_an_edge_is_no_blob() -> None:
    source, result = pair()
    organ = 600 * disc(90, 100, 20.0)
    rim = np.abs(np.hypot(*(np.mgrid[:SIZE, :SIZE] - np.array([90, 100])[:, None, None])) * PIXEL_MM - 10) < 1
    stronger = source + (result - source) * (1 + 2 * rim)
    figures = found(source + organ, stronger + organ)
    assert max(figures["erased"].value, figures["created"].value) < CLEAN


@pytest.mark.parametrize("seed", range(2))
def test_the_floor_taken_from_bone_between_bright_tissues_is_no_blob(seed: int) -> None:
    rng = np.random.default_rng(seed)
    away = np.hypot(*(np.mgrid[:SIZE, :SIZE] - (SIZE - 1) / 2)) * PIXEL_MM
    truth = np.select([away < 50, away < 54, away < 60], [600.0, 40.0, 900.0])
    grain = rng.normal(0, 30, (2, SIZE, SIZE))
    magnitude = np.hypot(truth + grain[0], grain[1])
    taken = (grain[0] - lowpass(grain[0].astype(np.float32), sigma_mm=1.0, pixel_mm=(PIXEL_MM, PIXEL_MM))) * 0.7
    right = np.where(truth == 40, truth + 0.3 * np.abs(grain[0]), magnitude - taken).astype(np.float32)
    before, after = (
        replace(volume(picture, pixel_mm=PIXEL_MM), unit="signal") for picture in (magnitude.astype(np.float32), right)
    )
    figures = judge(before, after, card=load_card("mr-nlm"), strength=75).figures
    assert max(figure.value for figure in figures if figure.gate in ("erased", "created")) < CLEAN
    lesion = (400 * disc(SIZE // 2, SIZE // 3, 6.0)).astype(np.float32)
    wrong = replace(after, array=np.rint(after.array - lesion))
    found = {figure.gate: figure for figure in judge(before, wrong, card=load_card("mr-nlm"), strength=75).figures}
    assert found["created"].value > CLEAN


@pytest.mark.parametrize("pixel_mm", [0.2, 0.35, 1.0, 1.9], ids=str)
def test_lesions_are_found_on_fine_and_coarse_grids(pixel_mm: float) -> None:
    size = 384 if pixel_mm < 0.5 else SIZE
    source, result = pair(size=size, pixel_mm=pixel_mm)
    lesion = 80 * disc(size // 2, size // 3, 8.0, size=size, pixel_mm=pixel_mm)
    figure = found(source + lesion, result, pixel_mm=pixel_mm)["erased"]
    assert figure.value > CLEAN
    assert figure.place is not None
    assert (figure.place.row, figure.place.column) == (
        pytest.approx(size // 2, abs=4 / pixel_mm),
        pytest.approx(size // 3, abs=4 / pixel_mm),
    )


@pytest.mark.parametrize(
    ("size", "pixel_mm"), [(12, 0.8), (64, 8.0), (64, 0.05)], ids=["tiny", "coarse pixels", "microscope"]
)
def test_pictures_without_room_for_a_lesion_have_no_maps(size: int, pixel_mm: float) -> None:
    before = replace(make_ct(slices=1, size=size), pixel_mm=(pixel_mm, pixel_mm))
    evidence = slice_evidence(before, 0, restored=before, level=1.0)
    maps = blob_maps(evidence, step=1.0)
    assert maps is None or maps.diameters_mm == (13.7, 20.0)


def test_the_spectrum_of_white_noise_is_flat_and_one() -> None:
    power = radial_power(noise((256, 256), sigma=1, blur=0), np.ones((256, 256), bool))
    np.testing.assert_allclose(power[2:-2], 1, atol=0.35)


def test_the_spectrum_does_not_mind_one_lesion() -> None:
    everywhere = np.ones((256, 256), bool)
    grain = noise((256, 256), sigma=1)
    with_lesion = grain + 5 * disc(100, 100, 12, size=256).astype(np.float32)
    np.testing.assert_allclose(radial_power(with_lesion, everywhere), radial_power(grain, everywhere), rtol=0.5)
