"""Keeps what a scanner measured: an enlarged picture may differ from its source only outside measured k-space. Pure."""

import torch

from restoration.physics.mr_truncation import enlarged, reduced


def measured_kept(answer: torch.Tensor, seen: torch.Tensor, factors: tuple[int, int]) -> torch.Tensor:
    """Put the measured frequencies of a zero-filled picture back into an answer.

    Parameters
    ----------
    answer
        (batch, 1, rows, columns) float32: what a network made of it.
    seen
        Same shape: the picture on the fine grid, empty outside its measured frequencies.
    factors
        Enlargement along rows and columns, which are multiples of it; (1, 1) measured everything there is to see and
        returns the answer.

    Returns
    -------
    torch.Tensor
        Same shape: seen plus that part of the change which nothing was measured of.
    """
    if factors == (1, 1):
        return answer
    change = answer - seen
    return seen + change - enlarged(reduced(change, factors), factors)
