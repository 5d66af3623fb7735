"""Noise power spectrum: how strong noise is, and how coarse its grain. Pure.

After ICRU Report 87 and AAPM TG-233: squared Fourier magnitudes of detrended regions, averaged.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from restoration.volume import BoolArray, FloatArray

REGION = 64
"""Side of a region [pixels]."""

_STRIDE = 32


@dataclass(frozen=True, kw_only=True, eq=False)
class RadialSpectrum:
    """Radially averaged noise power.

    Attributes
    ----------
    frequency
        (bins,) float64 [1/mm].
    power
        (bins,) float64 [unit² mm²].
    """

    frequency: npt.NDArray[np.float64]
    power: npt.NDArray[np.float64]

    @property
    def mean_frequency(self) -> float:
        """Frequency weighted by power [1/mm]."""
        return float((self.frequency * self.power).sum() / self.power.sum())


def radial_spectrum(noise: FloatArray, where: BoolArray, pixel_mm: float) -> RadialSpectrum | None:
    """Measure the spectrum of a picture that holds nothing but noise.

    Parameters
    ----------
    noise
        (rows, columns) float32 [physical unit].
    where
        (rows, columns) bool: only regions that lie in it altogether are used.
    pixel_mm
        Pixel spacing [mm].

    Returns
    -------
    RadialSpectrum or None
        None where no region fits.
    """
    regions = _regions(noise, where)
    if not regions:
        return None
    power = np.mean([np.abs(np.fft.fft2(region - region.mean())) ** 2 for region in regions], axis=0)
    power = power * pixel_mm**2 / REGION**2
    radius = np.hypot(*np.meshgrid(np.fft.fftfreq(REGION), np.fft.fftfreq(REGION), indexing="ij")) * REGION
    bins = np.rint(radius).astype(int)
    inside = (bins > 0) & (bins <= REGION // 2)
    counts = np.bincount(bins[inside], minlength=REGION // 2 + 1)[1:]
    sums = np.bincount(bins[inside], weights=power[inside], minlength=REGION // 2 + 1)[1:]
    frequency = np.arange(1, REGION // 2 + 1) / (REGION * pixel_mm)
    return RadialSpectrum(frequency=frequency, power=sums / counts)


def noise_power(noise: FloatArray, where: BoolArray) -> npt.NDArray[np.float64] | None:
    """Estimate the power of stationary noise at every frequency of a picture's own grid.

    Parameters
    ----------
    noise
        (rows, columns) float32: a picture that holds nothing but noise [physical unit].
    where
        (rows, columns) bool: only regions that lie in it altogether are used.

    Returns
    -------
    npt.NDArray[np.float64] or None
        (rows, columns) float64, ordered as `numpy.fft.fft2` does: mean squared magnitude of the Fourier transform that
        noise of this kind has on the whole picture; None where no region fits.
    """
    regions = _regions(noise, where)
    if not regions:
        return None
    power = np.mean([np.abs(np.fft.fft2(region - region.mean())) ** 2 for region in regions], axis=0)
    places = np.meshgrid(*(np.fft.fftfreq(length) * REGION for length in noise.shape), indexing="ij")
    smooth = ndimage.map_coordinates(power, np.stack(places), order=1, mode="grid-wrap")
    return np.asarray(smooth * noise.size / REGION**2, np.float64)


def _regions(noise: FloatArray, where: BoolArray) -> list[FloatArray]:
    rows, columns = noise.shape
    corners = [
        (row, column)
        for row in range(0, rows - REGION + 1, _STRIDE)
        for column in range(0, columns - REGION + 1, _STRIDE)
    ]
    places = [(slice(row, row + REGION), slice(column, column + REGION)) for row, column in corners]
    return [noise[place] for place in places if where[place].all()]
