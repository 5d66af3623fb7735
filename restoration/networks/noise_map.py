"""Blind local noise estimate, the same in training and in use. Pure.

Two high-pass scales, because the noise of a soft reconstruction kernel or of interpolated k-space is nearly empty at
the finest one. Averaging the square root of the magnitude instead of the magnitude lets edges, which are rare and
large, weigh little.
"""

import torch
from torch.nn import functional

WINDOW = 33
"""Side of the averaging window at full resolution [pixels]."""

ROOT_MEAN = 0.676
"""Square of the mean of sqrt(|z|) for a standard normal z: (E sqrt|z|)^2 = 0.6760."""

_KERNEL = ((1.0, -2.0, 1.0), (-2.0, 4.0, -2.0), (1.0, -2.0, 1.0))
_KERNEL_NORM = 6.0


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


def _level(image: torch.Tensor, window: int) -> torch.Tensor:
    """Noise seen by the second-difference filter (unit gain for white noise), averaged over a window."""
    kernel = torch.tensor(_KERNEL, dtype=image.dtype, device=image.device)[None, None] / _KERNEL_NORM
    detail = functional.conv2d(functional.pad(image, (1, 1, 1, 1), mode="reflect"), kernel).abs()
    return _local_mean(detail.sqrt(), window).square() / ROOT_MEAN


def _local_mean(image: torch.Tensor, window: int) -> torch.Tensor:
    """Box mean over the part of the window that lies inside the picture."""
    half = window // 2
    rows = functional.avg_pool2d(image, (window, 1), 1, (half, 0), count_include_pad=False)
    return functional.avg_pool2d(rows, (1, window), 1, (0, half), count_include_pad=False)
