"""The way of every denoising pipeline: slice by slice, anchored to the source, by the strength asked for. Pure.

The anchor gives back what the denoiser took below a spatial frequency, out = y + G(x − y); the strength is a share of
that result. Slices know nothing of each other, so that tilted stacks and uneven gaps do not matter.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from restoration.card import Card
from restoration.errors import InputError
from restoration.lowpass import lowpass
from restoration.pipelines.denoiser import Denoiser
from restoration.pipelines.frame import Frame
from restoration.volume import FloatArray, Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class SlicewiseRestorer:
    """A `Restorer` around any denoiser of slices.

    Attributes
    ----------
    card
        The pipeline's card.
    denoiser
        A classical filter or a network.
    frame_of
        Scale and range for a volume (`restoration.pipelines.ct`, `restoration.pipelines.mr`).
    """

    card: Card
    denoiser: Denoiser
    frame_of: Callable[[Volume, Card], Frame]

    @property
    def provenance(self) -> dict[str, str]:
        """Device, precision, library versions and the digest of the weights."""
        return {**self.denoiser.provenance, "weights": self.card.weights_sha256 or "classical"}

    def restore(self, volume: Volume, *, strength: float) -> Volume:
        """Restore slice by slice.

        Parameters
        ----------
        volume
            Source in the card's unit.
        strength
            0 to 100 [percent]; 0 returns the source.

        Returns
        -------
        Volume
            Same grid and unit; padding unchanged to the bit.

        Raises
        ------
        InputError
            The volume is of another unit or holds values that are no numbers, or the strength is out of range.
        """
        self._check(volume, strength)
        share = np.float32(strength / 100 * self.card.full_share)
        if share == 0:
            return volume.with_array(volume.array)
        frame = self.frame_of(volume, self.card)
        restored = np.empty(volume.array.shape, np.float32)
        for index, source in enumerate(volume.array):
            restored[index] = source + share * self._anchored_change(volume, index, frame)
        if volume.padding is not None:
            restored[volume.padding] = volume.array[volume.padding]
        return volume.with_array(restored)

    def _anchored_change(self, volume: Volume, index: int, frame: Frame) -> FloatArray:
        entered = frame.into_network(volume.array[index])
        change = frame.change(entered, self.denoiser(entered))
        keep = None if volume.padding is None or not volume.padding[index].any() else ~volume.padding[index]
        if keep is not None:
            change = np.where(keep, change, np.float32(0))
        if self.card.anchor_mm <= 0:
            return change
        return change - lowpass(change, sigma_mm=self.card.anchor_mm, pixel_mm=volume.pixel_mm, keep=keep)

    def _check(self, volume: Volume, strength: float) -> None:
        if volume.unit != self.card.unit:
            raise InputError(
                happened=f"the volume is in {volume.unit}, the pipeline {self.card.name} takes {self.card.unit}",
                subject="volume",
                remedy="Choose a pipeline for this modality.",
            )
        if not np.isfinite(volume.array).all():
            raise InputError(
                happened="it holds values that are no numbers", subject="volume", remedy="Look at the source's pixels."
            )
        if not 0 <= strength <= 100:
            raise InputError(
                happened=f"strength {strength:g} is out of range", subject=self.card.name, remedy="Give 0 to 100."
            )
