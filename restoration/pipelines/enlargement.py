"""Super-resolution in plane: what was measured stays, what was never measured is predicted. Pure."""

from dataclasses import dataclass

import numpy as np

from restoration.card import Card
from restoration.kspace_grid import cropped, enlarged, zero_filled
from restoration.pipelines.denoiser import Denoiser
from restoration.pipelines.denoising import network_change
from restoration.pipelines.request import check_request
from restoration.volume import Volume


@dataclass(frozen=True, kw_only=True, eq=False)
class Enlargement:
    """A `Restorer` whose result has `card.factor` times the rows and columns.

    Attributes
    ----------
    card
        The pipeline's card.
    denoiser
        Sees the zero-filled picture.
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
            Finer in plane; pixel i of the source is pixel factor · i. Cut to the source's k-space it is the source.

        Raises
        ------
        InputError
            As in `Restorer.restore`.
        """
        check_request(volume, self.card, strength)
        fine = enlarged(volume, self.card.factor)
        share, factors = np.float32(self.card.share_at(strength)), (self.card.factor, self.card.factor)
        if share == 0:
            return fine
        change = network_change(self.denoiser, fine, self.card)
        return fine.with_array(fine.array + share * (change - zero_filled(cropped(change, factors), factors)))
