"""Task transfer functions of blurs whose transfer is known."""

import numpy as np
import pytest
from scipy import ndimage

from restoration.metrics.ttf import CircularEdge, TaskTransfer, half_change, task_transfer
from restoration.volume import FloatArray

PIXEL_MM = 0.7
FINE = 8
EDGE = CircularEdge(centre=(63.3, 64.6), radius_mm=14.0)


def disc(blur_mm: float, contrast: float = 100.0) -> FloatArray:
    """Draw a Gaussian-blurred disc far finer than the pixels and sample it at their centres."""
    axis = (np.arange(128 * FINE) - FINE // 2) / FINE
    distance = np.hypot(axis[:, None] - EDGE.centre[0], axis - EDGE.centre[1]) * PIXEL_MM
    sharp = contrast * (distance < EDGE.radius_mm).astype(np.float32)
    blurred = ndimage.gaussian_filter(sharp, blur_mm / PIXEL_MM * FINE, output=np.float32)
    return np.ascontiguousarray(blurred[FINE // 2 :: FINE, FINE // 2 :: FINE])


def measured(*pictures: FloatArray) -> TaskTransfer:
    found = task_transfer(pictures, [EDGE] * len(pictures), pixel_mm=PIXEL_MM)
    assert found is not None
    return found


@pytest.mark.parametrize("blur_mm", [0.6, 0.9, 1.4], ids=["sharp", "middle", "soft"])
@pytest.mark.parametrize("contrast", [100.0, -20.0], ids=["bright", "dark"])
def test_a_gaussian_blur_has_its_known_transfer(blur_mm: float, contrast: float) -> None:
    found = measured(disc(blur_mm, contrast))
    known = np.exp(-2 * (np.pi * blur_mm * found.frequency) ** 2)
    assert np.abs(found.transfer - known).max() < 0.02
    assert found.half == pytest.approx(np.sqrt(np.log(2) / 2) / (np.pi * blur_mm), rel=0.02)


def test_noise_averages_out_over_many_discs() -> None:
    rng, clean = np.random.default_rng(0), disc(0.9)
    noisy = [clean + rng.normal(0, 20, clean.shape).astype(np.float32) for _ in range(24)]
    half, wanted = measured(*noisy).half, measured(clean).half
    assert half is not None and half == pytest.approx(wanted, rel=0.06)


def test_the_difference_under_the_same_noise_needs_no_average() -> None:
    noise = np.random.default_rng(1).normal(0, 50, (128, 128)).astype(np.float32)
    half = measured((disc(0.9) + noise) - noise).half
    assert half == pytest.approx(measured(disc(0.9)).half, rel=1e-3)


def test_more_blur_lowers_the_half_by_what_the_widths_say() -> None:
    assert half_change(measured(disc(0.7)), measured(disc(1.4))) == pytest.approx(-0.5, abs=0.01)


def test_a_picture_without_a_disc_has_no_transfer() -> None:
    assert task_transfer([np.full((128, 128), 5, np.float32)], [EDGE], pixel_mm=PIXEL_MM) is None


def test_a_transfer_that_never_falls_has_no_half() -> None:
    flat = TaskTransfer(frequency=np.linspace(0, 0.7, 8), transfer=np.ones(8))
    assert flat.half is None and half_change(flat, flat) is None
