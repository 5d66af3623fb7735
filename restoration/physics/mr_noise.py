"""Noise of a magnitude MR picture, added where it arises: complex and in k-space. Pure.

A scanner measures part of k-space, fills the rest with zeros, adds thermal noise to what it measured, amplifies it by
the coil geometry (g-factor) and shows the magnitude: noise is Rician, coloured by the fill and differs from place to
place (Gudbjartsson & Patz, doi:10.1002/mrm.1910340618; Pruessmann et al., SENSE, 1999).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from restoration.physics.degradation import require_range
from restoration.physics.kspace import complex_noise, last_axes, magnitude, smooth_fields
from restoration.physics.mr_truncation import Truncation, weights

_PHASE, _GAIN = 1, 2
"""Streams of chance beside that of the noise."""

_ALL = Truncation()


@dataclass(frozen=True, kw_only=True)
class SmoothPhase:
    """The slow phase of a picture before its magnitude is taken. Differentiable; changes no magnitude.

    Attributes
    ----------
    seed
        Chance; never negative.
    amplitude
        Largest phase [rad].
    axes
        2 for slices, 3 for volumes.
    """

    seed: int
    amplitude: float
    axes: int = 2

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            A negative seed, or axes other than 2 or 3.
        """
        require_range("seed", self.seed, 0)
        require_range("axes of the phase", self.axes, 2, 3)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Turn (..., rows, columns) float32 or complex64 by the phase, the same for all leading axes; complex64."""
        return truth * _carriers(truth.shape[-self.axes :], [self], truth.device)[0]


@dataclass(frozen=True, kw_only=True)
class ThermalNoise:
    """Complex noise, coloured by what was measured and amplified by the coil geometry. The gradient passes unchanged.

    Attributes
    ----------
    seed
        Chance; never negative. Pictures of equal shape get the same noise.
    sigma
        Standard deviation of the real and of the imaginary part, root mean square over the picture [its unit].
    measured
        What was measured: noise has no other frequencies.
    swing
        Logarithm of the largest gain over the typical one; 0 for the same noise everywhere.
    """

    seed: int
    sigma: float
    measured: Truncation = _ALL
    swing: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges.

        Raises
        ------
        ParameterError
            A negative standard deviation or seed, or a swing outside 0 to 3.
        """
        require_range("standard deviation of the noise", self.sigma, 0.0)
        require_range("swing of the gain", self.swing, 0.0, 3.0)
        require_range("seed", self.seed, 0)

    @property
    def axes(self) -> int:
        """2 for slices, 3 for volumes."""
        return len(self.measured.fill)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Add noise.

        Parameters
        ----------
        truth
            (..., rows, columns) float32 or complex64; each picture along the leading axes gets noise of its own, all
            the same gain.

        Returns
        -------
        torch.Tensor
            Same shape, complex64.
        """
        shape = truth.shape[-self.axes :]
        white = complex_noise(self.seed, truth.shape, truth.device)
        return truth + _shaped(white.unsqueeze(0), shape, [self])[0]

    def gain(self, shape: Sequence[int], device: torch.device | str = "cpu") -> torch.Tensor:
        """Return the amplification of the noise (*shape) float32: root mean square 1."""
        return _gains(shape, [self], device)[0]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A whole measurement: phase, truncation, noise, magnitude. Differentiable in the truth.

    Attributes
    ----------
    seed
        Chance of the noise, of its gain and of the phase; never negative.
    sigma
        Standard deviation of each part of the noise, root mean square over the picture [its unit].
    fill
        Measured share of k-space along each of the last axes; two numbers for slices, three for volumes.
    taper
        Roll-off towards the edge of what was measured, 0 to 1.
    swing
        Logarithm of the largest gain over the typical one.
    phase
        Largest phase of the picture [rad].
    """

    seed: int
    sigma: float
    fill: tuple[float, ...] = (1.0, 1.0)
    taper: float = 0.0
    swing: float = 0.0
    phase: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges, as each part of the measurement does.

        Raises
        ------
        ParameterError
            Any parameter outside the range of its part.
        """
        _ = self.noise, self.smooth_phase

    @property
    def truncation(self) -> Truncation:
        """What is measured."""
        return Truncation(fill=self.fill, taper=self.taper)

    @property
    def smooth_phase(self) -> SmoothPhase:
        """Phase of the picture."""
        return SmoothPhase(seed=self.seed, amplitude=self.phase, axes=len(self.fill))

    @property
    def noise(self) -> ThermalNoise:
        """Noise of the measurement."""
        return ThermalNoise(seed=self.seed, sigma=self.sigma, measured=self.truncation, swing=self.swing)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Measure (..., rows, columns) float32; the magnitude, same shape. Leading axes get noise of their own."""
        return magnitude(self.noise(self.truncation(self.smooth_phase(truth))))


