"""MR volumes for a denoiser: shares of the volume's bright signal, which is the same for all its slices. Pure."""

import math

from restoration.card import Card
from restoration.errors import BundleError
from restoration.levels import reference_level
from restoration.pipelines.frame import Frame
from restoration.volume import Volume


def frame(volume: Volume, card: Card) -> Frame:
    """Return the card's share of the volume's 99.5 % signal as scale, without a clamp.

    Raises
    ------
    BundleError
        The card names no scale.
    """
    share = card.parameters.get("scale")
    if not isinstance(share, int | float) or share <= 0:
        raise BundleError(happened="the card names no scale", subject=card.name, remedy="Install the bundle again.")
    return Frame(scale=share * reference_level(volume), lowest=-math.inf, highest=math.inf)
