"""Texture: whether what is left of the noise still looks like noise. Pure."""

import numpy as np
from scipy import ndimage, stats

from restoration.metrics.nps import RadialSpectrum
from restoration.volume import BoolArray, FloatArray


def laplacian_kurtosis(picture: FloatArray, where: BoolArray) -> float:
    """Kurtosis of the Laplacian: 3 for Gaussian noise of any spectrum, more where a picture is patchy or plastic.

    Parameters
    ----------
    picture
        (rows, columns) float32 [any unit].
    where
        (rows, columns) bool: pixels that count; best without edges of anatomy, which raise it by themselves.

    Returns
    -------
    float
        NaN where the picture is flat.
    """
    values = ndimage.laplace(picture.astype(np.float64), mode="mirror")[where]
    return float(stats.kurtosis(values, fisher=False)) if np.ptp(values) > 0 else float("nan")


def mean_frequency_shift(before: RadialSpectrum, after: RadialSpectrum) -> float:
    """Relative change of the mean frequency of the noise; negative where the grain became coarser."""
    return after.mean_frequency / before.mean_frequency - 1


def peak_frequency(spectrum: RadialSpectrum) -> float:
    """Frequency of the largest noise power [1/mm]."""
    return float(spectrum.frequency[np.argmax(spectrum.power)])


def shape_distance(before: RadialSpectrum, after: RadialSpectrum) -> float:
    """Share of the noise power that sits at other frequencies: 0 for the same shape at any strength, 1 at most.

    Parameters
    ----------
    before, after
        Spectra on the same frequencies; rings count by their area.
    """
    first, second = (spectrum.power * spectrum.frequency for spectrum in (before, after))
    return float(np.abs(first / first.sum() - second / second.sum()).sum() / 2)
