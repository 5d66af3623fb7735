"""Noise with a known power spectrum in the image domain, fast enough for thousands of slices. Pure.

A power spectrum here is (rows, columns) in the order of the discrete Fourier transform with mean 1: white noise through
its square root has variance 1.
"""

import math

import numpy as np
from scipy import fft, ndimage

from restoration.guard.noise import noise_map
from restoration.volume import FloatArray

_PATCH = 32
_STRIDE = 16
_DETREND_PIXELS = 4.0
_FLATTEST = 0.25
_BLIND_BINS = 2
"""Frequencies below this many steps are lost to the detrending; the noise there counts as that of the next one."""

_LEAST_SHARE = 0.01
"""No frequency counts as emptier than this share of the fullest, so that a matched filter stays finite."""

_FIELD_PIXELS = 40.0


def kernel_power(shape: tuple[int, int], cutoff: float) -> FloatArray:
    """Return the spectrum of filtered back-projection: a ramp with a Gaussian roll-off at `cutoff` [cycles/pixel]."""
    frequency = _frequency(shape)
    return _normal((frequency + 0.02) * np.exp(-np.square(frequency / cutoff)))


def gaussian_power(shape: tuple[int, int], sigma_pixels: tuple[float, float]) -> FloatArray:
    """Return the spectrum of white noise under a Gaussian [pixels along rows and columns]."""
    rows, columns = np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])
    squared = np.square(rows * sigma_pixels[0]) + np.square(columns * sigma_pixels[1])
    return _normal(np.exp(-4 * np.pi**2 * squared))


def filled_power(shape: tuple[int, int], fill: tuple[float, float]) -> FloatArray:
    """Return the spectrum of noise in a k-space that is filled to these shares along its axes."""
    rows, columns = (np.abs(np.fft.fftfreq(count)) for count in shape)
    inside = (rows[:, None] <= fill[0] / 2) & (columns <= fill[1] / 2)
    return _normal(inside.astype(np.float64))


def correlated(power: FloatArray, slices: int, rng: np.random.Generator, *, along: float = 0.0) -> FloatArray:
    """Return (slices, rows, columns) noise of mean 0 and variance 1 with that spectrum in each slice.

    Parameters
    ----------
    power
        (rows, columns) spectrum, mean 1.
    slices
        Number of slices.
    rng
        Source of chance.
    along
        Standard deviation of a Gaussian over neighbouring slices [slices]; 0 for unrelated ones.
    """
    beyond = math.ceil(4 * along)
    white = rng.normal(size=(slices + 2 * beyond, *power.shape)).astype(np.float32)
    if along > 0:
        impulse = np.zeros(2 * beyond + 1)
        impulse[beyond] = 1
        gain = np.linalg.norm(ndimage.gaussian_filter1d(impulse, along))
        white = ndimage.gaussian_filter1d(white, along, axis=0)[beyond:-beyond] / np.float32(gain)
    return np.asarray(fft.ifft2(fft.fft2(white) * np.sqrt(power)).real, np.float32)


def smooth_field(shape: tuple[int, int], swing: float, rng: np.random.Generator) -> FloatArray:
    """Return a slowly varying positive field of median 1 that swings by about that share."""
    field = ndimage.gaussian_filter(rng.normal(size=shape), _FIELD_PIXELS, mode="wrap")
    varied = np.exp(swing * field / field.std())
    return np.asarray(varied / np.median(varied), np.float32)


def map_gain(power: FloatArray, rng: np.random.Generator) -> float:
    """Return what the guard's noise map reads for noise of variance 1 with that spectrum."""
    return float(np.median(noise_map(correlated(power, 1, rng)[0])))


def measured_power(image: FloatArray, tissue: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> FloatArray | None:
    """Measure the spectrum of a slice's own noise in its flattest patches; None where no patch lies in tissue.

    Parameters
    ----------
    image
        (rows, columns) float32.
    tissue
        (rows, columns) bool.
    """
    detail = image - ndimage.gaussian_filter(image, _DETREND_PIXELS, mode="mirror", output=np.float32)
    patches = [
        detail[row : row + _PATCH, column : column + _PATCH]
        for row in range(0, image.shape[0] - _PATCH + 1, _STRIDE)
        for column in range(0, image.shape[1] - _PATCH + 1, _STRIDE)
        if tissue[row : row + _PATCH, column : column + _PATCH].all()
    ]
    patches = sorted(patches, key=lambda patch: float(patch.std()))[: max(1, int(_FLATTEST * len(patches)))]
    if not patches or float(patches[0].std()) == 0:
        return None
    window = np.outer(np.hanning(_PATCH), np.hanning(_PATCH))
    # Each patch counts alike, whatever noise it has: the shape is asked for.
    power = np.mean([np.abs(fft.fft2(patch * window)) ** 2 / patch.var() for patch in patches], axis=0)
    ring = np.minimum(np.rint(_frequency((_PATCH, _PATCH)) * _PATCH).astype(np.intp), _PATCH // 2).ravel()
    radial = np.bincount(ring, weights=power.ravel()) / np.bincount(ring)
    radial[:_BLIND_BINS] = radial[_BLIND_BINS]
    frequency = np.minimum(_frequency((image.shape[0], image.shape[1])), 0.5)
    return _normal(np.interp(frequency, np.linspace(0, 0.5, len(radial)), radial))


def matched_snr(signal: FloatArray, power: FloatArray, sigma: float, *, step: float = 0.0) -> float:
    """Return what an ideal observer who knows signal and noise sees of it: SNR² = Σ |S|² / NPS.

    Parameters
    ----------
    signal
        (rows, columns) float32: the structure alone.
    power
        Spectrum of the noise, mean 1.
    sigma
        Standard deviation of the noise there [unit of the signal].
    step
        Distance between stored values: rounding is white noise of its own.
    """
    floor = np.maximum(power, np.float32(_LEAST_SHARE) * power.max())
    noise = np.float32(sigma**2) * floor + np.float32(step**2 / 12)
    return float(np.sqrt(np.mean(np.square(np.abs(fft.fft2(signal))) / noise)))


def _frequency(shape: tuple[int, int]) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(np.hypot(np.fft.fftfreq(shape[0])[:, None], np.fft.fftfreq(shape[1])))


def _normal(power: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> FloatArray:
    return np.asarray(power / power.mean(), np.float32)
