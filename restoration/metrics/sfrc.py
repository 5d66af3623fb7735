"""Scanning Fourier ring correlation: places where an answer departs from its reference at coarse detail. Pure.

P. Kc, R. Zeng, N. Soni, A. Badano, «sFRC for assessing hallucinations in medical image restoration», arXiv 2603.04673.
The answer and its reference are compared patch by patch: the correlation of their spectra on rings of equal frequency
falls from 1 at coarse to 0 at fine detail. A patch where it crosses the threshold below a cut-off frequency is flagged.
The cut-off is set on pictures whose hallucinations are known. Flat patches cross early whatever the method, so a count
is read against that of the input.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

from restoration.errors import InputError
from restoration.volume import BoolArray, FloatArray

Values = npt.NDArray[np.float64]

PATCH = 64
THRESHOLD = 0.5

_TINY = 1e-30


@dataclass(frozen=True, kw_only=True, eq=False)
class Scan:
    """Crossings of a picture's patches.

    Attributes
    ----------
    crossing
        (patches,) float64: lowest frequency where the correlation falls under the threshold [1/mm]; Nyquist where it
        never does.
    corners
        (patches, 2) int: first row and column of each.
    patch
        Side of a patch [pixels].
    shape
        Rows and columns of the picture.
    """

    crossing: Values
    corners: npt.NDArray[np.intp]
    patch: int
    shape: tuple[int, int]

    def flagged(self, cutoff: float) -> BoolArray:
        """Return (patches,) bool: which cross below the cut-off [1/mm]."""
        below: BoolArray = self.crossing < cutoff
        return below

    def count(self, cutoff: float) -> int:
        """Return how many patches cross below the cut-off [1/mm]."""
        return int(self.flagged(cutoff).sum())

    def places(self, cutoff: float) -> BoolArray:
        """Return (rows, columns) bool: the flagged patches on the picture."""
        marked = np.zeros(self.shape, bool)
        for row, column in self.corners[self.flagged(cutoff)]:
            marked[row : row + self.patch, column : column + self.patch] = True
        return marked


def scan(
    answer: FloatArray,
    reference: FloatArray,
    *,
    pixel_mm: float,
    where: BoolArray | None = None,
    patch: int = PATCH,
    threshold: float = THRESHOLD,
) -> Scan:
    """Compare a picture with its reference, patch by patch; patches overlap by half.

    Parameters
    ----------
    answer, reference
        (rows, columns) float32 [physical unit].
    pixel_mm
        Pixel spacing [mm].
    where
        (rows, columns) bool: a patch counts if at least half of it lies inside; all count where None.
    patch
        Side of a patch [pixels].
    threshold
        Correlation under which both are held to differ.

    Raises
    ------
    InputError
        No patch fits.
    """
    shape = (answer.shape[0], answer.shape[1])
    counted = np.ones(shape, bool) if where is None else where
    corners = [
        (row, column)
        for row in range(0, shape[0] - patch + 1, patch // 2)
        for column in range(0, shape[1] - patch + 1, patch // 2)
        if counted[row : row + patch, column : column + patch].mean() >= 0.5
    ]
    if not corners:
        raise InputError(
            happened=f"no patch of {patch} pixels fits in it", subject="picture", remedy="Give a larger picture."
        )
    places = np.array(corners, np.intp)
    first, second = (
        sliding_window_view(picture, (patch, patch))[places[:, 0], places[:, 1]] for picture in (answer, reference)
    )
    frequency, correlation = ring_correlation(first, second)
    crossing = _crossings(frequency / pixel_mm, correlation, threshold)
    return Scan(crossing=crossing, corners=places, patch=patch, shape=shape)


def new_flags(before: Scan, after: Scan, cutoff: float) -> int:
    """Return how many patches are flagged after restoration that were not flagged before, both against the truth."""
    return int((after.flagged(cutoff) & ~before.flagged(cutoff)).sum())


def ring_correlation(first: FloatArray, second: FloatArray) -> tuple[Values, Values]:
    """Correlate the spectra of patches on rings of equal frequency.

    Parameters
    ----------
    first, second
        (…, side, side) float32; their means are taken out and their borders tapered (Hann).

    Returns
    -------
    tuple[Values, Values]
        (side / 2,) frequency [1/pixel] from the first ring above 0 up to Nyquist; (…, side / 2) correlation, −1 to 1
        and 0 where either patch is flat.
    """
    side = first.shape[-1]
    spectra = [_spectrum(patch) for patch in (first, second)]
    radius = np.hypot(np.fft.fftfreq(side)[:, None], np.fft.fftfreq(side)) * side
    rings = np.rint(radius).astype(int).ravel()
    members = (rings[:, None] == np.arange(1, side // 2 + 1)).astype(np.float64)
    cross, power_first, power_second = (
        product.real.reshape(*product.shape[:-2], -1) @ members
        for product in (
            spectra[0] * spectra[1].conj(),
            np.abs(spectra[0]) ** 2,
            np.abs(spectra[1]) ** 2,
        )
    )
    correlation = cross / np.sqrt(np.maximum(power_first * power_second, _TINY))
    return np.arange(1, side // 2 + 1) / side, correlation


def _spectrum(patch: FloatArray) -> npt.NDArray[np.complex128]:
    taper = np.hanning(patch.shape[-1])
    level = patch.mean(axis=(-2, -1), keepdims=True, dtype=np.float64)
    return np.fft.fft2((patch - level) * np.outer(taper, taper))


def _crossings(frequency: Values, correlation: Values, threshold: float) -> Values:
    """Return the frequency where each row of (patches, rings) first falls under the threshold, interpolated."""
    under = correlation < threshold
    ring = np.where(under.any(axis=1), under.argmax(axis=1), len(frequency) - 1)
    patches = np.arange(len(ring))
    before = np.maximum(ring - 1, 0)
    high, low = correlation[patches, before], correlation[patches, ring]
    fall = np.where(high > low, high - low, 1.0)
    share = np.clip((high - threshold) / fall, 0, 1)
    crossing: Values = frequency[before] + share * (frequency[ring] - frequency[before])
    return np.where(under.any(axis=1), crossing, frequency[-1])
