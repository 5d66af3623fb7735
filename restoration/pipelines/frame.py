"""How values are handed to a network: scaled without a shift, and cut to the range it knows. Pure."""

import math
from dataclasses import dataclass

import numpy as np

from restoration.card import Card
from restoration.errors import BundleError
from restoration.levels import reference_level
from restoration.volume import FloatArray, Volume


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A linear scale with a range.

    Attributes
    ----------
    scale
        Physical units per network unit.
    lowest, highest
        Range that the network sees [physical units]; what lies outside keeps its distance to the range.
    """

    scale: float
    lowest: float
    highest: float

    def into_network(self, array: FloatArray) -> FloatArray:
        """Clamp and scale an array [physical units]."""
        clamped: FloatArray = np.clip(array, self.lowest, self.highest) / np.float32(self.scale)
        return clamped.astype(np.float32)

    def change(self, entered: FloatArray, left: FloatArray) -> FloatArray:
        """Return what the network changed [physical units]; both arrays in network units."""
        return np.asarray((left - entered) * np.float32(self.scale), dtype=np.float32)


def frame_of(volume: Volume, card: Card) -> Frame:
    """Return the card's scale and range in the volume's unit: both count in reference levels, which is 1 in HU.

    Raises
    ------
    BundleError
        The card names no scale.
    """
    level, scale, clamp = reference_level(volume), card.parameters.get("scale"), card.parameters.get("clamp")
    if not isinstance(scale, int | float) or scale <= 0:
        raise BundleError(happened="the card names no scale", subject=card.name, remedy="Install the bundle again.")
    lowest, highest = clamp if isinstance(clamp, list | tuple) and len(clamp) == 2 else (-math.inf, math.inf)
    return Frame(scale=float(scale) * level, lowest=float(lowest) * level, highest=float(highest) * level)
