"""What a network of single pictures predicts along the slice axis: it sees cuts through the stack. Pure.

Every voxel lies in two cuts that hold the slice axis, slice × column and slice × row; the two answers are averaged.
Beyond its first and last slice the stack is mirrored, as it was when slices were added.
"""

from typing import Final

import numpy as np

from restoration.card import Card
from restoration.pipelines.denoiser import Denoiser
from restoration.pipelines.frame import frame_of
from restoration.volume import FloatArray, Volume

_BEYOND: Final = 8
"""Slices that the network sees beyond either end: its coarsest cell; even, so that measured slices stay the even ones,
as where it was trained."""

_AT_ONCE: Final = 32
"""Cuts that are copied at once; how many of them are run at once is the denoiser's business."""


def change_along_slices(denoiser: Denoiser, volume: Volume, card: Card) -> FloatArray:
    """Return all that the network would change.

    Parameters
    ----------
    denoiser
        A network of single pictures.
    volume
        The source with new slices, at least two of them.
    card
        Names scale and range.

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32 [unit of the volume].
    """
    frame = frame_of(volume, card)
    change = np.zeros_like(volume.array)
    for axis in (1, 2):
        cuts, answers = np.moveaxis(volume.array, axis, 0), np.moveaxis(change, axis, 0)
        for first in range(0, len(cuts), _AT_ONCE):
            part = slice(first, first + _AT_ONCE)
            around = ((0, 0), (_BEYOND, _BEYOND), (0, 0))
            entered = np.pad(frame.into_network(cuts[part]), around, mode="reflect")
            answers[part] += frame.change(entered, denoiser(entered[:, None]))[:, _BEYOND:-_BEYOND] / 2
    return change
