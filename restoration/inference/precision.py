"""In which precision a network runs: bfloat16 where the hardware multiplies it and it is exact enough. Pure.

Layers that see the picture itself stay in float32: bfloat16 has 8 bits, so that air at −1000 HU would be rounded to
8 HU, and the noise in it with it. The rest is tried at load on broad steps over the card's range of values, under its
quietest and its loudest noise, and float32 is taken where the difference is neither far below the card's anchor bound
nor lost in the noise.
"""

import enum
from collections.abc import Callable, Sequence

import torch

from restoration.card import Card
from restoration.networks.noise_map import noise_map

SHARE_OF_BOUND = 0.2
"""Largest root-mean-square error of bfloat16, as a share of the card's anchor bound."""

SHARE_OF_NOISE = 0.01
"""The same as a share of the picture's noise: beside it a hundredth is nothing, and the loudest noise asks for more."""

_PROBE_SIDE = 128
_SHARES = (0.0, 0.5, 2.0)
"""Values of the steps where the card has no clamp, as shares of the reference level."""


class Precision(enum.Enum):
    """Number format of the network's activations; the picture itself always travels in float32."""

    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


def multiplies_bfloat16(device: torch.device) -> bool:
    """Tell whether the hardware does: a CPU without AMX and AVX512-BF16 emulates it, slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def chosen_precision(
    card: Card,
    run: Callable[[torch.Tensor, torch.Tensor, Precision], torch.Tensor],
    *,
    slices: int,
    device: torch.device,
) -> Precision:
    """Return the fastest precision that keeps the card's bound.

    Parameters
    ----------
    card
        Its bounds of noise and anchor and its ``scale`` say what is exact enough; without a scale nothing can be said.
    run
        Runs the network on the device.
    slices
        That the network sees.
    device
        Where it runs.
    """
    scale = card.parameters.get("scale")
    if not multiplies_bfloat16(device) or not isinstance(scale, int | float) or scale <= 0:
        return Precision.FLOAT32
    for noise in card.bounds.noise:
        allowed = max(SHARE_OF_BOUND * card.bounds.anchor, SHARE_OF_NOISE * noise) / scale
        image = _probe([level / scale for level in _levels(card)], noise / scale, slices).to(device)
        sigma = noise_map(image[:, slices // 2 : slices // 2 + 1])
        error = run(image, sigma, Precision.BFLOAT16) - run(image, sigma, Precision.FLOAT32)
        if not float(error.square().mean().sqrt()) <= allowed:
            return Precision.FLOAT32
    return Precision.BFLOAT16


def _levels(card: Card) -> tuple[float, ...]:
    clamp = card.parameters.get("clamp")
    return (float(clamp[0]), 0.0, float(clamp[1])) if isinstance(clamp, list | tuple) and len(clamp) == 2 else _SHARES


def _probe(levels: Sequence[float], noise: float, slices: int) -> torch.Tensor:
    """(1, slices, rows, columns) float32 [network units]: steps under white noise, the same at every call."""
    generator = torch.Generator().manual_seed(0)
    steps = torch.tensor(levels).repeat_interleave(-(-_PROBE_SIDE // len(levels)))[:_PROBE_SIDE]
    return steps + noise * torch.randn(1, slices, _PROBE_SIDE, _PROBE_SIDE, generator=generator)
