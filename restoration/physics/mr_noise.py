"""Noise of a magnitude MR picture, added where it arises: complex and in k-space. Pure.

A scanner measures part of k-space, fills the rest with zeros, adds thermal noise to what it measured, amplifies it by
the coil geometry (g-factor) and shows the magnitude: noise is Rician, coloured by the fill and differs from place to
place (Gudbjartsson & Patz, doi:10.1002/mrm.1910340618; Pruessmann et al., SENSE, 1999).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
ComplexArray = npt.NDArray[np.complex64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Acquisition:
    """How a picture is measured.

    Attributes
    ----------
    sigma
        Standard deviation of the real and of the imaginary part of the noise, where the gain is 1 [unit of the signal].
    fill
        Measured share of k-space along rows and along columns, each in (0, 1].
    taper
        Strength of the roll-off towards the edge of what was measured, 0 (none) to 1 (down to zero).
    phase
        (rows, columns) float32 [rad]; None for none.
    gain
        (rows, columns) float32: amplification of the noise; None for 1 everywhere.
    """

    sigma: float
    fill: tuple[float, float] = (1.0, 1.0)
    taper: float = 0.0
    phase: FloatArray | None = None
    gain: FloatArray | None = None

    @cached_property
    def carrier(self) -> ComplexArray | np.float32:
        """Unit-magnitude factor of the phase; 1 for none. Kept, because an acquisition measures several pictures."""
        if self.phase is None:
            return np.float32(1)
        return np.asarray(np.cos(self.phase) + np.complex64(1j) * np.sin(self.phase), np.complex64)


def acquired(signal: FloatArray, how: Acquisition, noise: ComplexArray | None) -> FloatArray:
    """Measure a picture.

    Parameters
    ----------
    signal
        (rows, columns) float32, never negative.
    how
        The acquisition.
    noise
        (rows, columns) complex: white, unit variance per part (`white_noise`); None for a noise-free measurement.
        Giving the same array to two calls measures two objects with the same noise.

    Returns
    -------
    FloatArray
        (rows, columns) float32: magnitude.
    """
    weight = _weight(signal.shape, how)
    picture = np.fft.ifft2(np.fft.fft2(signal * how.carrier) * weight)
    if noise is not None:
        power = float(np.mean(weight**2))
        coloured = np.fft.ifft2(np.fft.fft2(noise) * weight) * np.float32(how.sigma / np.sqrt(power))
        picture = picture + (coloured if how.gain is None else coloured * how.gain)
    return np.abs(picture).astype(np.float32)


def white_noise(shape: tuple[int, int], rng: np.random.Generator) -> ComplexArray:
    """Return complex white noise of unit variance in each part."""
    parts = rng.standard_normal((2, *shape), dtype=np.float32)
    return np.asarray(parts[0] + 1j * parts[1], np.complex64)


def smooth_field(shape: tuple[int, int], rng: np.random.Generator) -> FloatArray:
    """Draw a field of a few slow waves, between -1 and 1: for phases and for the gain of the noise."""
    rows, columns = (np.linspace(-1, 1, length) for length in shape)
    slopes, phases = rng.normal(0, 1.5, (2, 4, 1)), rng.uniform(0, 2 * np.pi, (4, 1))
    along, across = slopes[0] * rows + phases, slopes[1] * columns
    heights = rng.normal(size=(4, 1))
    # cos(a + b) as two sums of outer products, which costs no cosine per pixel.
    field = (heights * np.cos(along)).T @ np.cos(across) - (heights * np.sin(along)).T @ np.sin(across)
    return np.asarray(field / max(float(np.abs(field).max()), 1e-6), np.float32)


def _weight(shape: tuple[int, ...], how: Acquisition) -> FloatArray:
    """Transmission of every spatial frequency, 0 where nothing was measured."""
    parts = []
    for length, fill in zip(shape, how.fill, strict=True):
        place = np.abs(np.fft.fftfreq(length)) * 2 / fill
        roll_off = 1 - how.taper * np.sin(np.pi / 2 * np.clip(place, 0, 1)) ** 4
        parts.append(np.where(place <= 1, roll_off, 0.0))
    return np.asarray(np.outer(parts[0], parts[1]), np.float32)
