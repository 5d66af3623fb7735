"""Motion correction of magnitude pictures: for review, and silent where nothing moved. Pure.

A slice whose predicted change is as small as that of still pictures is not changed at all; between the card's two
bounds the change fades in.
"""

from dataclasses import dataclass

import numpy as np

from restoration.card import Card
from restoration.errors import BundleError
from restoration.levels import reference_level
from restoration.pipelines.anchor import anchored
from restoration.pipelines.denoiser import Denoiser
from restoration.pipelines.denoising import network_change
from restoration.pipelines.request import check_request
from restoration.volume import FloatArray, Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class MotionCorrection:
    """A `Restorer` that suppresses what rigid motion between k-space lines left.

    Attributes
    ----------
    card
        The pipeline's card; its parameter ``still`` holds the two bounds [share of the bright signal].
    denoiser
        The network.
    """

    card: Card
    denoiser: Denoiser

    @property
    def provenance(self) -> dict[str, str]:
        """Device, precision, library versions and the digest of the weights."""
        return {**self.denoiser.provenance, "weights": self.card.weights_sha256}

    def restore(self, volume: Volume, *, strength: float) -> Volume:
        """Correct a volume; parameters, result and errors are those of `Restorer.restore`."""
        check_request(volume, self.card, strength)
        share = np.float32(self.card.share_at(strength))
        if share == 0:
            return volume.with_array(volume.array)
        change = anchored(network_change(self.denoiser, volume, self.card), volume, self.card)
        moved = self._moved(change / np.float32(reference_level(volume)))
        return volume.with_array(volume.array + share * moved[:, None, None] * change)

    def _moved(self, change: FloatArray) -> FloatArray:
        """How much of its change each slice gets, 0 to 1."""
        bounds = self.card.parameters.get("still")
        if not isinstance(bounds, list | tuple) or len(bounds) != 2:
            raise BundleError(
                happened="the card names no bounds for still pictures",
                subject=self.card.name,
                remedy="Install the bundle again.",
            )
        still, moving = (float(bound) for bound in bounds)
        size = np.sqrt(np.mean(np.square(change), axis=(1, 2)))
        return np.asarray(np.clip((size - still) / (moving - still), 0, 1), np.float32)
