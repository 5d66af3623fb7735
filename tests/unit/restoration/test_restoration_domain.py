from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from restoration.guard.domain import looked_at
from restoration.guard.judge import judge_domain
from restoration.volume import Volume
from tests.unit.restoration.restoration_volumes import card_for, make_ct, make_mr


def failed(volume: Volume, **bounds: object) -> set[str]:
    card = card_for(volume)
    card = replace(card, bounds=replace(card.bounds, **bounds))  # type: ignore[arg-type]
    return {failure.name for failure in judge_domain(volume, card).failures}


@pytest.mark.parametrize("volume", [make_ct(), make_mr()], ids=["CT", "MR"])
def test_what_the_card_covers_is_accepted(volume: Volume) -> None:
    assert not failed(volume)


def test_another_unit_is_refused() -> None:
    verdict = judge_domain(make_mr(), card_for(make_ct()))
    assert verdict.sentence() == "The share of the volume given in HU is 0 (allowed at least 1)."


def test_values_that_are_no_numbers_are_refused() -> None:
    volume = make_ct(slices=1)
    broken = volume.array.copy()
    broken[0, 0, :3] = np.inf
    assert failed(volume.with_array(broken)) == {"the count of pixels that are no numbers"}


@pytest.mark.parametrize(
    ("bounds", "name"),
    [
        ({"noise": (25.0, 60.0)}, "the noise of the source"),
        ({"noise": (1.0, 10.0)}, "the noise of the source"),
        ({"spectrum": (0.1, 0.2)}, "the mean frequency of the source's noise"),
        ({"values": (-500.0, 4000.0)}, "the darkest value"),
        ({"values": (-4096.0, 500.0)}, "the brightest value"),
    ],
    ids=["too little noise", "too much noise", "spectrum", "dark", "bright"],
)
def test_a_source_outside_the_card_is_refused_with_its_figure(bounds: dict[str, object], name: str) -> None:
    assert failed(make_ct(), **bounds) == {name}


def test_a_source_smoothed_by_its_maker_is_refused_by_its_spectrum() -> None:
    noisy = make_ct(sigma=60)
    smooth = noisy.with_array(ndimage.gaussian_filter(noisy.array, (0, 1.5, 1.5)))
    assert failed(smooth, spectrum=(0.3, 0.9)) == {"the mean frequency of the source's noise"}
    assert not failed(noisy, spectrum=(0.3, 0.9))


def test_an_interpolated_picture_is_refused_by_its_fill() -> None:
    volume = make_mr(size=128)
    spectrum = np.fft.fftshift(np.fft.fft2(volume.array), axes=(1, 2))
    wide = np.pad(spectrum, ((0, 0), (64, 64), (64, 64)))
    picture = np.abs(np.fft.ifft2(np.fft.ifftshift(wide, axes=(1, 2)))) * 4
    assert failed(volume.with_array(picture), fill=(0.6, 1.0)) == {"the filled share of k-space"}
    assert not failed(volume, fill=(0.6, 1.0))


def test_long_volumes_are_looked_at_evenly_from_end_to_end() -> None:
    chosen = looked_at(make_ct(slices=31, size=8))
    assert chosen == (0, 5, 10, 15, 20, 25, 30)
    assert looked_at(make_ct(slices=1, size=8)) == (0,)
