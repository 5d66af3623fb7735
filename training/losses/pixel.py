"""Pixel-wise distance to the truth. Pure."""

import torch

_STILL = 0.002
"""Energy below which a crop counts as untouched [network units squared]."""


_QUIET = 0.005
"""Noise below which a crop gets no more weight [network units]."""


def l1(answer: torch.Tensor, truth: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """Mean absolute difference [network units] of weighted crops; blurs less than the squared one."""
    return (weights * (answer - truth).abs().mean((1, 2, 3))).mean()


def evened(truth: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """Weigh crops so that each counts as if all had the noise of the mean one.

    Unweighted, what a network does wrong at an edge of a quiet picture is a trifle beside what it leaves of a loud one.

    Parameters
    ----------
    truth, given
        (crops, 1, rows, columns) [network units].

    Returns
    -------
    torch.Tensor
        (crops,) weights.
    """
    noise = (given - truth).abs().mean((1, 2, 3)) + _QUIET
    return noise.mean() / noise


def energy_left(answer: torch.Tensor, truth: torch.Tensor, given: torch.Tensor) -> torch.Tensor:
    """Mean over crops of the energy that the answer is off by, against that of the crop as it was given.

    Where most of what was done to a picture cannot be told from the picture, the absolute difference is least for an
    answer that does nothing; energy rewards the part that can be told, in a slightly moved crop as in a badly moved
    one.

    Parameters
    ----------
    answer, truth, given
        (crops, 1, rows, columns) [network units].

    Returns
    -------
    torch.Tensor
        Scalar, 1 for an answer that does nothing.
    """
    off, before = ((picture - truth).square().mean((1, 2, 3)) for picture in (answer, given))
    return (off / (before + _STILL)).mean()
