"""Cuts pictures that are too large to be run whole into tiles that agree with the whole. Pure.

A tile is cut at multiples of the network's coarsest cell, with as much of its surroundings as the network can see; only
its core is kept. Each kept pixel has then seen what it sees in the whole picture, so that nothing has to be blended.
"""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

LARGEST_SIDE = 1024
"""Longest side that is run whole [pixels]."""

Network = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """How a network may be cut.

    Attributes
    ----------
    multiple
        Where tiles may begin: side of the network's coarsest cell [pixels].
    reach
        Farthest pixel that an answer can depend on [pixels].
    """

    multiple: int
    reach: int

    @property
    def halo(self) -> int:
        """Rim of a tile that is seen but not kept [pixels]."""
        return _up(self.reach, self.multiple)

    @property
    def smallest_side(self) -> int:
        """Side of the smallest tile that is worth it: half of it is kept in each direction [pixels]."""
        return 4 * self.halo


def run(
    network: Network, image: torch.Tensor, sigma: torch.Tensor, *, grid: Grid, side: int = LARGEST_SIDE
) -> torch.Tensor:
    """Run a network on pictures of any size.

    Parameters
    ----------
    network
        Maps pictures and noise maps to answers.
    image
        (batch, slices, rows, columns) float32 [network units].
    sigma
        (batch, 1, rows, columns) float32 [network units].
    grid
        How the network may be cut.
    side
        Longest side of what the network is given, at least ``grid.smallest_side`` [pixels].

    Returns
    -------
    torch.Tensor
        (batch, 1, rows, columns) float32 [network units].
    """
    rows, columns = image.shape[-2:]
    if max(rows, columns) <= side:
        return network(image, sigma)
    answer = torch.empty_like(sigma)
    spans = itertools.product(_spans(rows, grid, side), _spans(columns, grid, side))
    for (seen_rows, kept_rows), (seen_columns, kept_columns) in spans:
        seen = (..., slice(*seen_rows), slice(*seen_columns))
        tile = network(image[seen], sigma[seen])
        top, left = kept_rows[0] - seen_rows[0], kept_columns[0] - seen_columns[0]
        height, width = kept_rows[1] - kept_rows[0], kept_columns[1] - kept_columns[0]
        answer[..., slice(*kept_rows), slice(*kept_columns)] = tile[..., top : top + height, left : left + width]
    return answer


def _spans(length: int, grid: Grid, side: int) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Yield what a tile sees and what is kept of it along an axis, as first and last-but-one pixel."""
    if length <= side:
        yield (0, length), (0, length)
        return
    core = (side - 2 * grid.halo) // grid.multiple * grid.multiple
    step = _up(-(-length // -(-length // core)), grid.multiple)
    for first in range(0, length, step):
        last = min(first + step, length)
        yield (max(first - grid.halo, 0), min(last + grid.halo, length)), (first, last)


def _up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
