"""Denoising: anchored to the source, by the strength asked for; slice by slice, or with neighbouring slices. Pure.

Slices of a slice-wise pipeline know nothing of each other, so that tilted stacks and uneven gaps do not matter.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from restoration.card import Card
from restoration.guard.noise import noise_map, noise_maps
from restoration.pipelines.anchor import anchored
from restoration.pipelines.denoiser import Denoiser
from restoration.pipelines.frame import frame_of
from restoration.pipelines.request import check_request
from restoration.volume import FloatArray, Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class Denoising:
    """A `Restorer` around any denoiser.

    Attributes
    ----------
    card
        The pipeline's card.
    denoiser
        A classical filter or a network.
    """

    card: Card
    denoiser: Denoiser

    @property
    def provenance(self) -> dict[str, str]:
        """Device, precision, library versions and the digest of the weights."""
        return {**self.denoiser.provenance, "weights": self.card.weights_sha256 or "classical"}

    def restore(self, volume: Volume, *, strength: float) -> Volume:
        """Denoise a volume; parameters, result and errors are those of `Restorer.restore`."""
        check_request(volume, self.card, strength)
        share = np.float32(self.card.share_at(strength))
        if share == 0:
            return volume.with_array(volume.array)
        noise = noise_maps(volume) if volume.unit == "signal" else None
        change = network_change(self.denoiser, volume, self.card)
        if self.card.change_limit is not None:
            hold(change, volume, self.card.change_limit, noise=noise)
        restored = volume.array + share * anchored(change, volume, self.card, noise=noise)
        if volume.padding is not None:
            restored[volume.padding] = volume.array[volume.padding]
        return volume.with_array(restored)


def hold(change: FloatArray, volume: Volume, limit: float, *, noise: FloatArray | None) -> None:
    """Hold every pixel's change, in place, to what its local noise can explain.

    Noise hardly ever reaches a high multiple of its own deviation. What a network would change more is structure that
    it takes for noise: folds of an ear, a fine plane of fat. The map reads low in very smooth noise and beside blank
    surroundings, so that less of the noise goes there.

    Parameters
    ----------
    change
        (slices, rows, columns) float32 [unit of the volume]: all that the network would change.
    volume
        The source.
    limit
        The largest multiple, above 0.
    noise
        `noise_maps` of the source, where the caller has them already.
    """
    for index, (before, picture) in enumerate(zip(volume.array, change, strict=True)):
        most = np.float32(limit) * (noise_map(before) if noise is None else noise[index])
        np.clip(picture, -most, most, out=picture)


def network_change(denoiser: Denoiser, volume: Volume, card: Card) -> FloatArray:
    """Return all that the network would change.

    Parameters
    ----------
    denoiser
        A classical filter or a network.
    volume
        The source; beyond its ends the outermost slice is repeated.
    card
        Names scale, range and the number of slices that the network sees.

    Returns
    -------
    FloatArray
        (slices, rows, columns) float32 [unit of the volume].
    """
    frame = frame_of(volume, card)
    entered, beyond = frame.into_network(volume.array), card.slab // 2
    padded = np.pad(entered, ((beyond, beyond), (0, 0), (0, 0)), mode="edge")
    slabs = np.moveaxis(sliding_window_view(padded, card.slab, axis=0), -1, 1)
    return frame.change(entered, denoiser(slabs))
