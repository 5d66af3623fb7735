"""Which part of a change is kept: nothing below the card's spatial frequency, but for the floor of magnitudes. Pure.

The anchor gives back what a network took below a spatial frequency, out = y + G(x − y): nothing coarser can be erased
or invented. Slabs are anchored in all three directions, so that only what is coarse along the normal too is held fast.
In magnitude MR noise lifts dark signal; there the coarse part may fall by the Rician floor of the local noise, no more.
"""

from collections.abc import Iterator

import numpy as np

from restoration.card import Card
from restoration.guard.noise import noise_map
from restoration.lowpass import lowpass, lowpass_volume
from restoration.rician import lift
from restoration.volume import BoolArray, FloatArray, Volume


def anchored(change: FloatArray, volume: Volume, card: Card, *, noise: FloatArray | None = None) -> FloatArray:
    """Take the coarse part out of a change.

    Parameters
    ----------
    change
        (slices, rows, columns) float32 [unit of the volume]: what the network changed.
    volume
        The source.
    card
        Names the width of the low-pass; 0 keeps the whole change.
    noise
        `noise_maps` of the source, where the caller has them already.

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32 [unit of the volume]; 0 under padding.
    """
    if volume.padding is not None:
        change = np.where(volume.padding, np.float32(0), change)
    if card.anchor_mm <= 0:
        return change
    if card.scope == "slice":
        coarse = np.stack(list(_slice_by_slice(change, volume, card.anchor_mm)))
    else:
        coarse = lowpass_volume(volume, change, sigma_mm=card.anchor_mm)
    if volume.unit == "signal":
        _leave_the_floor(coarse, volume, noise, card.anchor_mm)
    return np.asarray(change - coarse, np.float32)


def _slice_by_slice(array: FloatArray, volume: Volume, sigma_mm: float) -> Iterator[FloatArray]:
    for index, picture in enumerate(array):
        yield lowpass(picture, sigma_mm=sigma_mm, pixel_mm=volume.pixel_mm, keep=_kept(volume, index))


def _leave_the_floor(coarse: FloatArray, volume: Volume, noise: FloatArray | None, width_mm: float) -> None:
    """Take out of a coarse change, in place, what the floor of magnitudes explains."""
    for index, (before, picture) in enumerate(zip(volume.array, coarse, strict=True)):
        sigma = noise_map(before) if noise is None else noise[index]
        floor = lift(before, sigma, width_mm=width_mm, pixel_mm=volume.pixel_mm, keep=_kept(volume, index))
        picture -= np.clip(picture, -floor, 0)


def _kept(volume: Volume, index: int) -> BoolArray | None:
    return None if volume.padding is None or not volume.padding[index].any() else ~volume.padding[index]
