"""CT noise made in the picture itself, by its spectrum and a map of its strength: for speed. Pure.

Filtered back-projection leaves noise of power f · W(f)², W being the kernel's roll-off (Riederer, Pelc & Chesler,
doi:10.1088/0031-9155/23/3/008). Here the power is (f / peak) · exp(-(f / peak)^p / p): it rises like the ramp, has its
maximum at the peak and falls the steeper the larger p.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional

from restoration.physics.ct_dose import MU_WATER
from restoration.physics.ct_projection import ParallelBeam
from restoration.physics.ct_reconstruction import Kernel, smeared
from restoration.physics.degradation import generator_for, require_range

BODY_HU = -500.0
"""Above it a pixel is body rather than air."""

_COARSE = 8
_VIEWS = 32
_FREQUENCIES = 256
_ROLL_OFFS = (1.0, 6.0)


@dataclass(frozen=True, kw_only=True)
class CorrelatedNoise:
    """Noise of a given spectrum.

    Attributes
    ----------
    sigma
        Standard deviation [unit of the picture]; root mean square over the body where it differs from place to place.
    pixel_mm
        Pixel spacing [mm].
    peak_per_mm
        Frequency of the largest noise power [1/mm].
    roll_off
        Steepness p of the fall beyond the peak: about 2 for soft kernels.
    place
        ``even``: equally strong everywhere. ``attenuation``: as the rays through a place are attenuated, for HU
        pictures only.
    seed
        Seed of the noise.
    """

    sigma: float
    pixel_mm: float
    peak_per_mm: float = 0.25
    roll_off: float = 2.0
    place: Literal["even", "attenuation"] = "even"
    seed: int = 0

    def __post_init__(self) -> None:
        require_range("sigma", self.sigma, 0.0)
        require_range("pixel_mm", self.pixel_mm, 1e-3)
        require_range("peak_per_mm", self.peak_per_mm, 1e-3)
        require_range("roll_off", self.roll_off, 0.5)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Add the noise.

        Parameters
        ----------
        truth
            (..., rows, columns) float32 [any unit; HU for ``attenuation``].

        Returns
        -------
        torch.Tensor
            Same shape. The gradient passes through the picture.
        """
        if self.place == "even":
            return self.with_map(truth, truth.new_tensor(self.sigma))
        return self.with_map(truth, self.sigma * attenuation_map(truth.detach(), self.pixel_mm))

    def with_map(self, truth: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Add the noise with a strength of one's own, in place of ``sigma``.

        Parameters
        ----------
        truth
            (..., rows, columns) float32.
        sigma
            Standard deviation, of a shape that fits the truth [unit of the truth].

        Returns
        -------
        torch.Tensor
            Same shape as the truth.
        """
        generator = generator_for(self.seed, truth.device)
        white = torch.randn(truth.shape, generator=generator, device=truth.device, dtype=truth.dtype)
        rows, columns = truth.shape[-2:]
        amplitude = self._amplitude(rows, columns, truth.device)
        grain: torch.Tensor = torch.fft.irfft2(torch.fft.rfft2(white) * amplitude, s=(rows, columns))
        return truth + grain * sigma

    def power(self, frequency: torch.Tensor) -> torch.Tensor:
        """Return the noise power at frequencies [1/mm], up to a factor."""
        place = frequency / self.peak_per_mm
        return place * torch.exp(-(place**self.roll_off) / self.roll_off)

    def _amplitude(self, rows: int, columns: int, device: torch.device) -> torch.Tensor:
        """Amplitude over the half spectrum such that white noise of variance 1 keeps it."""
        along = torch.fft.fftfreq(rows, d=self.pixel_mm, device=device)
        across = torch.fft.fftfreq(columns, d=self.pixel_mm, device=device)
        power = self.power(torch.hypot(along[:, None], across))
        mean = power.mean().clamp_min(torch.finfo(power.dtype).tiny)
        return (power / mean).sqrt()[:, : columns // 2 + 1]


def attenuation_map(hu: torch.Tensor, pixel_mm: float) -> torch.Tensor:
    """Estimate how strong noise is from place to place: its variance is the mean of that of all rays through a place.

    Parameters
    ----------
    hu
        (..., rows, columns) float32 [HU].
    pixel_mm
        Pixel spacing [mm].

    Returns
    -------
    torch.Tensor
        Same shape: factor on the standard deviation, root mean square 1 over the body (over all where there is none).
    """
    rows, columns = hu.shape[-2:]
    size = max(rows, columns)
    square = functional.pad(hu, (0, size - columns, 0, size - rows), value=-1000.0).reshape(-1, 1, size, size)
    side = max(1, size // _COARSE)
    attenuation = (functional.interpolate(square, size=(side, side), mode="area")[:, 0] / 1000 + 1).clamp_min(0)
    spacing = pixel_mm * size / side
    beam = ParallelBeam(size=side, pixel_mm=spacing, views=_VIEWS, cell_mm=spacing)
    # Where no ray passes, outside the circle, there is no attenuation either.
    excess = torch.expm1(beam.project(attenuation * MU_WATER))
    variance = 1 + smeared(excess, size=side, step=1.0) / math.pi
    fine = functional.interpolate(variance[:, None], size=(size, size), mode="bilinear", align_corners=False)
    fine = fine[:, 0, :rows, :columns].reshape(hu.shape)
    body = (hu > BODY_HU).to(fine.dtype)
    body = torch.where(body.sum((-2, -1), keepdim=True) > 0, body, torch.ones_like(body))
    mean = (fine * body).sum((-2, -1), keepdim=True) / body.sum((-2, -1), keepdim=True)
    return (fine / mean).sqrt()


def spectrum_of(kernel: Kernel, cell_mm: float) -> tuple[float, float]:
    """Fit the spectrum that a reconstruction kernel leaves.

    Parameters
    ----------
    kernel
        Reconstruction kernel.
    cell_mm
        Width of a detector cell at the isocentre [mm].

    Returns
    -------
    tuple[float, float]
        ``peak_per_mm`` [1/mm] and ``roll_off`` for `CorrelatedNoise`.
    """
    share = torch.arange(1, _FREQUENCIES + 1, dtype=torch.float64) / _FREQUENCIES
    frequency = share / (2 * cell_mm)
    # Between cells is interpolated linearly, which multiplies amplitudes by a squared sinc.
    wanted = share * (kernel.gain(share) * torch.sinc(share / 2) ** 2) ** 2
    best = (math.inf, 0.0, 0.0)
    for peak in torch.linspace(0.3, 1.5, 61, dtype=torch.float64) * frequency[wanted.argmax()]:
        for roll_off in torch.linspace(*_ROLL_OFFS, 51, dtype=torch.float64):
            form = frequency / peak * torch.exp(-((frequency / peak) ** roll_off) / roll_off)
            misfit = float((form / form.sum() - wanted / wanted.sum()).square().sum())
            best = min(best, (misfit, float(peak), float(roll_off)))
    return best[1], best[2]
