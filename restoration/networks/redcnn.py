"""RED-CNN, the published residual encoder-decoder for low-dose CT, as a yardstick for other networks. Pure.

Five convolutions and five transposed ones, 5 × 5 without padding, three sums as skips (Chen et al., arXiv 1702.00288).
The paper clips the answer at zero because its pictures lie between 0 and 1; ours are signed, so that nothing is
clipped. The noise map, which every network here is offered, is not looked at: the paper's network is blind.
"""

import torch
from torch import nn
from torch.nn import functional

from restoration.networks.exact import exactly

KERNEL = 5
DEPTH = 5
"""Convolutions on the way down, and as many on the way up."""

SMALLEST_SIDE = DEPTH * (KERNEL - 1) + 1
"""Rows and columns that a picture must have for the convolutions without padding [pixels]."""


class RedCnn(nn.Module):
    """Maps a noisy picture to the picture without noise.

    Parameters
    ----------
    channels
        Channels of every hidden layer; 96 in the paper.
    """

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        inner = [channels] * (DEPTH - 1)
        self.downs = nn.ModuleList(
            nn.Conv2d(before, after, KERNEL) for before, after in zip([1, *inner], [*inner, channels], strict=True)
        )
        self.ups = nn.ModuleList(nn.ConvTranspose2d(channels, after, KERNEL) for after in [*inner, 1])

    def forward(self, image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Remove the noise.

        Parameters
        ----------
        image
            (batch, 1, rows, columns) float32 [network units]: the noisy picture, at least 21 × 21.
        sigma
            Not looked at.

        Returns
        -------
        torch.Tensor
            (batch, 1, rows, columns) float32 [network units].
        """
        skips = []
        features = image
        for index, down in enumerate(self.downs):
            if index % 2 == 0:
                skips.append(features)
            features = functional.relu(exactly(down, features) if index == 0 else down(features))
        for index, up in enumerate(self.ups):
            features = up(features)
            if index % 2 == 0:
                features = features + skips.pop()
            if skips:
                features = functional.relu(features)
        return features
