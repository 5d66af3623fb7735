"""The layer that sees the picture itself stays in float32 where others are rounded to bfloat16. Pure."""

from typing import cast

import torch
from torch import nn


def exactly(layer: nn.Module, picture: torch.Tensor) -> torch.Tensor:
    """Run a layer in float32 under any autocast.

    A picture's level can be a thousand times its noise: eight bits of −1000 HU are off by 1 HU.

    Parameters
    ----------
    layer
        A network's first layer.
    picture
        (batch, channels, rows, columns) [network units].
    """
    with torch.autocast(picture.device.type, enabled=False):
        return cast(torch.Tensor, layer(picture.float()))
