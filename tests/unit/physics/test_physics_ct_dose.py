"""CT noise insertion: dose law, spectrum, mean, geometry."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from restoration.metrics.nps import radial_spectrum
from restoration.physics.ct_dose import (
    ELECTRONIC_COUNTS,
    MU_WATER,
    Kernel,
    LowDose,
    Scanner,
    dose_for,
    inserted_noise,
    project,
)
from restoration.physics.degradation import ParameterError

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
    again = SCANNER.beam.reconstruct(project(picture, SCANNER), Kernel(cutoff=1.0)) / MU_WATER * 1000 - 1000
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


LOW = LowDose(dose=0.2, pixel_mm=1.4, views=180, cell_mm=1.2)
each_beam = pytest.mark.parametrize("beam", ["parallel", "fan"])


def lowered(how: LowDose) -> np.ndarray:
    return (how(WATER) - WATER).numpy()


@each_beam
def test_low_dose_at_full_dose_is_the_picture(beam: str) -> None:
    assert torch.equal(replace(LOW, dose=1.0, beam=beam)(WATER), WATER)


@each_beam
@pytest.mark.parametrize("dose", [0.4, 0.1])
def test_low_dose_follows_one_over_square_root_of_dose(beam: str, dose: float) -> None:
    how = replace(LOW, dose=dose, beam=beam)
    full = lowered(replace(how, dose=1.0, truth="ideal"))[CENTRE].std()
    assert lowered(replace(how, truth="ideal"))[CENTRE].std() == pytest.approx(full / math.sqrt(dose), rel=0.08)
    assert lowered(how)[CENTRE].std() == pytest.approx(full * math.sqrt(1 / dose - 1), rel=0.08)


@each_beam
def test_low_dose_keeps_the_mean(beam: str) -> None:
    rounds = [lowered(replace(LOW, beam=beam, seed=seed))[CENTRE].mean() for seed in range(4)]
    assert abs(np.mean(rounds)) < 0.05 * lowered(replace(LOW, beam=beam))[CENTRE].std()


def test_low_dose_is_the_inserted_noise() -> None:
    noise = inserted_noise(
        WATER, SCANNER, doses=(0.2,), kernels=(Kernel(),), generator=torch.Generator().manual_seed(3)
    )
    assert np.allclose(lowered(replace(LOW, seed=3)), noise[0].numpy(), atol=1e-3)


def test_a_fan_leaves_noise_of_nearly_the_same_spectrum() -> None:
    spectra = [
        radial_spectrum(lowered(replace(LOW, beam=beam)), RADIUS.numpy() < 75, 1.4) for beam in ("parallel", "fan")
    ]
    parallel, fan = (spectrum.mean_frequency for spectrum in spectra if spectrum is not None)
    assert fan == pytest.approx(parallel, rel=0.05)


def test_spectrum_is_the_kernel_squared_over_the_ramp() -> None:
    spectrum = radial_spectrum(lowered(replace(LOW, kernel=Kernel(cutoff=0.9))), RADIUS.numpy() < 75, 1.4)
    assert spectrum is not None
    share = torch.from_numpy(spectrum.frequency) * 2 * LOW.cell_mm
    wanted = (share * (Kernel(cutoff=0.9).gain(share) * torch.sinc(share / 2) ** 2) ** 2).numpy()
    assert np.minimum(spectrum.power / spectrum.power.sum(), wanted / wanted.sum()).sum() > 0.9


def test_pictures_of_a_batch_get_noise_of_their_own() -> None:
    pair = (LOW(torch.stack([WATER, WATER])) - WATER).numpy()
    assert np.array_equal(pair[0], lowered(LOW))
    assert abs(np.corrcoef(pair[0][CENTRE], pair[1][CENTRE])[0, 1]) < 0.1


def test_what_is_not_square_lies_in_air() -> None:
    strip = WATER[:, 40:150]
    noise = LOW(strip) - strip
    assert noise.shape == strip.shape
    assert 0 < float(noise.std()) < float(lowered(LOW).std())


def test_electronic_noise_counts_where_few_photons_arrive() -> None:
    starved = replace(LOW, photons=2e4, truth="ideal", dose=1.0)
    ratio = lowered(starved)[CENTRE].std() / lowered(replace(starved, electronic=0.0))[CENTRE].std()
    # A line integral over m counts has variance 1 / m + electronic² / m².
    counts = 2e4 * math.exp(-200 * MU_WATER)
    assert ratio == pytest.approx(math.sqrt(1 + ELECTRONIC_COUNTS**2 / counts), abs=0.03)


def test_the_gradient_passes_through_the_picture() -> None:
    picture = torch.zeros(32, 32, requires_grad=True)
    LOW(picture).sum().backward()
    assert picture.grad is not None
    assert torch.equal(picture.grad, torch.ones(32, 32))


@pytest.mark.parametrize("change", [{"dose": 0.0}, {"dose": 1.2}, {"photons": 0.0}, {"electronic": -1.0}], ids=str)
def test_impossible_parameters_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ParameterError):
        replace(LOW, **change)


@pytest.mark.parametrize("cutoff", [0.0, 1.5], ids=["no band", "beyond Nyquist"])
def test_an_impossible_kernel_is_refused(cutoff: float) -> None:
    with pytest.raises(ParameterError, match="cutoff"):
        Kernel(cutoff=cutoff)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@each_beam
def test_a_gpu_gives_noise_of_the_same_strength(beam: str) -> None:
    how = replace(LOW, beam=beam)
    noise = (how(WATER.cuda()) - WATER.cuda()).cpu().numpy()
    assert noise[CENTRE].std() == pytest.approx(lowered(how)[CENTRE].std(), rel=0.06)
