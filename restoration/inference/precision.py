"""In which precision a network runs on a device: bfloat16 where the hardware multiplies it, else float32. Pure."""

import enum

import torch


class Precision(enum.Enum):
    """Number format of the network's activations; the picture itself always travels in float32."""

    BFLOAT16 = "bfloat16"
    FLOAT32 = "float32"


def precision_on(device: torch.device) -> Precision:
    """Return the fastest precision whose error stays far below the noise.

    A CPU without AMX and AVX512-BF16 emulates bfloat16 and is slower in it than in float32.
    """
    if device.type == "cuda":
        multiplies = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        multiplies = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return Precision.BFLOAT16 if multiplies else Precision.FLOAT32