@dataclass(frozen=True, kw_only=True, eq=False)
class Measured:
    """Pictures after their measurement.

    Attributes
    ----------
    clean, noisy
        Magnitudes without and with noise, float32.
    """

    clean: torch.Tensor
    noisy: torch.Tensor


def measured(truths: torch.Tensor, how: Sequence[Measurement]) -> Measured:
    """Measure a batch, each item its own way and all pictures of an item under the same noise.

    Parameters
    ----------
    truths
        (items, pictures, rows, columns) float32, or one axis more for volumes: say an object without and with discs.
    how
        One measurement per item, all of as many axes.

    Returns
    -------
    Measured
        Magnitudes of the same shape. The noise of item i is that of ``how[i]`` on one picture.
    """
    axes = len(how[0].fill)
    shape, dims = truths.shape[-axes:], last_axes(axes)
    weight = weights(shape, [item.truncation for item in how], truths.device).unsqueeze(1)
    carriers = _carriers(shape, [item.smooth_phase for item in how], truths.device).unsqueeze(1)
    pictures = torch.fft.ifftn(torch.fft.fftn(truths * carriers, dim=dims) * weight, dim=dims)
    white = torch.stack([complex_noise(item.seed, shape, truths.device) for item in how])
    noise = _shaped(white, shape, [item.noise for item in how]).unsqueeze(1)
    return Measured(clean=magnitude(pictures), noisy=magnitude(pictures + noise))


def _shaped(white: torch.Tensor, shape: Sequence[int], how: Sequence[ThermalNoise]) -> torch.Tensor:
    """Colour white noise of k-space (items, ..., *shape), scale it, and bring it into the picture with its gain."""
    dims = last_axes(len(shape))
    weight = weights(shape, [item.measured for item in how], white.device)
    sigma = torch.tensor([item.sigma for item in how], device=white.device)
    power = weight.square().flatten(1).mean(1)
    weight = weight * (sigma / power.sqrt()).reshape(-1, *(1,) * len(shape))
    between = (1,) * (white.ndim - 1 - len(shape))
    noise: torch.Tensor = torch.fft.ifftn(white * weight.reshape(len(how), *between, *shape), dim=dims, norm="ortho")
    if not any(item.swing for item in how):
        return noise
    return noise * _gains(shape, how, white.device).reshape(len(how), *between, *shape)


def _gains(shape: Sequence[int], how: Sequence[ThermalNoise], device: torch.device | str) -> torch.Tensor:
    """Amplification of each noise (items, *shape), root mean square 1."""
    swings = torch.tensor([item.swing for item in how], device=device).reshape(-1, *(1,) * len(shape))
    gains = torch.exp(swings * smooth_fields(shape, [(item.seed, _GAIN) for item in how], device))
    squares = gains.square().flatten(1).mean(1)
    return gains / squares.sqrt().reshape(swings.shape)


def _carriers(shape: Sequence[int], how: Sequence[SmoothPhase], device: torch.device | str) -> torch.Tensor:
    """Unit-magnitude factor of each phase (items, *shape) complex64."""
    if not any(item.amplitude for item in how):
        return torch.ones((len(how), *(1,) * len(shape)), device=device)
    amplitudes = torch.tensor([item.amplitude for item in how], device=device).reshape(-1, *(1,) * len(shape))
    phases = amplitudes * smooth_fields(shape, [(item.seed, _PHASE) for item in how], device)
    return torch.polar(torch.ones_like(phases), phases)
