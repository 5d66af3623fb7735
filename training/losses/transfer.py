"""Contrast transfer: what is added to the object must come out of the network. Pure.

A network trained on pixel distance alone erases small low-contrast lesions at a splendid PSNR, because they are a
vanishing share of the loss. Showing it the same noise without and with planted discs isolates them.
"""

import torch


def contrast_transfer(
    answer: torch.Tensor,
    planted_answer: torch.Tensor,
    truth: torch.Tensor,
    planted_truth: torch.Tensor,
    weights: torch.Tensor,
) -> torch.Tensor:
    """Mean absolute difference between the change of the answer and the change of the truth.

    Parameters
    ----------
    answer, planted_answer
        Network output without and with what was planted, same noise [network units].
    truth, planted_truth
        Truth without and with what was planted [network units].
    weights
        (crops,) weight of each crop.

    Returns
    -------
    torch.Tensor
        Scalar [network units].
    """
    off = ((planted_answer - answer) - (planted_truth - truth)).abs()
    return (weights * off.mean((1, 2, 3))).mean()
