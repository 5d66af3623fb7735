"""CT volumes for a denoiser: fixed scale, clamped to the range it was trained on. Pure."""

from restoration.card import Card
from restoration.errors import BundleError
from restoration.pipelines.frame import Frame
from restoration.volume import Volume


def frame(volume: Volume, card: Card) -> Frame:
    """Return the card's scale and clamp; the volume does not matter, HU are absolute.

    Raises
    ------
    BundleError
        The card does not name them.
    """
    scale, clamp = card.parameters.get("scale"), card.parameters.get("clamp")
    if not isinstance(scale, int | float) or not isinstance(clamp, list | tuple) or len(clamp) != 2:
        raise BundleError(
            happened="the card names no scale and no clamp", subject=card.name, remedy="Install the bundle again."
        )
    return Frame(scale=float(scale), lowest=float(clamp[0]), highest=float(clamp[1]))
