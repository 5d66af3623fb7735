"""Lower CT dose by noise inserted in the projection domain. Pure.

The picture itself is never projected and reconstructed again, which would blur it: only the difference between noisy
and noise-free line integrals is reconstructed and added, filtered back-projection being linear. Counts are Poisson plus
electronic noise (Žabić et al., doi:10.1118/1.4789628); the noise already in the picture is accounted for, so that full
dose adds nothing.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch.nn import functional

from restoration.physics.ct_projection import Beam, FanBeam, ParallelBeam, line_integrals
from restoration.physics.ct_reconstruction import Kernel, ramp_filtered, smeared
from restoration.physics.degradation import generator_for, require_range

__all__ = ["ELECTRONIC_COUNTS", "MU_WATER", "Kernel", "LowDose", "Scanner", "dose_for", "inserted_noise", "project"]

MU_WATER = 0.0193
"""Linear attenuation of water at about 70 keV [1/mm]."""

ELECTRONIC_COUNTS = 8.0
"""Standard deviation of the electronic noise [counts]."""

_COARSE = 4
_LEAST_COUNTS = 0.5
_AIR_HU = -1000.0
_SOFT = Kernel()


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
    def beam(self) -> ParallelBeam:
        """The rays."""
        return ParallelBeam(size=self.size, pixel_mm=self.pixel_mm, views=self.views, cell_mm=self.cell_mm)

    @property
    def cells(self) -> int:
        """Detector cells across the picture."""
        return self.beam.cells

    def with_views(self, views: int) -> "Scanner":
        """Return the same scanner with another number of views."""
        return replace(self, views=views)


@dataclass(frozen=True, kw_only=True)
class LowDose:
    """A lower dose for square HU pictures, each with noise of its own.

    Attributes
    ----------
    dose
        Share of the full dose, in (0, 1].
    pixel_mm
        Pixel spacing [mm].
    photons
        Photons per cell and view before the patient at full dose.
    views
        Views over 180 degrees; a fan measures as many again on the way back.
    cell_mm
        Width of a detector cell at the isocentre [mm].
    kernel
        Reconstruction kernel.
    beam
        Form of the beam.
    electronic
        Standard deviation of the electronic noise [counts].
    truth
        ``measured``: a picture taken at full dose, which gets only the noise that is lacking, and none at dose 1.
        ``ideal``: a picture without noise, which gets all of it.
    seed
        Seed of the noise.
    """

    dose: float
    pixel_mm: float
    photons: float = 2e6
    views: int = 480
    cell_mm: float = 0.6
    kernel: Kernel = _SOFT
    beam: Literal["parallel", "fan"] = "parallel"
    electronic: float = ELECTRONIC_COUNTS
    truth: Literal["ideal", "measured"] = "measured"
    seed: int = 0

    def __post_init__(self) -> None:
        require_range("dose", self.dose, 1e-6, 1.0)
        require_range("photons", self.photons, 1.0)
        require_range("electronic", self.electronic, 0.0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Take pictures at the lower dose.

        Parameters
        ----------
        truth
            (..., rows, columns) float32 [HU]; what is not square is taken as surrounded by air.

        Returns
        -------
        torch.Tensor
            Same shape [HU]. The gradient passes through the picture; the noise counts as a constant.
        """
        rows, columns = truth.shape[-2:]
        size = max(rows, columns)
        square = functional.pad(truth.detach(), (0, size - columns, 0, size - rows), value=_AIR_HU)
        generator = generator_for(self.seed, truth.device)
        noise = torch.stack([self._noise(hu, generator) for hu in square.reshape(-1, size, size)])
        return truth + noise[:, :rows, :columns].reshape(truth.shape)

    def _noise(self, hu: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        beam = self._beam(hu.shape[-1])
        counts = self.photons * torch.exp(-_lines(hu, beam))
        errors = _line_errors(counts, self.dose, self.electronic, generator)
        if self.truth == "measured":
            errors = errors * _lacking_share(counts, self.dose, self.electronic).sqrt()
        return beam.reconstruct(errors, self.kernel) * (1000 / MU_WATER)

    def _beam(self, size: int) -> Beam:
        if self.beam == "fan":
            return FanBeam(size=size, pixel_mm=self.pixel_mm, views=2 * self.views, cell_mm=self.cell_mm)
        return ParallelBeam(size=size, pixel_mm=self.pixel_mm, views=self.views, cell_mm=self.cell_mm)


def project(hu: torch.Tensor, scanner: Scanner) -> torch.Tensor:
    """Sum attenuation along the rays, on a coarse grid: the sums only steer the variance of the noise.

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
    return _lines(hu, scanner.beam)


def inserted_noise(
    hu: torch.Tensor,
    scanner: Scanner,
    *,
    doses: tuple[float, ...],
    kernels: tuple[Kernel, ...],
    generator: torch.Generator,
) -> torch.Tensor:
    """Draw noise that turns a picture taken at full dose into pictures taken at lower ones.

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
        Source of chance, on the device of the picture.

    Returns
    -------
    torch.Tensor
        (realisations, size, size) float32 [HU], to be added to the picture.
    """
    counts = scanner.photons * torch.exp(-project(hu, scanner))
    filtered = []
    for dose, kernel in zip(doses, kernels, strict=True):
        errors = _line_errors(counts, dose, ELECTRONIC_COUNTS, generator)
        lacking = errors * _lacking_share(counts, dose, ELECTRONIC_COUNTS).sqrt()
        filtered.append(ramp_filtered(lacking, cell_mm=scanner.cell_mm, kernel=kernel))
    step = scanner.pixel_mm / scanner.cell_mm
    return smeared(torch.stack(filtered), size=scanner.size, step=step) * (1000 / MU_WATER)


def dose_for(sigma: float, full_dose_sigma: float) -> float:
    """Return the dose at which the added noise has a wanted standard deviation.

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


def _lines(hu: torch.Tensor, beam: Beam) -> torch.Tensor:
    """Line integrals on a coarse grid, interpolated to all rays: (views, cells)."""
    attenuation = ((hu + 1000).clamp_min(0) / 1000 * MU_WATER)[None, None]
    side = max(1, beam.size // _COARSE)
    coarse = functional.interpolate(attenuation, size=(side, side), mode="area")[0]
    sums = line_integrals(coarse, *beam.rays(coarser=_COARSE), beam.pixel_mm * beam.size / side)
    size = (beam.views, beam.cells)
    return functional.interpolate(sums[None], size=size, mode="bilinear", align_corners=False)[0, 0]


def _line_errors(counts: torch.Tensor, dose: float, electronic: float, generator: torch.Generator) -> torch.Tensor:
    """Draw what noise does to line integrals at a dose, given the mean counts at full dose."""
    mean = dose * counts
    drawn = torch.poisson(mean, generator=generator)
    drawn = drawn + electronic * torch.randn(mean.shape, generator=generator, device=mean.device)
    return torch.log(mean) - torch.log(drawn.clamp_min(_LEAST_COUNTS))


def _lacking_share(counts: torch.Tensor, dose: float, electronic: float) -> torch.Tensor:
    """Share of the variance at a dose that is not in the picture at full dose already; 0 at full dose.

    A line integral over m counts has variance 1 / m + electronic² / m².
    """
    return (1 - dose**2 * (counts + electronic**2) / (dose * counts + electronic**2)).clamp_min(0)
