"""What every pipeline is to its callers. Pure."""

from typing import Protocol

from restoration.card import Card
from restoration.volume import Volume


class Restorer(Protocol):
    """A loaded pipeline: kept by a worker between jobs."""

    @property
    def card(self) -> Card:
        """What the pipeline promises and where it may be used."""
        ...

    @property
    def provenance(self) -> dict[str, str]:
        """Device, precision, library versions and the digest of the weights."""
        ...

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
            The volume is of another unit or holds values that are no numbers.
        """
        ...
