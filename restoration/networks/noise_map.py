"""Blind local noise estimate, the same in training and in use. Pure.

Two high-pass scales, because the noise of a soft reconstruction kernel or of interpolated k-space is nearly empty at
the finest one. Averaging the square root of the magnitude instead of the magnitude lets edges, which are rare and
large, weigh little. Differences and window sums are written as sums of shifted pictures, which on a CPU takes a sixth
of the time of the convolution and the pooling that they equal.
"""

import torch
from torch.nn import functional

WINDOW = 33
"""Side of the averaging window at full resolution [pixels]."""

ROOT_MEAN = 0.676
"""Square of the mean of sqrt(|z|) for a standard normal z: (E sqrt|z|)^2 = 0.6760."""

_SPARSE = 4
"""The typical noise is taken from every fourth pixel of a row and a column."""

_KERNEL_NORM = 6.0
"""Gain of the second difference along both axes, (1 -2 1) by (1 -2 1), for white noise."""


def noise_map(image: torch.Tensor) -> torch.Tensor:
    """Estimate the noise standard deviation around every pixel.

    Parameters
    ----------
    image
        (batch, 1, rows, columns) float32 [any unit]; at least 4 × 4.

    Returns
    -------
    torch.Tensor
        Same shape and unit, never negative.
    """
    fine = _level(image, WINDOW)
    coarse = _level(functional.avg_pool2d(image, 2), WINDOW // 2 + 1)
    coarse = functional.interpolate(coarse, size=image.shape[-2:], mode="bilinear", align_corners=False)
    return torch.maximum(fine, coarse)


def limited(sigma: torch.Tensor, times: float) -> torch.Tensor:
    """Hold a noise map below a multiple of its picture's typical noise.

    What is dense and fine everywhere around a pixel looks like noise to a local estimate, and would be removed as such:
    seeds, folia, trabeculae. Noise itself, where it does not follow the signal, differs less from place to place.

    Parameters
    ----------
    sigma
        (batch, 1, rows, columns) float32: noise maps of whole pictures.
    times
        The multiple. Typical is the median over places, weighted by the noise itself, so that an empty background does
        not count.

    Returns
    -------
    torch.Tensor
        Same shape and unit.
    """
    sparse = sigma[..., ::_SPARSE, ::_SPARSE].flatten(1).sort(dim=1).values
    summed = sparse.cumsum(dim=1)
    half = torch.searchsorted(summed, summed[:, -1:] / 2).clamp(max=sparse.shape[1] - 1)
    return torch.minimum(sigma, times * sparse.gather(1, half)[:, :, None, None])


def _level(image: torch.Tensor, window: int) -> torch.Tensor:
    """Noise seen by the second-difference filter (unit gain for white noise), averaged over a window."""
    wide = functional.pad(image, (1, 1, 1, 1), mode="reflect")
    rows = wide[..., :-2, :] - 2 * wide[..., 1:-1, :] + wide[..., 2:, :]
    detail = (rows[..., :-2] - 2 * rows[..., 1:-1] + rows[..., 2:]).abs() / _KERNEL_NORM
    return _local_mean(_local_mean(detail.sqrt(), window, -2), window, -1).square() / ROOT_MEAN


def _local_mean(image: torch.Tensor, window: int, axis: int) -> torch.Tensor:
    """Mean along an axis over the part of the window that lies inside the picture."""
    half, length = window // 2, image.shape[axis]
    margin = (0, 0, half, half) if axis == -2 else (half, half)
    inside = torch.arange(length, device=image.device)
    count = (inside + half).clamp(max=length - 1) - (inside - half).clamp(min=0) + 1
    total = _window_sum(functional.pad(image, margin), window, axis)
    return total / (count[:, None] if axis == -2 else count).to(image.dtype)


def _window_sum(image: torch.Tensor, window: int, axis: int) -> torch.Tensor:
    """Sum of every whole window along an axis, from sums over powers of two that each come from the one before."""
    length = image.shape[axis] - window + 1
    total, offset, power, sums = torch.zeros(()).to(image), 0, 1, image
    while True:
        if window & power:
            total = total + sums.narrow(axis, offset, length)
            offset += power
        if 2 * power > window:
            return total
        shorter = sums.shape[axis] - power
        sums = sums.narrow(axis, 0, shorter) + sums.narrow(axis, power, shorter)
        power *= 2
