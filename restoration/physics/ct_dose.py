"""Lower CT dose by noise inserted in the projection domain. Pure.

The picture itself is never projected and reconstructed again, which would blur it: only the difference between noisy
and noise-free line integrals is reconstructed and added, filtered back-projection being linear. Parallel geometry, as
clinical scanners reconstruct after rebinning. Counts are Poisson plus electronic noise (Žabić et al.,
doi:10.1118/1.4789628); the noise already in the picture is accounted for, so that full dose adds nothing.
"""

import math
from dataclasses import dataclass, replace

import torch
from torch.nn import functional

MU_WATER = 0.0193
"""Linear attenuation of water at about 70 keV [1/mm]."""

ELECTRONIC_COUNTS = 8.0
"""Standard deviation of the electronic noise [counts]."""

_COARSE = 4
_UPSAMPLE = 4


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """Reconstruction kernel: a ramp with a cosine roll-off.

    Attributes
    ----------
    cutoff
        Where the roll-off ends, as a share of the detector's Nyquist frequency (0 to 1].
    boost
        Lift of the middle frequencies; 0 for soft kernels, about 0.6 for sharp ones.
    """

    cutoff: float = 0.8
    boost: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Scanner:
    """Parallel-beam geometry around a square picture.

    Attributes
    ----------
    size
        Rows and columns [pixels].
    pixel_mm
        Pixel spacing [mm].
    views
        Views over 180 degrees.
    cell_mm
        Width of a detector cell at the isocentre [mm].
    photons
        Photons per cell and view before the patient at full dose.
    """

    size: int = 512
    pixel_mm: float = 0.7
    views: int = 480
    cell_mm: float = 0.6
    photons: float = 2e6

    @property
    def cells(self) -> int:
        """Detector cells across the picture."""
        return int(self.size * self.pixel_mm / self.cell_mm) // 2 * 2 + 2

    def with_views(self, views: int) -> "Scanner":
        """Return the same scanner with another number of views."""
        return replace(self, views=views)


def project(hu: torch.Tensor, scanner: Scanner) -> torch.Tensor:
    """Line integrals of attenuation, on a coarse grid: they only steer the variance of the noise.

    Parameters
    ----------
    hu
        (size, size) float32 [HU].
    scanner
        Geometry.

    Returns
    -------
    torch.Tensor
        (views, cells) float32, dimensionless.
    """
    attenuation = ((hu + 1000).clamp_min(0) / 1000 * MU_WATER)[None, None]
    side = scanner.size // _COARSE
    coarse = functional.interpolate(attenuation, size=(side, side), mode="area")
    count = scanner.views // _COARSE
    angles = ((torch.arange(count) + 0.5) * _COARSE - 0.5) * math.pi / scanner.views
    turn = torch.zeros(count, 2, 3)
    turn[:, 0, 0] = turn[:, 1, 1] = angles.cos()
    turn[:, 0, 1], turn[:, 1, 0] = -angles.sin(), angles.sin()
    rays = functional.grid_sample(
        coarse.expand(count, -1, -1, -1),
        functional.affine_grid(turn, [count, 1, side, side], align_corners=False),
        align_corners=False,
    ).sum(2)
    sinogram = (rays * scanner.pixel_mm * _COARSE)[:, 0][None, None]
    size = (scanner.views, scanner.cells)
    return functional.interpolate(sinogram, size=size, mode="bilinear", align_corners=False)[0, 0]


def ramp_filtered(sinogram: torch.Tensor, scanner: Scanner, kernel: Kernel) -> torch.Tensor:
    """Filter along the detector with a band-limited ramp, built in space so that means stay right (Kak & Slaney 3.3).

    Parameters
    ----------
    sinogram
        (..., views, cells) float32.
    scanner, kernel
        Geometry and reconstruction kernel.

    Returns
    -------
    torch.Tensor
        Same shape [1/mm].
    """
    length = 2 ** math.ceil(math.log2(2 * scanner.cells))
    taps = torch.fft.fftfreq(length) * length
    odd = taps.abs() % 2 == 1
    ramp = torch.where(odd, -1 / (math.pi * taps.where(odd, torch.ones(())) * scanner.cell_mm) ** 2, torch.zeros(()))
    ramp[0] = 1 / (4 * scanner.cell_mm**2)
    share = torch.fft.fftfreq(length).abs() * 2
    window = 0.5 + 0.5 * torch.cos(math.pi * (share / kernel.cutoff).clamp(max=1))
    window = window * (1 + kernel.boost * torch.exp(-(((share - 0.5) / 0.2) ** 2)))
    gain = torch.fft.fft(ramp).real * scanner.cell_mm * window
    filtered: torch.Tensor = torch.fft.ifft(torch.fft.fft(sinogram, n=length) * gain).real
    return filtered[..., : scanner.cells]


