"""Quantum noise and blur of a flat X-ray detector. Pure.

Quanta are absorbed by chance (Poisson); each spreads its light over its neighbours, which blurs signal and noise alike;
then electronics adds white noise. Hence a noise power of counts × MTF² + electronic² (Rabbani, Shaw & Van Metter,
doi:10.1364/JOSAA.4.000895). Above 50 counts the Poisson law is drawn as a Gaussian. Gradients pass through the mean:
the drawn noise counts as a constant.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional

from restoration.physics.degradation import generator_for, require_range

GAUSSIAN_FROM = 50.0
"""Counts from which a Gaussian stands for the Poisson law."""

_REACH = 6
_HALF = math.sqrt(math.log(2) / 2) / math.pi
_SCATTER_GRID = 16


@dataclass(frozen=True, kw_only=True)
class XrayQuantum:
    """A lower dose at an indirect flat detector.

    The result is divided by the dose, so that its mean is that of the truth.

    Attributes
    ----------
    dose
        Share of the dose of the picture, in (0, 1].
    quanta_at_unit
        Quanta absorbed in a pixel of exposure 1 at full dose.
    electronic
        Standard deviation of the electronic noise [quanta].
    blur_pixels
        Spread of the light: standard deviation of the Gaussian [pixels], 0 for none.
    spread
        Form of the MTF: ``gaussian``, or ``lorentzian`` with longer tails and the same half-value frequency.
    scatter
        Scattered quanta against primary ones, 0 for none. Their mean is taken out again, as scatter correction does;
        their noise stays.
    scatter_pixels
        Standard deviation of the cloud of scatter around a pixel [pixels].
    truth
        ``ideal``: a picture without noise and blur, which gets both in full. ``measured``: a picture taken at full
        dose, blurred and noisy already; it gets only the noise that is lacking, and none at dose 1.
    seed
        Seed of the noise.
    """

    dose: float
    quanta_at_unit: float
    electronic: float = 5.0
    blur_pixels: float = 0.7
    spread: Literal["gaussian", "lorentzian"] = "gaussian"
    scatter: float = 0.0
    scatter_pixels: float = 60.0
    truth: Literal["ideal", "measured"] = "ideal"
    seed: int = 0

    def __post_init__(self) -> None:
        require_range("dose", self.dose, 1e-6, 1.0)
        require_range("quanta_at_unit", self.quanta_at_unit, 1e-6)
        require_range("electronic", self.electronic, 0.0)
        require_range("blur_pixels", self.blur_pixels, 0.0)
        require_range("scatter", self.scatter, 0.0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Take the picture at the lower dose.

        Parameters
        ----------
        truth
            (..., rows, columns) float32, proportional to the exposure of the detector.

        Returns
        -------
        torch.Tensor
            Same shape and unit. Values may fall below 0 where the electronic noise exceeds the signal.
        """
        generator = generator_for(self.seed, truth.device)
        quantum, electronic = self._noise(truth.detach(), generator)
        if self.truth == "measured":
            # The picture holds the noise of full dose: 1 / dose - 1 of the quantum and 1 / dose² - 1 of the
            # electronic variance are lacking.
            return truth + quantum * math.sqrt(1 - self.dose) + electronic * math.sqrt(1 - self.dose**2)
        return self.without_noise(truth) + quantum + electronic

    def without_noise(self, truth: torch.Tensor) -> torch.Tensor:
        """Return what the detector shows on average: the truth a network can be asked for.

        Parameters
        ----------
        truth
            (..., rows, columns) float32 [exposure].

        Returns
        -------
        torch.Tensor
            Same shape: blurred where the truth is ``ideal``, as it is where it is ``measured``.
        """
        return truth if self.truth == "measured" else self._blurred(truth)

    def _noise(self, truth: torch.Tensor, generator: torch.Generator) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw noise of quanta (blurred) and of electronics (white), both in units of exposure."""
        gain = self.dose * self.quanta_at_unit
        quanta = truth + self.scatter * _cloud(truth, self.scatter_pixels) if self.scatter else truth
        quantum = self._blurred(_quantum_noise((gain * quanta).clamp_min(0), generator))
        electronic = torch.randn(truth.shape, generator=generator, device=truth.device, dtype=truth.dtype)
        return quantum / gain, electronic * (self.electronic / gain)

    def _blurred(self, picture: torch.Tensor) -> torch.Tensor:
        if self.blur_pixels == 0:
            return picture
        reach = [min(math.ceil(_REACH * self.blur_pixels), length - 1) for length in picture.shape[-2:]]
        flat = picture.reshape(-1, 1, *picture.shape[-2:])
        padded = functional.pad(flat, (reach[1], reach[1], reach[0], reach[0]), mode="reflect")[:, 0]
        spectrum = torch.fft.rfft2(padded) * self._transfer(padded)
        blurred: torch.Tensor = torch.fft.irfft2(spectrum, s=(padded.shape[-2], padded.shape[-1]))
        inside = blurred[:, reach[0] : blurred.shape[1] - reach[0], reach[1] : blurred.shape[2] - reach[1]]
        return inside.reshape(picture.shape)

    def _transfer(self, picture: torch.Tensor) -> torch.Tensor:
        """Modulation transfer function at the frequencies of a picture's half spectrum."""
        rows = torch.fft.fftfreq(picture.shape[-2], device=picture.device)
        columns = torch.fft.rfftfreq(picture.shape[-1], device=picture.device)
        squared = rows[:, None] ** 2 + columns**2
        if self.spread == "gaussian":
            return torch.exp(-2 * (math.pi * self.blur_pixels) ** 2 * squared)
        half: torch.Tensor = squared * (self.blur_pixels / _HALF) ** 2
        return torch.reciprocal(1 + half)


def _quantum_noise(counts: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Draw counts by chance and return their deviation from the mean."""
    noise = torch.randn(counts.shape, generator=generator, device=counts.device, dtype=counts.dtype) * counts.sqrt()
    few = counts < GAUSSIAN_FROM
    noise[few] = torch.poisson(counts[few], generator=generator) - counts[few]
    return noise


def _cloud(picture: torch.Tensor, sigma: float) -> torch.Tensor:
    """Spread a picture widely; on a coarse grid, because nothing fine is left of it."""
    rows, columns = picture.shape[-2:]
    step = min(_SCATTER_GRID, max(1, int(sigma / 2)), rows, columns)
    size = (max(1, rows // step), max(1, columns // step))
    coarse = functional.interpolate(picture.reshape(-1, 1, rows, columns), size=size, mode="area")
    for axis in (2, 3):
        coarse = _smoothed(coarse, sigma / step, axis)
    fine = functional.interpolate(coarse, size=(rows, columns), mode="bilinear", align_corners=False)
    return fine.reshape(picture.shape)


def _smoothed(picture: torch.Tensor, sigma: float, axis: int) -> torch.Tensor:
    """Smooth along an axis with a Gaussian whose weights are renewed at the border."""
    places = torch.arange(picture.shape[axis], device=picture.device, dtype=picture.dtype)
    weights = torch.softmax(-((places[:, None] - places) ** 2) / (2 * sigma**2), dim=1)
    return torch.matmul(picture.transpose(axis, -1), weights.T).transpose(axis, -1)
