"""Fewer counts in a reconstructed emission picture. Pure.

Iterative reconstruction gives noise that grows with the activity around a voxel, keeps dark places dark and never
falls below zero: it is close to log-normal (Barrett, Wilson & Tsui, doi:10.1088/0031-9155/39/5/004). The post filter
correlates it over its width in all three directions. The noise multiplies, with mean 1, so that means stay; gradients
pass through the mean, the drawn noise counts as a constant.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional

from restoration.errors import InputError
from restoration.physics.degradation import generator_for, require_range

LARGEST_VARIATION = 1.0
"""Largest standard deviation of a voxel against its own activity: dark places beside bright ones stay dark."""

_FWHM = math.sqrt(8 * math.log(2))
_REACH = 3
_LEAST_WIDTH = 1e-3
"""Narrower Gaussians are none [voxels]."""


@dataclass(frozen=True, kw_only=True)
class PetCounts:
    """A share of the counts of an acquisition.

    Attributes
    ----------
    share
        Share of the counts that is left, in (0, 1].
    counts_per_unit
        Counts that stand behind a voxel of 1 Bq/mL at all counts, before the post filter.
    resolution_mm
        Post filter: full width at half maximum of the Gaussian that correlates the noise [mm], 0 for none.
    voxel_mm
        Distance between slices, rows and columns [mm].
    pooling_mm
        Full width at half maximum of the neighbourhood whose activity sets the variance [mm]: lines of response cross
        it.
    truth
        ``ideal``: a picture without noise, which gets all the noise of its counts. ``measured``: a picture taken with
        all counts; it gets only the noise that is lacking, and none at share 1.
    seed
        Seed of the noise.
    """

    share: float
    counts_per_unit: float
    resolution_mm: float
    voxel_mm: tuple[float, float, float]
    pooling_mm: float = 12.0
    truth: Literal["ideal", "measured"] = "measured"
    seed: int = 0

    def __post_init__(self) -> None:
        require_range("share", self.share, 1e-6, 1.0)
        require_range("counts_per_unit", self.counts_per_unit, 1e-12)
        require_range("resolution_mm", self.resolution_mm, 0.0)
        require_range("voxel_mm", min(self.voxel_mm), 1e-3)
        require_range("pooling_mm", self.pooling_mm, 0.0)

    def __call__(self, truth: torch.Tensor) -> torch.Tensor:
        """Take the picture with a share of its counts.

        Parameters
        ----------
        truth
            (..., slices, rows, columns) float32 [Bq/mL]. Voxels that are not positive stay as they are.

        Returns
        -------
        torch.Tensor
            Same shape and unit, positive where the truth is.

        Raises
        ------
        InputError
            The truth has fewer than three axes.
        """
        if truth.ndim < 3:
            raise InputError(
                happened=f"{truth.ndim} axes", subject="emission volume", remedy="Give slices, rows and columns."
            )
        activity = truth.detach().clamp_min(0)
        variation = self.noise_deviation(activity) / activity.clamp_min(torch.finfo(activity.dtype).tiny)
        spread = torch.log1p(variation.clamp_max(LARGEST_VARIATION) ** 2)
        grain = self._grain(activity)
        noise = activity * torch.expm1(spread.sqrt() * grain - spread / 2)
        return truth + noise

    def noise_deviation(self, activity: torch.Tensor) -> torch.Tensor:
        """Return the standard deviation of the noise that is added where it is small against the activity.

        Parameters
        ----------
        activity
            (..., slices, rows, columns) float32, not negative [Bq/mL].

        Returns
        -------
        torch.Tensor
            Same shape [Bq/mL].
        """
        lacking = 1 - self.share if self.truth == "measured" else 1.0
        widths = self._widths(self.resolution_mm)
        kept = math.prod(float((_taps(width, activity) ** 2).sum()) for width in widths)
        pooled = _filtered(activity, self._widths(self.pooling_mm), "replicate").clamp_min(0)
        return (pooled * (lacking * kept / (self.share * self.counts_per_unit))).sqrt()

    def _grain(self, like: torch.Tensor) -> torch.Tensor:
        """Draw noise of variance 1 with the correlation of the post filter."""
        widths = self._widths(self.resolution_mm)
        reach = [_margin(width) for width in widths]
        shape = (*like.shape[:-3], *(size + 2 * more for size, more in zip(like.shape[-3:], reach, strict=True)))
        generator = generator_for(self.seed, like.device)
        white = torch.randn(shape, generator=generator, device=like.device, dtype=like.dtype)
        grain = _filtered(white, widths, None)
        return grain / math.prod(float((_taps(width, like) ** 2).sum().sqrt()) for width in widths)

    def _widths(self, fwhm_mm: float) -> list[float]:
        """Return a Gaussian's standard deviation along each axis [voxels]."""
        return [fwhm_mm / _FWHM / spacing for spacing in self.voxel_mm]


def resolved(activity: torch.Tensor, resolution_mm: float, voxel_mm: tuple[float, float, float]) -> torch.Tensor:
    """Blur a phantom to the resolution of a scanner and its post filter.

    Parameters
    ----------
    activity
        (..., slices, rows, columns) float32 [Bq/mL].
    resolution_mm
        Full width at half maximum [mm].
    voxel_mm
        Distance between slices, rows and columns [mm].

    Returns
    -------
    torch.Tensor
        Same shape and unit; differentiable.
    """
    return _filtered(activity, [resolution_mm / _FWHM / spacing for spacing in voxel_mm], "replicate")


def _filtered(volume: torch.Tensor, widths: list[float], border: Literal["replicate"] | None) -> torch.Tensor:
    """Convolve with a Gaussian along the last three axes; without a border the result is smaller by the margins."""
    flat = volume.reshape(-1, 1, *volume.shape[-3:])
    for axis, width in enumerate(widths):
        taps = _taps(width, volume)
        margin = _margin(width)
        if border is not None:
            pad = [0] * 6
            pad[2 * (2 - axis)] = pad[2 * (2 - axis) + 1] = margin
            flat = functional.pad(flat, pad, mode=border)
        shape = [1, 1, 1, 1, 1]
        shape[2 + axis] = len(taps)
        flat = functional.conv3d(flat, taps.reshape(shape))
    return flat.reshape(*volume.shape[:-3], *flat.shape[-3:])


def _margin(width: float) -> int:
    return math.ceil(_REACH * width) if width > _LEAST_WIDTH else 0


def _taps(width: float, like: torch.Tensor) -> torch.Tensor:
    """Weights of a Gaussian, together 1."""
    margin = _margin(width)
    if margin == 0:
        return torch.ones(1, device=like.device, dtype=like.dtype)
    places = torch.arange(-margin, margin + 1, device=like.device, dtype=like.dtype)
    return torch.softmax(-(places**2) / (2 * width**2), dim=0)
