"""Filtered back-projection of parallel rays, as clinical scanners do after rebinning. Pure.

Pixel-driven: every pixel gathers from every view. Views that mirror each other about the axes and the diagonals share
one map of places, so do pixels opposite each other, and pixels are taken in small tiles, so that what is gathered stays
in the cache.
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch.nn import functional

from restoration.physics.degradation import require_range

_FINE = 4
"""Samples per detector cell: with so many the nearest one is accurate enough."""

_TILE_CPU = 32
_TILE_GPU = 256
_PICTURES_AT_ONCE = 3


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """Reconstruction kernel: a ramp with a roll-off.

    Attributes
    ----------
    cutoff
        Where the roll-off ends (``cosine``) or halves the power (``butterworth``), as a share of the detector's
        Nyquist frequency, (0, 1].
    boost
        Lift of the middle frequencies; 0 for soft kernels, about 0.6 for sharp ones.
    form
        Form of the roll-off.
    """

    cutoff: float = 0.8
    boost: float = 0.0
    form: Literal["cosine", "butterworth"] = "cosine"

    def __post_init__(self) -> None:
        require_range("cutoff", self.cutoff, 1e-3, 1.0)
        require_range("boost", self.boost, 0.0)

    def gain(self, share: torch.Tensor) -> torch.Tensor:
        """Return the factor on the ramp at shares of the detector's Nyquist frequency."""
        if self.form == "cosine":
            window = 0.5 + 0.5 * torch.cos(math.pi * (share / self.cutoff).clamp(max=1))
        else:
            window = torch.rsqrt(1 + (share / self.cutoff) ** 6)
        return window * (1 + self.boost * torch.exp(-(((share - 0.5) / 0.2) ** 2)))


def ramp_filtered(sinogram: torch.Tensor, *, cell_mm: float, kernel: Kernel) -> torch.Tensor:
    """Filter along the detector with a band-limited ramp, built in space so that means stay right (Kak & Slaney 3.3).

    Parameters
    ----------
    sinogram
        (..., views, cells) float32.
    cell_mm
        Width of a detector cell at the isocentre [mm].
    kernel
        Reconstruction kernel.

    Returns
    -------
    torch.Tensor
        Same shape [1/mm].
    """
    cells, device = sinogram.shape[-1], sinogram.device
    length = 2 ** math.ceil(math.log2(2 * cells))
    taps = torch.fft.fftfreq(length, device=device) * length
    odd = taps.abs() % 2 == 1
    ramp = torch.where(odd, -1 / (math.pi * taps.where(odd, taps.new_ones(())) * cell_mm) ** 2, taps.new_zeros(()))
    ramp[0] = 1 / (4 * cell_mm**2)
    share = torch.fft.rfftfreq(length, device=device) * 2
    gain = torch.fft.rfft(ramp).real * cell_mm * kernel.gain(share)
    filtered: torch.Tensor = torch.fft.irfft(torch.fft.rfft(sinogram, n=length) * gain, n=length)
    return filtered[..., :cells]


def smeared(sinograms: torch.Tensor, *, size: int, step: float) -> torch.Tensor:
    """Smear filtered sinograms over square pictures.

    Parameters
    ----------
    sinograms
        (count, views, cells) float32, views spread evenly over 180 degrees [1/mm].
    size
        Rows and columns of the pictures [pixels].
    step
        Pixel spacing in detector cells.

    Returns
    -------
    torch.Tensor
        (count, size, size) float32 [1/mm]. Differentiable. Nothing comes from beyond the detector.
    """
    # Wider table rows would leave the cache.
    parts = [
        _smeared_together(sinograms[first : first + _PICTURES_AT_ONCE], size, step)
        for first in range(0, len(sinograms), _PICTURES_AT_ONCE)
    ]
    return torch.cat(parts) * (math.pi / sinograms.shape[1])


def _smeared_together(sinograms: torch.Tensor, size: int, step: float) -> torch.Tensor:
    count, views, cells = sinograms.shape
    fine = functional.interpolate(sinograms, size=cells * _FINE, mode="linear", align_corners=False)
    fine = functional.pad(fine, (1, 1))
    mirrors = _mirrors(views).to(fine.device)
    angles = (mirrors[0] * (math.pi / views))[:, None]
    offsets = (torch.arange(size, device=fine.device) - (size - 1) / 2) * step * _FINE
    upper = (offsets[: (size + 1) // 2] * angles.sin()).T
    columns = (offsets * angles.cos() + (cells / 2 * _FINE + 1)).T
    # An additional view of zeros stands in where a view has no mirror of its own.
    chosen = torch.cat([fine, fine.new_zeros(count, 1, fine.shape[-1])], dim=1)[:, mirrors]
    # The pixel opposite a pixel lies at the mirrored place of every view.
    table = torch.stack([chosen, chosen.flip(-1)]).permute(3, 4, 0, 2, 1).reshape(-1, 2 * len(mirrors) * count)
    sums = _gathered(table.contiguous(), upper, columns, fine.shape[-1])
    halves = sums.reshape(len(upper), size, 2, len(mirrors), count)
    whole = torch.cat([halves[:, :, 0], halves[: size // 2, :, 1].flip(0, 1)])
    return _unmirrored(whole.permute(2, 3, 0, 1))


def _unmirrored(pictures: torch.Tensor) -> torch.Tensor:
    """Add up the pictures of all mirrors: (mirrors, count, size, size) to (count, size, size)."""
    plain, *mirrored = pictures.unbind()
    if not mirrored:
        return plain
    diagonal, turned, flipped = mirrored
    return torch.stack([plain, diagonal.transpose(1, 2), turned.flip(1).transpose(1, 2), flipped.flip(2)]).sum(0)


def _mirrors(views: int) -> torch.Tensor:
    """Return views that share a map of places: at an angle, 90° less it, 90° more, 180° less; ``views`` for none."""
    if views % 4:
        return torch.arange(views)[None]
    quarter, half = views // 4, views // 2
    first = torch.arange(quarter + 1)
    mirrors = torch.stack([first, half - first, half + first, views - first])
    mirrors[2:, 0] = views
    mirrors[1, quarter] = mirrors[3, quarter] = views
    return mirrors


def _gathered(table: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor, length: int) -> torch.Tensor:
    """Sum over all views what lies at rows + columns of each.

    ``table`` is (views · length, channels); ``rows`` and ``columns`` are (pixels, views); the answer is (rows,
    columns, channels).
    """
    views = rows.shape[1]
    first = torch.arange(views, device=table.device, dtype=torch.int32) * length
    tile = _TILE_CPU if table.device.type == "cpu" else _TILE_GPU
    bands = []
    for top in range(0, len(rows), tile):
        blocks = []
        for left in range(0, len(columns), tile):
            along = columns[left : left + tile]
            places = (rows[top : top + tile, None] + along).clamp_(0, length - 1).int().add_(first)
            sums = functional.embedding_bag(places.view(-1, views), table, mode="sum")
            blocks.append(sums.view(-1, len(along), table.shape[1]))
        bands.append(torch.cat(blocks, dim=1))
    return torch.cat(bands)