def back_projected(sinograms: torch.Tensor, scanner: Scanner) -> torch.Tensor:
    """Smear filtered sinograms over the picture; several share the geometry's cost.

    Parameters
    ----------
    sinograms
        (count, views, cells) float32 [1/mm].
    scanner
        Geometry.

    Returns
    -------
    torch.Tensor
        (count, size, size) float32 [1/mm].
    """
    fine = functional.pad(_upsampled(sinograms, scanner), (1, 1))
    offsets = (torch.arange(scanner.size) - (scanner.size - 1) / 2) * scanner.pixel_mm / scanner.cell_mm * _UPSAMPLE
    middle = scanner.cells / 2 * _UPSAMPLE + 1
    last = fine.shape[-1] - 1
    out = torch.zeros(len(sinograms), scanner.size**2)
    for view in range(scanner.views):
        angle = math.pi * view / scanner.views
        place = offsets[:, None] * math.sin(angle) + (offsets * math.cos(angle) + middle)
        out += fine[:, view].index_select(1, place.clamp_(0, last).long().flatten())
    return out.view(-1, scanner.size, scanner.size) * (math.pi / scanner.views)


def _upsampled(sinograms: torch.Tensor, scanner: Scanner) -> torch.Tensor:
    """Linear interpolation between cells, so that the nearest fine sample is accurate enough."""
    return functional.interpolate(sinograms, size=scanner.cells * _UPSAMPLE, mode="linear", align_corners=False)


def inserted_noise(
    hu: torch.Tensor,
    scanner: Scanner,
    *,
    doses: tuple[float, ...],
    kernels: tuple[Kernel, ...],
    generator: torch.Generator,
) -> torch.Tensor:
    """Noise that turns a picture taken at full dose into pictures taken at lower ones.

    The log-counts at dose f have variance 1 / (f·m); the picture holds 1 / m already; simulated noise is therefore
    scaled by sqrt(1 - f), which leaves (1 - f) / (f·m) to add and nothing at f = 1.

    Parameters
    ----------
    hu
        (size, size) float32 [HU].
    scanner
        Geometry and photons at full dose.
    doses
        Share of the full dose per realisation, each in (0, 1].
    kernels
        Reconstruction kernel per realisation.
    generator
        Source of chance.

    Returns
    -------
    torch.Tensor
        (realisations, size, size) float32 [HU], to be added to the picture.
    """
    lines = project(hu, scanner)
    filtered = []
    for dose, kernel in zip(doses, kernels, strict=True):
        photons = dose * scanner.photons
        counts = torch.poisson(photons * torch.exp(-lines), generator=generator)
        counts = counts + ELECTRONIC_COUNTS * torch.randn(lines.shape, generator=generator)
        error = -torch.log(counts.clamp_min(0.5) / photons) - lines
        filtered.append(ramp_filtered(error, scanner, kernel) * math.sqrt(1 - dose))
    return back_projected(torch.stack(filtered), scanner) * (1000 / MU_WATER)


def dose_for(sigma: float, full_dose_sigma: float) -> float:
    """Dose at which the added noise has a wanted standard deviation.

    Parameters
    ----------
    sigma
        Wanted standard deviation of the added noise [HU].
    full_dose_sigma
        Standard deviation of the noise at full dose [HU].

    Returns
    -------
    float
        Share of the full dose, in (0, 1].
    """
    return full_dose_sigma**2 / (full_dose_sigma**2 + sigma**2)
