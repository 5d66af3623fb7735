"""Parallel and fan beams: line integrals of a square picture, their exact adjoint, and reconstruction. Pure.

A ray is sampled once per row or column, whichever it crosses more steeply, with linear interpolation (Joseph,
doi:10.1109/TMI.1982.4307572). Back-projection is the transpose of exactly these sums. A fan is rebinned to parallel
rays before reconstruction, as clinical scanners do.

The axes: x along columns, y along rows, the origin in the middle of the picture; a ray is x cos θ + y sin θ = t.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional

from restoration.errors import InputError
from restoration.physics.ct_reconstruction import Kernel, ramp_filtered, smeared
from restoration.physics.degradation import require_range

_SAMPLES_AT_ONCE = 2**21


@dataclass(frozen=True, kw_only=True)
class ParallelBeam:
    """Parallel rays over 180 degrees.

    Attributes
    ----------
    size
        Rows and columns of the picture [pixels].
    pixel_mm
        Pixel spacing [mm].
    views
        Views over 180 degrees.
    cell_mm
        Distance between rays [mm].
    """

    size: int
    pixel_mm: float
    views: int
    cell_mm: float

    def __post_init__(self) -> None:
        _require_positive(self.size, self.pixel_mm, self.views, self.cell_mm)

    @property
    def cells(self) -> int:
        """Rays across the picture."""
        return int(self.size * self.pixel_mm / self.cell_mm) // 2 * 2 + 2

    def rays(self, coarser: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        """Return angle [rad] and offset from the middle [mm] of every ray, (views, cells) each.

        With ``coarser`` above 1 only about every so many views and cells, such that interpolation of the result with
        ``align_corners=False`` gives all.
        """
        angles = _spread(self.views, coarser) * (math.pi / self.views)
        offsets = (_spread(self.cells, coarser) - (self.cells - 1) / 2) * self.cell_mm
        return angles[:, None].expand(-1, len(offsets)), offsets.expand(len(angles), -1)

    def project(self, picture: torch.Tensor) -> torch.Tensor:
        """Line integrals.

        Parameters
        ----------
        picture
            (..., size, size) float32 [1/mm].

        Returns
        -------
        torch.Tensor
            (..., views, cells) float32, dimensionless. Differentiable.

        Raises
        ------
        InputError
            The picture has another size.
        """
        return _project(picture, self)

    def back_project(self, sinogram: torch.Tensor) -> torch.Tensor:
        """Transpose of `project`.

        Parameters
        ----------
        sinogram
            (..., views, cells) float32.

        Returns
        -------
        torch.Tensor
            (..., size, size) float32 [mm]. Differentiable.

        Raises
        ------
        InputError
            The sinogram has another shape.
        """
        return _back_project(sinogram, self)

    def reconstruct(self, sinogram: torch.Tensor, kernel: Kernel) -> torch.Tensor:
        """Reconstruct by filtered back-projection.

        Parameters
        ----------
        sinogram
            (..., views, cells) float32, dimensionless.
        kernel
            Reconstruction kernel.

        Returns
        -------
        torch.Tensor
            (..., size, size) float32 [1/mm]. Differentiable.

        Raises
        ------
        InputError
            The sinogram has another shape.
        """
        _require_shape(sinogram, (self.views, self.cells))
        filtered = ramp_filtered(sinogram.reshape(-1, self.views, self.cells), cell_mm=self.cell_mm, kernel=kernel)
        pictures = smeared(filtered, size=self.size, step=self.pixel_mm / self.cell_mm)
        return pictures.reshape(*sinogram.shape[:-2], self.size, self.size)


@dataclass(frozen=True, kw_only=True)
class FanBeam:
    """Rays from a source to a detector curved about it, over 360 degrees.

    Attributes
    ----------
    size
        Rows and columns of the picture [pixels].
    pixel_mm
        Pixel spacing [mm].
    views
        Views over 360 degrees, an even number.
    cell_mm
        Width of a detector cell at the isocentre [mm].
    source_mm
        Distance from source to isocentre [mm].
    """

    size: int
    pixel_mm: float
    views: int
    cell_mm: float
    source_mm: float = 570.0

    def __post_init__(self) -> None:
        _require_positive(self.size, self.pixel_mm, self.views, self.cell_mm)
        require_range("source_mm", self.source_mm, 0.55 * self.size * self.pixel_mm)

    @property
    def cells(self) -> int:
        """Cells that cover the circle in the picture."""
        opening = math.asin(self.size * self.pixel_mm / 2 / self.source_mm)
        return 2 * math.ceil(opening * self.source_mm / self.cell_mm) + 2

    def rays(self, coarser: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
        """Return angle [rad] and offset from the middle [mm] of every ray, as `ParallelBeam.rays` does."""
        turns = _spread(self.views, coarser) * (2 * math.pi / self.views)
        within = (_spread(self.cells, coarser) - (self.cells - 1) / 2) * (self.cell_mm / self.source_mm)
        return turns[:, None] + within, (self.source_mm * within.sin()).expand(len(turns), -1)

    def project(self, picture: torch.Tensor) -> torch.Tensor:
        """Line integrals, as `ParallelBeam.project`: (..., size, size) [1/mm] to (..., views, cells)."""
        return _project(picture, self)

    def back_project(self, sinogram: torch.Tensor) -> torch.Tensor:
        """Transpose of `project`: (..., views, cells) to (..., size, size) [mm]."""
        return _back_project(sinogram, self)

    def reconstruct(self, sinogram: torch.Tensor, kernel: Kernel) -> torch.Tensor:
        """Rebin to parallel rays and reconstruct, as `ParallelBeam.reconstruct`."""
        return self.parallel.reconstruct(self.rebinned(sinogram), kernel)

    @property
    def parallel(self) -> ParallelBeam:
        """The parallel beam that the fan is rebinned to."""
        return ParallelBeam(size=self.size, pixel_mm=self.pixel_mm, views=self.views // 2, cell_mm=self.cell_mm)

    def rebinned(self, sinogram: torch.Tensor) -> torch.Tensor:
        """Interpolate the parallel rays; each is the mean of the two fan rays that run along it in either direction.

        Parameters
        ----------
        sinogram
            (..., views, cells) float32.

        Returns
        -------
        torch.Tensor
            (..., views // 2, cells of `parallel`) float32. Differentiable.

        Raises
        ------
        InputError
            The sinogram has another shape.
        """
        _require_shape(sinogram, (self.views, self.cells))
        theta, t = (rays.to(sinogram) for rays in self.parallel.rays())
        gamma = (t / self.source_mm).clamp(-1, 1).asin()
        flat = sinogram.reshape(1, -1, self.views, self.cells)
        there = self._sampled(flat, theta - gamma, gamma)
        back = self._sampled(flat, theta + gamma + math.pi, -gamma)
        return ((there + back) / 2).reshape(*sinogram.shape[:-2], *theta.shape)

    def _sampled(self, flat: torch.Tensor, turn: torch.Tensor, gamma: torch.Tensor) -> torch.Tensor:
        """Interpolate views and cells; the turn goes round."""
        margin = 2
        around = functional.pad(flat, (0, 0, margin, margin), mode="circular")
        view = (turn * (self.views / (2 * math.pi))) % self.views + margin
        cell = gamma * (self.source_mm / self.cell_mm) + (self.cells - 1) / 2
        grid = torch.stack([_normalised(cell, self.cells), _normalised(view, self.views + 2 * margin)], dim=-1)
        return functional.grid_sample(around, grid[None], mode="bicubic", padding_mode="border", align_corners=False)


Beam = ParallelBeam | FanBeam


def line_integrals(picture: torch.Tensor, theta: torch.Tensor, offset: torch.Tensor, pixel_mm: float) -> torch.Tensor:
    """Sum square pictures along rays.

    Parameters
    ----------
    picture
        (count, size, size) float32 [1/mm].
    theta, offset
        Angle [rad] and offset from the middle [mm] of every ray, of one shape.
    pixel_mm
        Pixel spacing [mm].

    Returns
    -------
    torch.Tensor
        (count, *rays) float32, dimensionless.
    """
    angles, offsets = theta.flatten().to(picture), offset.flatten().to(picture)
    parts = [_sums(picture, angles[part], offsets[part], pixel_mm) for part in _parts(len(angles), picture.shape[-1])]
    return torch.cat(parts, dim=1).reshape(len(picture), *theta.shape)


def _sums(picture: torch.Tensor, theta: torch.Tensor, offset: torch.Tensor, pixel_mm: float) -> torch.Tensor:
    size = picture.shape[-1]
    along = (torch.arange(size, device=picture.device, dtype=picture.dtype) - (size - 1) / 2) * pixel_mm
    cosine, sine = theta.cos()[:, None], theta.sin()[:, None]
    steep = cosine.abs() >= sine.abs()
    main, other = torch.where(steep, cosine, sine), torch.where(steep, sine, cosine)
    crossing = _normalised((offset[:, None] - along * other) / (main * pixel_mm) + (size - 1) / 2, size)
    places = _normalised(along / pixel_mm + (size - 1) / 2, size).expand_as(crossing)
    grid = torch.stack([torch.where(steep, crossing, places), torch.where(steep, places, crossing)], dim=-1)
    values = functional.grid_sample(picture[None], grid[None], align_corners=False)[0]
    return values.sum(-1) * (pixel_mm / main[:, 0].abs())


def _parts(rays: int, size: int) -> list[slice]:
    """Return groups of rays that are summed at once."""
    together = max(1, _SAMPLES_AT_ONCE // size)
    return [slice(first, first + together) for first in range(0, rays, together)]


def _normalised(place: torch.Tensor, length: int) -> torch.Tensor:
    """Return places counted in samples as `grid_sample` counts them, -1 to 1 from edge to edge."""
    return (2 * place + 1) / length - 1


class _Projection(torch.autograd.Function):
    """Projection whose gradient is back-projection, in parts so that memory stays small."""

    @staticmethod
    def forward(ctx: Any, picture: torch.Tensor, beam: Beam) -> torch.Tensor:
        ctx.beam = beam
        return line_integrals(picture, *beam.rays(), beam.pixel_mm)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return _back_project(gradients[0], ctx.beam), None


class _BackProjection(torch.autograd.Function):
    """Back-projection whose gradient is projection."""

    @staticmethod
    def forward(ctx: Any, sinogram: torch.Tensor, beam: Beam) -> torch.Tensor:
        ctx.beam = beam
        angles, offsets = (rays.flatten().to(sinogram) for rays in beam.rays())
        blank = sinogram.new_zeros(len(sinogram), beam.size, beam.size, requires_grad=True)
        picture, weights = torch.zeros_like(blank), sinogram.flatten(1)
        for part in _parts(len(angles), beam.size):
            with torch.enable_grad():
                sums = _sums(blank, angles[part], offsets[part], beam.pixel_mm)
            picture += torch.autograd.grad(sums, blank, weights[:, part])[0]
        return picture.detach()

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return _project(gradients[0], ctx.beam), None


def _project(picture: torch.Tensor, beam: Beam) -> torch.Tensor:
    _require_shape(picture, (beam.size, beam.size))
    sums: torch.Tensor = _Projection.apply(picture.reshape(-1, beam.size, beam.size), beam)  # type: ignore[no-untyped-call]
    return sums.reshape(*picture.shape[:-2], beam.views, beam.cells)


def _back_project(sinogram: torch.Tensor, beam: Beam) -> torch.Tensor:
    _require_shape(sinogram, (beam.views, beam.cells))
    smear: torch.Tensor = _BackProjection.apply(sinogram.reshape(-1, beam.views, beam.cells), beam)  # type: ignore[no-untyped-call]
    return smear.reshape(*sinogram.shape[:-2], beam.size, beam.size)


def _spread(count: int, coarser: int) -> torch.Tensor:
    """Return the middles of groups of ``coarser`` samples, counted in samples."""
    groups = max(1, count // coarser)
    return (torch.arange(groups, dtype=torch.float64) + 0.5) * (count / groups) - 0.5


def _require_positive(size: int, pixel_mm: float, views: int, cell_mm: float) -> None:
    for name, value in (("size", size), ("pixel_mm", pixel_mm), ("views", views), ("cell_mm", cell_mm)):
        require_range(name, value, 1e-3)


def _require_shape(array: torch.Tensor, wanted: tuple[int, int]) -> None:
    if tuple(array.shape[-2:]) != wanted:
        raise InputError(
            happened=f"the last axes have shape {tuple(array.shape[-2:])}",
            subject="projection",
            remedy=f"Give {wanted[0]} by {wanted[1]}, as the beam says.",
        )
