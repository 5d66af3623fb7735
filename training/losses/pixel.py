"""Pixel-wise distance to the truth. Pure."""

import torch


def l1(answer: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference [network units]; blurs less than the squared one."""
    return (answer - truth).abs().mean()
