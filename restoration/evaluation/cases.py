"""What is handed to every method, and the truth it is judged by: slices and thin slabs alike. Pure."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from restoration.volume import BoolArray, FloatArray

Power = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Noisy:
    """A degraded volume, and what only oracles are told.

    Attributes
    ----------
    volume
        (slices, rows, columns) float32 [physical unit].
    spacing_mm
        Distance between slices, rows and columns [mm].
    measured
        The slices in which figures are taken; the others are neighbours that a slab may look at.
    sigma
        True standard deviation of the noise in tissue [physical unit].
    power
        (rows, columns) float64: mean squared magnitude of the noise's Fourier transform, frequencies as
        `numpy.fft.fft2` orders them; None where nobody knows it.
    """

    volume: FloatArray
    spacing_mm: tuple[float, float, float]
    measured: slice
    sigma: float
    power: Power | None = None

    @property
    def pictures(self) -> FloatArray:
        """The measured slices: (slices, rows, columns) float32 [physical unit]."""
        return self.volume[self.measured]


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A degraded volume and its truth.

    Attributes
    ----------
    name, source
        Where it comes from, and the series or seed it shares with others: the unit of resampling.
    noisy
        What methods see.
    truth
        (slices, rows, columns) float32: the measured slices without noise [physical unit].
    where
        (slices, rows, columns) bool: pixels that count.
    own_sigma
        Noise that the truth has itself [physical unit].
    """

    name: str
    source: str
    noisy: Noisy
    truth: FloatArray
    where: BoolArray
    own_sigma: float = 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Spot:
    """A target of known contrast: masks are (slices, rows, columns) bool over the measured slices."""

    inside: BoolArray
    ring: BoolArray
    diameter_mm: float


@dataclass(frozen=True, kw_only=True, eq=False)
class PlantedTruth:
    """Measured slices with and without targets (`restoration.metrics.contrast.Planted`)."""

    bare: FloatArray
    full: FloatArray
    body: BoolArray
    discs: tuple[Spot, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class PlantedCase:
    """A body measured with and without its targets under the same noise.

    Attributes
    ----------
    name
        Where it comes from.
    truth
        The measured slices without noise.
    full, bare
        What methods see.
    """

    name: str
    truth: PlantedTruth
    full: Noisy
    bare: Noisy


def as_noisy(picture: FloatArray, pixel_mm: float, sigma: float, power: Power | None = None) -> Noisy:
    """Wrap one (rows, columns) picture as a volume of a single slice."""
    return Noisy(
        volume=np.ascontiguousarray(picture[None], dtype=np.float32),
        spacing_mm=(1.0, pixel_mm, pixel_mm),
        measured=slice(0, 1),
        sigma=sigma,
        power=power,
    )


def middle(shape: tuple[int, ...], side: int) -> tuple[slice, slice]:
    """Return the central square of the last two axes, or all of an axis that is shorter."""
    first, second = (slice(max(0, (length - side) // 2), max(0, (length - side) // 2) + side) for length in shape[-2:])
    return first, second
