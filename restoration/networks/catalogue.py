"""Which networks a card can name, and what running one needs to know. Pure.

A card names a network from this table and gives numbers for its settings; there is no other way to a network, so that
nothing in a bundle is ever code. Settings have limits, so that no card can ask for more memory than a network needs.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

import torch
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import nn

from restoration.errors import BundleError
from restoration.networks.redcnn import SMALLEST_SIDE, RedCnn
from restoration.networks.unet import RestorationUNet

Count = Annotated[int, Field(strict=True, ge=1)]
Channels = Annotated[int, Field(strict=True, ge=1, le=512)]


@dataclass(frozen=True, kw_only=True, eq=False)
class Built:
    """A network without weights (its tensors are on torch's meta device) and the facts of its design.

    Attributes
    ----------
    network
        Maps (batch, slices, rows, columns) and the noise map (batch, 1, rows, columns) to (batch, 1, rows, columns).
    slices
        Neighbouring slices that it sees, an odd number.
    multiple
        Side of its coarsest cell: pictures cut at multiples of it are seen in the same grid [pixels].
    reach
        Farthest pixel that an answer can depend on [pixels].
    smallest
        Shortest side that it takes [pixels].
    features
        Numbers that its widest layer holds for a pixel.
    """

    network: nn.Module
    slices: int
    multiple: int
    reach: int
    smallest: int
    features: int


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _RestorationUNet(_Settings):
    widths: Annotated[tuple[Channels, ...], Field(min_length=1, max_length=6)]
    blocks: Annotated[Count, Field(le=16)]
    fold: Annotated[Count, Field(le=8)]
    slices: Annotated[Count, Field(le=15)] = 1


class _RedCnn(_Settings):
    channels: Channels


def build(settings: object) -> Built:
    """Build the network that a card's ``parameters.network`` describes.

    Parameters
    ----------
    settings
        A mapping of ``name`` to one of `NAMES`, and of the network's settings to numbers.

    Raises
    ------
    BundleError
        There is no such network, or its settings lack a key, hold an unknown one or one out of range.
    """
    if not isinstance(settings, Mapping) or "name" not in settings:
        raise _refused("the card's parameters name no network")
    name = str(settings["name"])
    if name not in _NETWORKS:
        raise _refused(f"network {name!r} is unknown; there are {', '.join(NAMES)}")
    try:
        with torch.device("meta"):
            return _NETWORKS[name]({key: value for key, value in settings.items() if key != "name"})
    except ValidationError as error:
        fault = error.errors()[0]
        key = ".".join(map(str, fault["loc"]))
        raise _refused(f"the settings of network {name}: {key!r}: {fault['msg'].lower()}") from error


def _unet(settings: Mapping[str, object]) -> Built:
    asked = _RestorationUNet.model_validate(settings)
    if asked.slices % 2 == 0:
        raise _refused("the settings of network RestorationUNet: 'slices' must be odd")
    cells = [asked.fold * 2**level for level in range(len(asked.widths))]
    return Built(
        network=RestorationUNet(asked.widths, asked.blocks, asked.fold, asked.slices),
        slices=asked.slices,
        multiple=cells[-1],
        reach=_unet_reach(cells, asked.blocks),
        smallest=1,
        features=max(
            math.ceil(width / cell**2) for width, cell in zip((2 * width for width in asked.widths), cells, strict=True)
        ),
    )


def _unet_reach(cells: list[int], blocks: int) -> int:
    """Every 3 × 3 convolution reaches one cell of its level; answers in one coarsest cell share what it saw."""
    ends = 2 * cells[0]
    sides = sum(4 * blocks * cell for cell in cells[:-1])
    return ends + sides + 2 * blocks * cells[-1] + cells[-1] - 1


def _redcnn(settings: Mapping[str, object]) -> Built:
    asked = _RedCnn.model_validate(settings)
    return Built(
        network=RedCnn(asked.channels),
        slices=1,
        multiple=1,
        reach=SMALLEST_SIDE - 1,
        smallest=SMALLEST_SIDE,
        features=2 * asked.channels,
    )


def _refused(happened: str) -> BundleError:
    return BundleError(happened=happened, subject="network", remedy="Install the bundle again.")


_NETWORKS: Final[Mapping[str, Callable[[Mapping[str, object]], Built]]] = {
    "RestorationUNet": _unet,
    "RedCnn": _redcnn,
}

NAMES: Final = tuple(_NETWORKS)
"""Names that a card can use."""
