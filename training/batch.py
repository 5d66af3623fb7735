"""What a step learns from, and where it comes from. Pure."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from training.recipe import Discs


@dataclass(frozen=True, kw_only=True, eq=False)
class Batch:
    """Crops measured twice with the same noise, without and with planted discs.

    Attributes
    ----------
    noisy, clean
        (crops, 1, rows, columns) float32 [network units].
    planted_noisy, planted_clean
        The same with discs.
    """

    noisy: torch.Tensor
    clean: torch.Tensor
    planted_noisy: torch.Tensor
    planted_clean: torch.Tensor


class BatchSource(Protocol):
    """Yields the batch of a step; the same step always yields the same batch, so that a training can be resumed."""

    def batch(self, step: int) -> Batch:
        """Return the batch of one step."""
        ...


def planted_discs(size: int, discs: Discs, rng: np.random.Generator) -> NDArray[np.float32]:
    """Draw soft-edged discs of either sign on an empty crop.

    Parameters
    ----------
    size
        Rows and columns [pixels].
    discs
        Count, radius [pixels] and contrast [unit of the data].
    rng
        Source of chance.

    Returns
    -------
    NDArray[np.float32]
        (size, size) float32 [unit of the data].
    """
    axis = np.arange(size, dtype=np.float32)
    picture = np.zeros((size, size), np.float32)
    for _ in range(discs.count):
        row, column = rng.uniform(8, size - 8, 2).tolist()
        distance = np.sqrt(np.square(axis - row)[:, None] + np.square(axis - column))
        edge = np.clip((distance - float(rng.uniform(*discs.radius))) / 0.5, -30, 30)
        picture += float(rng.choice((-1, 1)) * rng.uniform(*discs.contrast)) / (1 + np.exp(edge))
    return picture


def stacked(crops: list[NDArray[np.float32]], scale: float, clamp: tuple[float, float] | None) -> torch.Tensor:
    """Return crops as (crops, 1, rows, columns) in network units, clamped to the range the network sees."""
    tensor = torch.from_numpy(np.stack(crops))[:, None].float()
    return (tensor if clamp is None else tensor.clamp(*clamp)) / scale
