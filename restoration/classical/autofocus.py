"""Motion correction of a magnitude picture by autofocus: the translations that make its gradients fewest. Pure.

D. Atkinson et al., doi:10.1109/42.650886 (entropy as the focus), K. P. McGee et al., J. Magn. Reson. Imaging 11 (2000)
174 (entropy of the gradient). Segments of k-space's lines are moved by gradient descent, few at first and then more.
Without its phase a magnitude's k-space is symmetric and holds the motion only in part: a baseline, not a remedy.
"""

import numpy as np
import torch

from restoration.volume import FloatArray

STIFFNESS = 0.05
"""Cost of a mean square shift of one pixel, in units of entropy."""

_SEGMENTS = (3, 8, 16, 32)
"""Segments from the middle of k-space to its end, round after round."""
_STEPS = 60
_RATE = 0.05
"""Step of the descent [pixels]."""
_SMOOTHING = 0.03
"""Softens the gradient's magnitude near 0, as a share of its largest."""
_TINY = 1e-30


def autofocus(picture: FloatArray, *, phase_axis: int = 0, stiffness: float = STIFFNESS) -> FloatArray:
    """Correct in-plane translations between segments of lines.

    Parameters
    ----------
    picture
        (rows, columns) float32 [signal].
    phase_axis
        Axis whose lines were acquired one after another: 0 for rows, 1 for columns.
    stiffness
        Cost of a mean square shift of one pixel: the more, the less is moved.

    Returns
    -------
    FloatArray
        (rows, columns) float32 [signal]; the picture itself where no translation lowers the cost.
    """
    turned = np.ascontiguousarray(picture if phase_axis == 0 else picture.T, np.float32)
    focus = _Focus(torch.from_numpy(turned), stiffness)
    shifts = still = torch.zeros(len(turned), 2)
    for segments in _SEGMENTS:
        shifts = _descended(focus, shifts, segments)
    if float(focus.cost(shifts)) >= float(focus.cost(still)):
        return picture
    answer = focus.moved(shifts).numpy()
    return np.ascontiguousarray(answer if phase_axis == 0 else answer.T)


class _Focus:
    """A picture's k-space, and what it costs to move its lines by (lines, 2) shifts [pixels]."""

    def __init__(self, picture: torch.Tensor, stiffness: float) -> None:
        self._measured = torch.fft.fft2(picture)
        self._stiffness = stiffness
        self.frequency = torch.fft.fftfreq(len(picture))
        self._across = torch.fft.fftfreq(picture.shape[1])
        energy = self._measured.abs().square()
        energy[0, 0] = 0
        self._weight = (energy.sum(dim=1, keepdim=True) + _TINY) / (energy.sum() + _TINY * len(energy))

    def moved(self, shifts: torch.Tensor) -> torch.Tensor:
        """Return the (rows, columns) magnitude."""
        # The focus does not say where the picture lies: as a whole it stays where it was.
        settled = shifts - (self._weight * shifts).sum(dim=0)
        turns = self.frequency[:, None] * settled[:, :1] + self._across * settled[:, 1:]
        picture: torch.Tensor = torch.fft.ifft2(
            self._measured * torch.polar(torch.ones_like(turns), 2 * torch.pi * turns)
        ).abs()
        return picture

    def cost(self, shifts: torch.Tensor) -> torch.Tensor:
        """Return the entropy of the gradient, and the price of the shifts."""
        return _gradient_entropy(self.moved(shifts)) + self._stiffness * shifts.square().mean()


def _descended(focus: _Focus, start: torch.Tensor, segments: int) -> torch.Tensor:
    """Move the segments, those of both signs alike; return the best shifts on the way."""
    segment = (focus.frequency.abs() * 2 * segments).long().clamp(max=segments - 1)
    steps = torch.zeros(segments, 2, requires_grad=True)
    optimiser = torch.optim.Adam([steps], lr=_RATE)
    best, shifts = float("inf"), start
    for _ in range(_STEPS):
        tried = start + steps[segment]
        cost = focus.cost(tried)
        if float(cost.detach()) < best:
            best, shifts = float(cost.detach()), tried.detach()
        optimiser.zero_grad()
        torch.autograd.backward(cost)
        optimiser.step()
    return shifts


def _gradient_entropy(picture: torch.Tensor) -> torch.Tensor:
    """Entropy of the gradient's magnitude: least where the gradient is gathered in few pixels."""
    down = picture[1:, :-1] - picture[:-1, :-1]
    right = picture[:-1, 1:] - picture[:-1, :-1]
    power = down.square() + right.square()
    size = (power + _SMOOTHING**2 * power.detach().max() + _TINY).sqrt()
    share = size / size.sum()
    return -(share * share.log()).sum()
