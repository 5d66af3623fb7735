"""The default restoration network: a folded, bias-free residual U-Net conditioned on a noise map. Pure.

Plain 3 × 3 convolutions behind a pixel-unshuffle, no normalisation (it would destroy the means), sums as skips (after
DRUNet, Zhang et al., doi:10.1109/TPAMI.2021.3088914). Without bias terms a ReLU network is positively homogeneous,
f(s·x, s·σ) = s·f(x, σ), so that it serves noise levels it was not trained at (Mohan et al., ICLR 2020).
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional

from restoration.networks.exact import exactly


class ResidualBlock(nn.Module):
    """Two convolutions whose answer is added to the input.

    Parameters
    ----------
    width
        Channels in and out.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.second = nn.Conv2d(width, width, 3, padding=1, bias=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """Return (batch, width, rows, columns)."""
        answer: torch.Tensor = self.second(functional.relu(self.first(features)))
        return features + answer


class RestorationUNet(nn.Module):
    """Maps a noisy picture, its neighbours and its noise map to the picture without the noise it predicts.

    Parameters
    ----------
    widths
        Channels per level, finest first.
    blocks
        Residual blocks per level and side.
    fold
        Factor of the pixel-unshuffle before the first convolution.
    slices
        Odd number of neighbouring slices that are seen; the middle one is answered.
    """

    def __init__(self, widths: Sequence[int] = (32, 64, 96), blocks: int = 1, fold: int = 2, slices: int = 1) -> None:
        super().__init__()
        self.fold = fold
        self.middle = slices // 2
        self.multiple = fold * 2 ** (len(widths) - 1)
        steps = list(pairwise(widths))
        self.head = nn.Conv2d((slices + 1) * fold**2, widths[0], 3, padding=1, bias=False)
        self.encoders = nn.ModuleList(_stack(width, blocks) for width in widths[:-1])
        self.downs = nn.ModuleList(nn.Conv2d(upper, lower, 2, 2, bias=False) for upper, lower in steps)
        self.bottom = _stack(widths[-1], blocks)
        self.ups = nn.ModuleList(nn.ConvTranspose2d(lower, upper, 2, 2, bias=False) for upper, lower in steps)
        self.decoders = nn.ModuleList(_stack(width, blocks) for width in widths[:-1])
        self.tail = nn.Conv2d(widths[0], fold**2, 3, padding=1, bias=False)

    def forward(self, image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        """Remove the predicted noise.

        Parameters
        ----------
        image
            (batch, slices, rows, columns) float32 [network units]: the noisy picture between its neighbours.
        sigma
            (batch, 1, rows, columns) float32 [network units]: noise map of the middle slice.

        Returns
        -------
        torch.Tensor
            (batch, 1, rows, columns) float32 [network units].
        """
        rows, columns = image.shape[-2:]
        margin = (0, -columns % self.multiple, 0, -rows % self.multiple)
        both = functional.pad(torch.cat((image, sigma), dim=1), margin, mode="replicate")
        noise = functional.pixel_shuffle(self._body(functional.pixel_unshuffle(both, self.fold)), self.fold)
        return image[:, self.middle : self.middle + 1] - noise[..., :rows, :columns]

    def _body(self, folded: torch.Tensor) -> torch.Tensor:
        features = first = exactly(self.head, folded)
        skips: list[torch.Tensor] = []
        for encoder, down in zip(self.encoders, self.downs, strict=True):
            features = encoder(features)
            skips.append(features)
            features = down(features)
        features = self.bottom(features)
        for up, decoder, skip in reversed(list(zip(self.ups, self.decoders, skips, strict=True))):
            features = decoder(up(features) + skip)
        answer: torch.Tensor = self.tail(features + first)
        return answer


def _stack(width: int, blocks: int) -> nn.Sequential:
    return nn.Sequential(*(ResidualBlock(width) for _ in range(blocks)))
