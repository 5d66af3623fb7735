"""CT physics for any geometry: adjoint pairs, linearity, identity at full dose, mean, determinism from the record."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.physics.ct_dose import LowDose
from restoration.physics.ct_image_noise import CorrelatedNoise
from restoration.physics.ct_projection import Beam, FanBeam, ParallelBeam
from restoration.physics.ct_reconstruction import Kernel
from restoration.physics.degradation import record

SEEDS = st.integers(0, 2**31 - 1)


@st.composite
def beams(draw: st.DrawFn) -> Beam:
    size, views = draw(st.integers(1, 24)), 2 * draw(st.integers(1, 12))
    pixel_mm, cell_mm = draw(st.floats(0.3, 2.0)), draw(st.floats(0.3, 2.0))
    if draw(st.booleans()):
        return ParallelBeam(size=size, pixel_mm=pixel_mm, views=views, cell_mm=cell_mm)
    source_mm = draw(st.floats(0.8, 5.0)) * size * pixel_mm
    return FanBeam(size=size, pixel_mm=pixel_mm, views=views, cell_mm=cell_mm, source_mm=source_mm)


def drawn(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@settings(max_examples=15, deadline=None)
@given(beam=beams(), seed=SEEDS)
def test_back_projection_is_the_adjoint_of_projection(beam: Beam, seed: int) -> None:
    picture, sinogram = drawn(beam.size, beam.size, seed=seed), drawn(beam.views, beam.cells, seed=seed + 1)
    there, back = (beam.project(picture) * sinogram).sum(), (picture * beam.back_project(sinogram)).sum()
    size = beam.project(picture).norm() * sinogram.norm()
    assert abs(float(there - back)) <= 1e-10 * float(size) + 1e-12


@settings(max_examples=20, deadline=None)
@given(beam=beams(), seed=SEEDS, factor=st.floats(-5, 5))
def test_projection_and_reconstruction_are_linear(beam: Beam, seed: int, factor: float) -> None:
    first, second = drawn(2, beam.size, beam.size, seed=seed)
    together = beam.project(first + factor * second)
    assert torch.allclose(together, beam.project(first) + factor * beam.project(second), atol=1e-9)
    one, two = drawn(2, beam.views, beam.cells, seed=seed).float()
    kernel = Kernel()
    whole = beam.reconstruct(one + factor * two, kernel)
    assert torch.allclose(whole, beam.reconstruct(one, kernel) + factor * beam.reconstruct(two, kernel), atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(beam=beams(), seed=SEEDS)
def test_no_line_integral_exceeds_the_longest_way_through(beam: Beam, seed: int) -> None:
    picture = drawn(beam.size, beam.size, seed=seed).abs()
    sums = beam.project(picture)
    assert float(sums.min()) >= 0
    assert float(sums.max()) <= 2**0.5 * (beam.size + 1) * beam.pixel_mm * float(picture.max()) + 1e-9


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, beam=st.sampled_from(["parallel", "fan"]), rows=st.integers(1, 24), columns=st.integers(1, 24))
def test_full_dose_is_the_picture_and_a_record_gives_the_same_noise(
    seed: int, beam: str, rows: int, columns: int
) -> None:
    picture = drawn(rows, columns, seed=seed).float() * 300
    full = LowDose(dose=1.0, pixel_mm=0.8, views=16, beam=beam, seed=seed)
    assert torch.equal(full(picture), picture)
    written = record(LowDose(dose=0.3, pixel_mm=0.8, views=16, beam=beam, seed=seed))
    del written["degradation"]
    again = LowDose(**{**written, "kernel": Kernel(**written["kernel"])})
    noisy = again(picture)
    assert noisy.shape == picture.shape
    assert noisy.isfinite().all()
    assert torch.equal(noisy, LowDose(dose=0.3, pixel_mm=0.8, views=16, beam=beam, seed=seed)(picture))


@settings(max_examples=20, deadline=None)
@given(seed=SEEDS, peak=st.floats(0.1, 0.6), roll_off=st.floats(1.0, 5.0), sigma=st.floats(0, 100))
def test_image_noise_has_no_mean_and_its_strength(seed: int, peak: float, roll_off: float, sigma: float) -> None:
    how = CorrelatedNoise(sigma=sigma, pixel_mm=0.7, peak_per_mm=peak, roll_off=roll_off, seed=seed)
    noise = how(torch.zeros(128, 128))
    assert abs(float(noise.mean())) <= 1e-3 * sigma + 1e-6
    assert abs(float(noise.std()) - sigma) <= 0.12 * sigma + 1e-6
