"""Projection and reconstruction: exact adjoints, analytic chords, scikit-image as a second opinion."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage
from skimage.transform import iradon, radon

from restoration.errors import InputError
from restoration.physics.ct_projection import Beam, FanBeam, ParallelBeam
from restoration.physics.ct_reconstruction import Kernel, smeared
from restoration.physics.degradation import ParameterError

SHARP = Kernel(cutoff=1.0)
SIZE = 128
BEAMS: dict[str, Beam] = {
    "parallel": ParallelBeam(size=SIZE, pixel_mm=1.0, views=120, cell_mm=1.0),
    "fan": FanBeam(size=SIZE, pixel_mm=1.0, views=240, cell_mm=1.0, source_mm=200.0),
}
each_beam = pytest.mark.parametrize("beam", BEAMS.values(), ids=BEAMS.keys())


def disc(x: float, y: float, radius: float) -> torch.Tensor:
    """Draw a disc whose edge pixels hold the share they are covered."""
    fine = (torch.arange(SIZE * 8) - (SIZE * 8 - 1) / 2) / 8
    covered = ((fine - x) ** 2 + (fine[:, None] - y) ** 2 < radius**2).float()
    return torch.nn.functional.avg_pool2d(covered[None, None], 8)[0, 0]


def chords(beam: Beam, x: float, y: float, radius: float) -> torch.Tensor:
    theta, t = beam.rays()
    away = t - (x * theta.cos() + y * theta.sin())
    return (2 * (radius**2 - away**2).clamp_min(0).sqrt()).float()


def distance(x: float, y: float) -> torch.Tensor:
    offsets = torch.arange(SIZE) - (SIZE - 1) / 2
    return torch.hypot(offsets - x, offsets[:, None] - y)


@each_beam
def test_line_integrals_of_a_disc_are_its_chords(beam: Beam) -> None:
    error = beam.project(disc(15, -10, 30)) - chords(beam, 15, -10, 30)
    away = chords(beam, 15, -10, 28.5) > 0
    assert float(error[away].abs().max()) < 0.9
    assert float(error.square().mean().sqrt()) < 0.35


@each_beam
def test_a_disc_is_reconstructed_from_its_chords(beam: Beam) -> None:
    picture = beam.reconstruct(chords(beam, 15, -10, 30), SHARP)
    assert float(picture[distance(15, -10) < 25].mean()) == pytest.approx(1, abs=0.01)
    assert float(picture[(distance(15, -10) > 35) & (distance(0, 0) < 60)].mean()) == pytest.approx(0, abs=0.01)


@each_beam
def test_projection_and_reconstruction_agree(beam: Beam) -> None:
    smooth = torch.from_numpy(ndimage.gaussian_filter(disc(-20, 12, 25).numpy(), 2.0))
    again = beam.reconstruct(beam.project(smooth), SHARP)
    assert float((again - smooth)[distance(0, 0) < 60].square().mean().sqrt()) < 0.02


def test_energy_is_the_same_in_every_parallel_view() -> None:
    picture = disc(10, 20, 18)
    sums = BEAMS["parallel"].project(picture).sum(-1)
    assert float(sums.max() / sums.min() - 1) < 0.01
    assert float(sums.mean()) == pytest.approx(float(picture.sum()), rel=0.001)


def test_a_fan_shows_what_is_near_the_source_larger() -> None:
    sums = BEAMS["fan"].project(disc(10, 20, 18)).sum(-1)
    away = math.hypot(10, 20)
    assert float(sums.max() / sums.min()) == pytest.approx((200 + away) / (200 - away), rel=0.02)


def test_parallel_projection_is_that_of_scikit_image() -> None:
    size = 129
    offsets = np.arange(size) - size // 2
    picture = np.zeros((size, size))
    picture[(offsets - 10) ** 2 + (offsets[:, None] - 15) ** 2 < 20**2] = 1.0
    picture[(offsets + 20) ** 2 + (offsets[:, None] + 5) ** 2 < 12**2] = 0.5
    picture = ndimage.gaussian_filter(picture, 1.5)
    beam = ParallelBeam(size=size, pixel_mm=1.0, views=36, cell_mm=1.0)
    theta, t = beam.rays()
    degrees = -np.rad2deg(theta[:, 0].numpy())
    theirs = radon(picture, theta=degrees)
    ours = beam.project(torch.from_numpy(picture)).numpy()
    # Our rays pass half a pixel beside theirs.
    found = np.stack([np.interp(t[0].numpy(), offsets, theirs[:, view]) for view in range(beam.views)])
    assert np.abs(found - ours).max() < 0.01 * ours.max()


def test_parallel_reconstruction_is_that_of_scikit_image() -> None:
    beam = ParallelBeam(size=SIZE, pixel_mm=1.0, views=120, cell_mm=1.0)
    sinogram = chords(beam, 15, -10, 30)
    degrees = -np.rad2deg(beam.rays()[0][:, 0].numpy())
    # Theirs has its middle at a sample, ours between two.
    between = (sinogram[:, 1:] + sinogram[:, :-1]) / 2
    theirs = iradon(between.numpy().T, theta=degrees, filter_name="hann", output_size=SIZE + 1)
    middles = np.lib.stride_tricks.sliding_window_view(theirs, (2, 2)).mean((2, 3))
    ours = beam.reconstruct(sinogram, SHARP).numpy()
    edge = (distance(15, -10).numpy() > 24) & (distance(15, -10).numpy() < 36)
    inside = (distance(0, 0).numpy() < 60) & ~edge
    assert np.abs(middles - ours)[inside].max() < 0.02


@each_beam
def test_the_gradient_of_one_is_the_other(beam: Beam) -> None:
    small = type(beam)(size=6, pixel_mm=1.0, views=4, cell_mm=1.3)
    picture = torch.rand(2, 6, 6, requires_grad=True)
    sinogram = torch.rand(2, small.views, small.cells, requires_grad=True)
    (small.project(picture) * sinogram.detach()).sum().backward()
    (small.back_project(sinogram) * picture.detach()).sum().backward()
    assert picture.grad is not None
    assert sinogram.grad is not None
    assert torch.allclose(picture.grad, small.back_project(sinogram.detach()))
    assert torch.allclose(sinogram.grad, small.project(picture.detach()))


@each_beam
def test_reconstruction_passes_gradients(beam: Beam) -> None:
    sinogram = torch.rand(beam.views, beam.cells, requires_grad=True)
    beam.reconstruct(sinogram, SHARP).square().sum().backward()
    assert sinogram.grad is not None
    assert sinogram.grad.isfinite().all()
    assert float(sinogram.grad.abs().max()) > 0


def test_rebinned_fan_is_the_parallel_projection() -> None:
    fan = BEAMS["fan"]
    assert isinstance(fan, FanBeam)
    smooth = torch.from_numpy(ndimage.gaussian_filter(disc(-20, 12, 25).numpy(), 2.0))
    parallel = fan.parallel.project(smooth)
    assert float((fan.rebinned(fan.project(smooth)) - parallel).abs().max()) < 0.01 * float(parallel.max())


@pytest.mark.parametrize("views", [120, 122, 119], ids=["with mirrors", "even", "odd"])
@pytest.mark.parametrize("size", [32, 33], ids=["even size", "odd size"])
def test_smearing_gathers_the_nearest_fine_sample_of_every_view(views: int, size: int) -> None:
    sinogram = torch.randn(2, views, 64)
    plain = torch.zeros(2, size, size)
    offsets = (torch.arange(size) - (size - 1) / 2) * 0.9
    for view in range(views):
        angle = math.pi * view / views
        place = offsets[:, None] * math.sin(angle) + offsets * math.cos(angle) + 31.5
        low = place.floor().long()
        share = place - low
        plain += sinogram[:, view][:, low] * (1 - share) + sinogram[:, view][:, low + 1] * share
    # Interpolated here, nearest of four there: white noise makes the worst of the difference.
    difference = smeared(sinogram, size=size, step=0.9) - plain * math.pi / views
    assert float(difference.std() / plain.std() * views / math.pi) < 0.2


def test_leading_axes_are_kept() -> None:
    beam = ParallelBeam(size=16, pixel_mm=1.0, views=8, cell_mm=1.0)
    pictures = torch.rand(2, 3, 16, 16)
    sinograms = beam.project(pictures)
    assert sinograms.shape == (2, 3, 8, beam.cells)
    assert torch.allclose(sinograms[1, 2], beam.project(pictures[1, 2]), atol=1e-5)
    assert beam.reconstruct(sinograms, SHARP).shape == pictures.shape
    assert beam.back_project(sinograms).shape == pictures.shape


@each_beam
def test_another_shape_is_refused(beam: Beam) -> None:
    for call in (beam.project, beam.back_project, lambda part: beam.reconstruct(part, SHARP)):
        with pytest.raises(InputError):
            call(torch.zeros(5, 7))


def test_a_source_inside_the_picture_is_refused() -> None:
    with pytest.raises(ParameterError, match="source_mm"):
        FanBeam(size=512, pixel_mm=1.0, views=8, cell_mm=1.0, source_mm=200.0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
@each_beam
def test_a_gpu_gives_what_the_cpu_gives(beam: Beam) -> None:
    picture = disc(15, -10, 30)
    sinogram = beam.project(picture)
    assert torch.allclose(beam.project(picture.cuda()).cpu(), sinogram, atol=1e-2)
    assert torch.allclose(beam.back_project(sinogram.cuda()).cpu(), beam.back_project(sinogram), rtol=1e-3, atol=1e-1)
    ours, theirs = beam.reconstruct(sinogram, SHARP), beam.reconstruct(sinogram.cuda(), SHARP).cpu()
    assert float((ours - theirs).square().mean().sqrt()) < 2e-3
