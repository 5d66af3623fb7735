"""Super-resolution in plane or through plane: what was measured stays, what never was is predicted. Pure."""

from dataclasses import dataclass

import numpy as np

from restoration.card import Card
from restoration.errors import InputError
from restoration.kspace_grid import coarsened, enlarged, refined
from restoration.pipelines.denoiser import Denoiser
from restoration.pipelines.denoising import network_change
from restoration.pipelines.request import check_request
from restoration.pipelines.through_plane import change_along_slices
from restoration.volume import FloatArray, Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class Enlargement:
    """A `Restorer` whose result is finer by `card.factors`.

    Attributes
    ----------
    card
        The pipeline's card.
    denoiser
        Sees zero-filled pictures: the slices, or cuts through the stack where slices are added.
    """

    card: Card
    denoiser: Denoiser

    @property
    def provenance(self) -> dict[str, str]:
        """Device, precision, library versions and the digest of the weights."""
        return {**self.denoiser.provenance, "weights": self.card.weights_sha256}

    def restore(self, volume: Volume, *, strength: float) -> Volume:
        """Enlarge a volume.

        Parameters
        ----------
        volume
            Source in the card's unit.
        strength
            0 to 100 [percent]: share of the predicted detail; 0 is interpolation by zeros around k-space.

        Returns
        -------
        Volume
            Finer in plane, or with new slices between the measured ones; voxel i of the source is voxel factor · i.
            Cut to the source's k-space it is the source: through plane that of the stack mirrored at its ends
            (`restoration.kspace_grid`). Measured slices change too, as they become thinner.

        Raises
        ------
        InputError
            As in `Restorer.restore`; or slices are to be added to a single one.
        """
        check_request(volume, self.card, strength)
        self._check_slices(volume)
        fine = enlarged(volume, self.card.factors)
        share, factors = np.float32(self.card.share_at(strength)), self.card.factors
        if share == 0:
            return fine
        change = self._change(fine)
        return fine.with_array(fine.array + share * (change - refined(coarsened(change, factors), factors)))

    def _change(self, fine: Volume) -> FloatArray:
        if self.card.factors[0] > 1:
            return change_along_slices(self.denoiser, fine, self.card)
        return network_change(self.denoiser, fine, self.card)

    def _check_slices(self, volume: Volume) -> None:
        if self.card.factors[0] > 1 and len(volume.array) < 2:
            raise InputError(
                happened="it has one slice, and there is nothing between its slices",
                subject="volume",
                remedy="Give the whole acquisition.",
            )
