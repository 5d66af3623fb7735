"""What a step learns from, and where it comes from. Pure."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from training.recipe import Planted, Sheets

FloatArray = NDArray[np.float32]

SEEDS = 2**31
"""Number of seeds that degradations are drawn from."""

_RIM = 8
"""Planted things keep this distance from the border of a crop [pixels]."""

_EDGE = 0.5
"""Softness of their edge [pixels]."""

_BEND = (10.0, 200.0)
"""Radius that sheets are bent to [pixels]."""

_REACH = (8.0, 50.0)
"""How far sheets go on from their middle, where they fade [pixels]."""

_FADE = 2.0
_LEAN = 0.5
"""Standard deviation of the tangent that sheets lean by from slice to slice."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Crops measured twice with the same noise, without and with planted structures.

    Attributes
    ----------
    noisy
        (crops, slices, rows, columns) float32 [network units].
    clean
        (crops, 1, rows, columns) float32: truth of the middle slice.
    planted_noisy, planted_clean
        The first crops again with structures planted in the truth; may be fewer than the crops, or none.
    factors
        Enlargement along rows and columns that the crops show: k-space outside it was never measured.
    """

    noisy: torch.Tensor
    clean: torch.Tensor
    planted_noisy: torch.Tensor
    planted_clean: torch.Tensor
    factors: tuple[int, int] = (1, 1)


class BatchSource(Protocol):
    """Yields the batch of a step; the same step always yields the same batch, so that a training can be resumed."""

    def batch(self, step: int) -> Batch:
        """Return the batch of one step."""
        ...


def discs(size: int, planted: Planted, rng: np.random.Generator) -> FloatArray:
    """Draw soft-edged discs of either sign on an empty crop.

    Parameters
    ----------
    size
        Rows and columns [pixels].
    planted
        Count, radius [pixels] and contrast [unit of the data].
    rng
        Source of chance.

    Returns
    -------
    FloatArray
        (size, size) float32 [unit of the data].
    """
    return np.asarray(balls((1, size, size), planted, rng, slice_pixels=np.inf)[0])


def balls(
    shape: tuple[int, int, int], planted: Planted, rng: np.random.Generator, *, slice_pixels: float
) -> FloatArray:
    """Draw soft-edged balls of either sign into an empty slab.

    Parameters
    ----------
    shape
        Slices, rows, columns.
    planted
        Count, radius [pixels] and contrast [unit of the data].
    rng
        Source of chance.
    slice_pixels
        Distance of slices [pixels]; infinite for discs of a single slice.

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32 [unit of the data].
    """
    slices, rows, columns = shape
    slab = np.zeros(shape, np.float32)
    heights = np.arange(slices, dtype=np.float32) - slices // 2
    for _ in range(planted.count):
        row, column = rng.uniform(_RIM, rows - _RIM), rng.uniform(_RIM, columns - _RIM)
        radius, contrast = rng.uniform(*planted.radius), rng.choice((-1, 1)) * rng.uniform(*planted.contrast)
        off = 0.0 if slices == 1 else rng.uniform(-0.8, 0.8) * radius / slice_pixels
        across = np.square(np.arange(rows) - row)[:, None] + np.square(np.arange(columns) - column)
        for index, height in enumerate(heights):
            away = 0.0 if slices == 1 else float(height - off) * slice_pixels
            if abs(away) < radius + 2:
                edge = np.clip((np.sqrt(across + away**2) - radius) / _EDGE, -30, 30)
                slab[index] += np.float32(contrast) / (1 + np.exp(edge)).astype(np.float32)
    return slab


def sheets(
    shape: tuple[int, int, int], how: Sheets, rng: np.random.Generator, *, noise: float, slice_pixels: float
) -> FloatArray:
    """Draw thin bent sheets of either sign into an empty slab: planes of fat, walls, fissures, septa.

    Parameters
    ----------
    shape
        Slices, rows, columns.
    how
        Count, thickness [pixels] and contrast [standard deviations of the noise].
    rng
        Source of chance.
    noise
        The crop's noise [unit of the data]: a sheet too faint for it would be asked for in vain.
    slice_pixels
        Distance of slices [pixels]; infinite for a single slice.

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32 [unit of the data].
    """
    slices, rows, columns = shape
    slab = np.zeros(shape, np.float32)
    heights = np.arange(slices, dtype=np.float32) - slices // 2
    for _ in range(how.count):
        row, column = rng.uniform(_RIM, rows - _RIM), rng.uniform(_RIM, columns - _RIM)
        bend, angle = np.exp(rng.uniform(*np.log(_BEND))), rng.uniform(0, 2 * np.pi)
        half, reach = rng.uniform(*how.width) / 2, rng.uniform(*_REACH)
        contrast, lean = rng.choice((-1, 1)) * rng.uniform(*how.contrast) * noise, rng.normal(0, _LEAN)
        centre = _distance(rows, columns, row + bend * np.sin(angle), column + bend * np.cos(angle))
        fading = _soft(_distance(rows, columns, row, column) - reach, _FADE)
        for index, height in enumerate(heights):
            moved = 0.0 if slices == 1 else lean * float(height) * slice_pixels
            slab[index] += np.float32(contrast) * fading * _soft(np.abs(centre - bend - moved) - half, _EDGE)
    return slab


def _distance(rows: int, columns: int, row: float, column: float) -> FloatArray:
    across = np.square(np.arange(rows, dtype=np.float32) - np.float32(row))
    return np.asarray(
        np.sqrt(across[:, None] + np.square(np.arange(columns, dtype=np.float32) - np.float32(column))), np.float32
    )


def _soft(beyond: FloatArray, width: float) -> FloatArray:
    """Return 1 inside and 0 outside of an edge of that softness."""
    return np.asarray(1 / (1 + np.exp(np.clip(beyond / np.float32(width), -30, 30))), np.float32)


def turned(arrays: tuple[FloatArray, ...], rng: np.random.Generator) -> tuple[FloatArray, ...]:
    """Turn and mirror pictures or slabs alike, by quarter turns."""
    turn, mirror = int(rng.integers(4)), int(rng.integers(2))
    return tuple(np.ascontiguousarray(np.rot90(array, turn, axes=(-2, -1))[..., :: 1 - 2 * mirror]) for array in arrays)


def stacked(crops: list[FloatArray], scale: float, clamp: tuple[float, float] | None) -> torch.Tensor:
    """Return crops as (crops, slices, rows, columns) in network units, clamped to the range the network sees."""
    tensor = torch.from_numpy(np.stack(crops)).float()
    tensor = tensor[:, None] if tensor.ndim == 3 else tensor
    return (tensor if clamp is None else tensor.clamp(*clamp)) / scale
