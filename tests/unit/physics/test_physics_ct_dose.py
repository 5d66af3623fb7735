"""CT noise insertion: dose law, spectrum, mean, geometry."""

import math

import numpy as np
import pytest
import torch

from restoration.metrics.nps import radial_spectrum
from restoration.physics.ct_dose import (
    MU_WATER,
    Kernel,
    Scanner,
    back_projected,
    dose_for,
    inserted_noise,
    project,
    ramp_filtered,
)

SCANNER = Scanner(size=192, pixel_mm=1.4, views=180, cell_mm=1.2)
OFFSETS = (torch.arange(192) - 95.5) * 1.4
RADIUS = (OFFSETS[:, None] ** 2 + OFFSETS[None] ** 2).sqrt()
WATER = torch.where(RADIUS < 100, 0.0, -1000.0)
CENTRE = (RADIUS < 40).numpy()


def noise(dose: float, kernel: Kernel | None = None, *, seed: int = 0) -> np.ndarray:
    generator = torch.Generator().manual_seed(seed)
    return inserted_noise(WATER, SCANNER, doses=(dose,), kernels=(kernel or Kernel(),), generator=generator)[0].numpy()


def test_full_dose_adds_nothing() -> None:
    assert np.abs(noise(1.0)).max() == 0


@pytest.mark.parametrize("dose", [0.5, 0.25, 0.1], ids=["half", "quarter", "tenth"])
def test_added_variance_grows_as_one_over_dose(dose: float) -> None:
    half, lower = noise(0.5)[CENTRE].std(), noise(dose)[CENTRE].std()
    assert lower / half == pytest.approx(math.sqrt((1 - dose) / dose), rel=0.06)


def test_total_noise_follows_one_over_square_root_of_dose() -> None:
    full = noise(0.5)[CENTRE].std()
    total = math.hypot(full, noise(0.1)[CENTRE].std())
    assert total / full == pytest.approx(1 / math.sqrt(0.1), rel=0.06)


def test_mean_is_unchanged() -> None:
    added = noise(0.1)
    assert abs(added[CENTRE].mean()) < 3 * added[CENTRE].std() / math.sqrt(CENTRE.sum() / 16)


def test_same_seed_same_noise_and_another_seed_another() -> None:
    assert np.array_equal(noise(0.3), noise(0.3))
    assert not np.array_equal(noise(0.3), noise(0.3, seed=1))


def test_spectrum_of_a_soft_kernel_rises_then_falls() -> None:
    spectrum = radial_spectrum(noise(0.1, Kernel(cutoff=0.8)), RADIUS.numpy() < 75, 1.4)
    assert spectrum is not None
    peak = int(spectrum.power.argmax())
    assert 4 < peak < 20
    assert spectrum.power[0] < 0.3 * spectrum.power[peak]
    assert spectrum.power[-1] < 0.2 * spectrum.power[peak]


def test_a_sharper_kernel_has_finer_noise() -> None:
    means = []
    for kernel in (Kernel(cutoff=0.5), Kernel(cutoff=0.8), Kernel(cutoff=1.0, boost=0.6)):
        spectrum = radial_spectrum(noise(0.1, kernel), RADIUS.numpy() < 75, 1.4)
        assert spectrum is not None
        means.append(spectrum.mean_frequency)
    assert means == sorted(means)


def test_noise_is_larger_behind_more_tissue() -> None:
    added = noise(0.1)
    edge = (RADIUS > 85).numpy() & (RADIUS < 98).numpy()
    assert added[CENTRE].std() > 1.2 * added[edge].std()


def test_projection_and_back_projection_agree_on_place_and_value() -> None:
    spot = ((OFFSETS[:, None] - 40) ** 2 + (OFFSETS[None] - 20) ** 2).sqrt() < 15
    picture = WATER + 300 * spot
    filtered = ramp_filtered(project(picture, SCANNER), SCANNER, Kernel(cutoff=1.0))
    again = back_projected(filtered[None], SCANNER)[0] / MU_WATER * 1000 - 1000
    core = ((OFFSETS[:, None] - 40) ** 2 + (OFFSETS[None] - 20) ** 2).sqrt() < 9
    assert float(again[core].mean()) == pytest.approx(300, abs=25)
    assert float(again[core.flip(0)].mean()) == pytest.approx(0, abs=15)


def test_realisations_are_independent_and_share_the_geometry() -> None:
    generator = torch.Generator().manual_seed(5)
    pair = inserted_noise(WATER, SCANNER, doses=(0.2, 0.2), kernels=(Kernel(), Kernel()), generator=generator).numpy()
    assert abs(np.corrcoef(pair[0][CENTRE], pair[1][CENTRE])[0, 1]) < 0.1


def test_dose_for_a_wanted_noise_gives_it() -> None:
    full = noise(0.5)[CENTRE].std()
    dose = dose_for(3 * float(full), float(full))
    assert noise(dose)[CENTRE].std() == pytest.approx(3 * full, rel=0.06)
