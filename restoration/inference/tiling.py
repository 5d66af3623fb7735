"""Runs a network on pictures of any size: whole up to 1024 × 1024, above that in overlapping tiles. Pure."""

from collections.abc import Callable
from typing import cast

import torch
from torch.nn import functional

LARGEST_SIDE = 1024
"""Longest side that is run whole [pixels]; also the side of a tile."""

OVERLAP = 0.25
"""Share of a tile that its neighbour repeats."""

MARGIN = 64
"""Rim of a tile that does not count where a neighbour knows better: more than the reach of the networks [pixels]."""

_MULTIPLE = 8
"""Tiles begin at multiples of this, the networks' coarsest grid, so that grids agree between tiles [pixels]."""

_RIM_WEIGHT = 1e-6
"""Not 0: along the picture's own border rims are all there is."""

Network = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def run(network: Network, image: torch.Tensor, sigma: torch.Tensor, *, side: int = LARGEST_SIDE) -> torch.Tensor:
    """Denoise one picture.

    Parameters
    ----------
    network
        Maps picture and noise map to the denoised picture.
    image, sigma
        (1, 1, rows, columns) float32 [network units].
    side
        Side above which tiles are used, a multiple of 128 [pixels].

    Returns
    -------
    torch.Tensor
        (1, 1, rows, columns) float32 [network units].
    """
    if max(image.shape[-2:]) <= side:
        return network(image, sigma)
    # MONAI takes seconds to import, and pictures this large are rare.
    from monai.inferers.utils import sliding_window_inference

    rows, columns = image.shape[-2:]
    margin = (0, -columns % _MULTIPLE, 0, -rows % _MULTIPLE)
    both = functional.pad(torch.cat((image, sigma), dim=1), margin, mode="replicate")
    # A tile longer than the picture would make MONAI pad it, and the picture's border would be another one.
    tile = tuple(min(side, length) for length in both.shape[-2:])
    tiled = sliding_window_inference(
        both, tile, 1, lambda part: network(part[:, :1], part[:, 1:]), overlap=OVERLAP, roi_weight_map=_weights(tile)
    )
    return cast(torch.Tensor, tiled)[..., :rows, :columns]


def _weights(tile: tuple[int, ...]) -> torch.Tensor:
    """(rows, columns) float32: 1 inside, next to nothing on the rim; per axis, since a border spoils one axis only."""
    return torch.outer(*(_axis_weights(length) for length in tile))


def _axis_weights(length: int) -> torch.Tensor:
    weights = torch.full((length,), _RIM_WEIGHT)
    weights[MARGIN:-MARGIN] = 1
    return weights
