"""Classical filters and enlargements: what each is for, and what it must leave alone."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import ndimage

from restoration.classical.autofocus import autofocus
from restoration.classical.bilateral import bilateral
from restoration.classical.cubic import cubic
from restoration.classical.gaussian import gaussian
from restoration.classical.median import median
from restoration.classical.sinc import sinc
from restoration.classical.tv import tv
from restoration.classical.wavelet import wavelet
from restoration.volume import FloatArray

Filter = Callable[[FloatArray, float, float], FloatArray]

FILTERS: list[tuple[Filter, float]] = [(gaussian, 1.0), (median, 3.0), (bilateral, 3.0), (wavelet, 1.0), (tv, 1.0)]
NAMES = [filter_.__name__ for filter_, _ in FILTERS]
ROWS, COLUMNS = np.indices((96, 80))
TRUTH = np.asarray(50 + 100 * ((ROWS - 48) ** 2 + (COLUMNS - 40) ** 2 < 24**2) - 60 * (COLUMNS > 60), np.float32)
SIGMA = 10.0
NOISY = TRUTH + np.random.default_rng(0).normal(0, SIGMA, TRUTH.shape).astype(np.float32)


def rms(error: FloatArray) -> float:
    return float(np.sqrt(np.mean(np.square(error, dtype=np.float64))))


@pytest.mark.parametrize(("denoise", "strength"), FILTERS, ids=NAMES)
def test_noise_falls_and_the_mean_stays(denoise: Filter, strength: float) -> None:
    answer = denoise(NOISY, SIGMA, strength)
    assert answer.dtype == np.float32 and answer.shape == TRUTH.shape
    assert rms(answer - TRUTH) < 0.8 * rms(NOISY - TRUTH)
    assert float((answer - NOISY).mean()) == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize(("denoise", "strength"), FILTERS, ids=NAMES)
def test_a_constant_picture_stays_constant(denoise: Filter, strength: float) -> None:
    flat = np.full((40, 50), 37, np.float32)
    assert denoise(flat, SIGMA, strength) == pytest.approx(flat, abs=1e-3)


@pytest.mark.parametrize("denoise", [bilateral, wavelet, tv], ids=["bilateral", "wavelet", "tv"])
def test_without_noise_nothing_is_done(denoise: Filter) -> None:
    assert denoise(NOISY, 0.0, 1.0) is NOISY


@pytest.mark.parametrize("denoise", [bilateral, wavelet, tv], ids=["bilateral", "wavelet", "tv"])
def test_the_unit_does_not_matter(denoise: Filter) -> None:
    scaled = denoise(NOISY * np.float32(30), SIGMA * 30, 1.0)
    assert scaled == pytest.approx(30 * denoise(NOISY, SIGMA, 1.0), abs=0.5)


@pytest.mark.parametrize(
    ("denoise", "strengths"),
    [(gaussian, (0.5, 1, 2)), (median, (3, 5, 9)), (bilateral, (0.5, 1, 3)), (wavelet, (0.5, 1, 2)), (tv, (0.3, 1, 3))],
    ids=NAMES,
)
def test_more_strength_changes_more(denoise: Filter, strengths: tuple[float, ...]) -> None:
    changes = [rms(denoise(NOISY, SIGMA, strength) - NOISY) for strength in strengths]
    assert changes == sorted(changes) and changes[0] < 0.95 * changes[-1]


def test_the_gaussian_is_set_in_millimetres() -> None:
    assert gaussian(NOISY, SIGMA, 1.4, pixel_mm=0.7) == pytest.approx(gaussian(NOISY, SIGMA, 2.0), abs=1e-4)


def test_edges_survive_the_filters_that_look_at_values() -> None:
    edge = np.where(COLUMNS < 40, 0, 200).astype(np.float32)
    for denoise in (bilateral, tv):
        assert np.abs(denoise(edge, SIGMA, 2.0) - edge).max() < 25 < np.abs(gaussian(edge, SIGMA, 2.0) - edge).max()


def test_zero_filling_keeps_what_was_measured() -> None:
    fine = sinc(NOISY)
    kept = np.fft.fft2(fine)[:48, :40] / 4
    assert kept == pytest.approx(np.fft.fft2(NOISY)[:48, :40], abs=0.5)
    assert sinc(NOISY[:95, :79]).shape == (190, 158)


@pytest.mark.parametrize(("enlarge", "precision"), [(sinc, 1e-4), (cubic, 2e-2)], ids=["sinc", "cubic"])
def test_a_wave_is_drawn_finer(enlarge: Callable[[FloatArray], FloatArray], precision: float) -> None:
    coarse, fine = (
        np.sin(2 * np.pi * 3 * np.arange(48 * factor) / (48 * factor))[:, None] * np.ones(48 * factor)
        for factor in (1, 2)
    )
    answer = enlarge(coarse.astype(np.float32))
    assert answer.shape == (96, 96) and answer[::2, ::2] == pytest.approx(coarse, abs=1e-4)
    assert answer[4:-4] == pytest.approx(fine[4:-4], abs=precision)


def moved(picture: FloatArray, shift: float, lines: float) -> FloatArray:
    """Shift the outer lines of k-space along their axis, those of both signs alike."""
    frequency = np.fft.fftfreq(len(picture))[:, None]
    turn = np.exp(-2j * np.pi * frequency * shift * (np.abs(frequency) > lines))
    return np.abs(np.fft.ifft2(np.fft.fft2(picture) * turn)).astype(np.float32)


OUTLINE = (ROWS - 48) ** 2 / 1.4 + (COLUMNS - 40) ** 2 < 30**2
INNER = (ROWS - 55) ** 2 + (COLUMNS - 44) ** 2 / 2 < 12**2
HEAD = np.asarray(ndimage.gaussian_filter(0.6 * OUTLINE + 0.4 * INNER, 0.7), np.float32)


def gradient_entropy(picture: FloatArray) -> float:
    size = np.hypot(*np.gradient(picture.astype(np.float64))) + 1e-12
    share = size / size.sum()
    return float(-(share * np.log(share)).sum())


def test_autofocus_sharpens_what_was_moved_and_keeps_its_mean() -> None:
    blurred = moved(HEAD, 2.0, 0.17)
    answer = autofocus(blurred)
    assert answer.dtype == np.float32 and answer.shape == blurred.shape
    assert gradient_entropy(answer) < gradient_entropy(blurred) - 0.02
    assert answer.mean() == pytest.approx(blurred.mean(), rel=0.02)


def test_autofocus_knows_the_phase_axis() -> None:
    blurred = moved(HEAD, 2.0, 0.17)
    turned = autofocus(np.ascontiguousarray(blurred.T), phase_axis=1)
    assert np.allclose(turned.T, autofocus(blurred), atol=1e-6)


def test_autofocus_that_may_not_move_anything_gives_the_picture_back() -> None:
    blurred = moved(HEAD, 1.0, 0.2)
    assert autofocus(blurred, stiffness=1e6) is blurred
    assert not autofocus(np.zeros((32, 32), np.float32)).any()
