"""What a pipeline checks before it begins. Pure."""

import numpy as np

from restoration.card import Card
from restoration.errors import InputError
from restoration.volume import Volume

_UNEVEN = 0.02
"""Largest deviation of a slice distance from the median one, as a share of it."""


def check_request(volume: Volume, card: Card, strength: float) -> None:
    """Check volume and strength.

    Raises
    ------
    InputError
        The volume is of another unit, holds values that are no numbers, or is not evenly spaced where neighbouring
        slices are used; or the strength is out of range.
    """
    if volume.unit != card.unit:
        raise InputError(
            happened=f"the volume is in {volume.unit}, the pipeline {card.name} takes {card.unit}",
            subject="volume",
            remedy="Choose a pipeline for this modality.",
        )
    if not np.isfinite(volume.array).all():
        raise InputError(
            happened="it holds values that are no numbers", subject="volume", remedy="Look at the source's pixels."
        )
    if card.scope != "slice":
        _check_spacing(volume, card)
    if not 0 <= strength <= 100:
        raise InputError(happened=f"strength {strength:g} is out of range", subject=card.name, remedy="Give 0 to 100.")


def _check_spacing(volume: Volume, card: Card) -> None:
    gaps = np.diff(volume.positions_mm)
    if gaps.size and (gaps.min() <= 0 or np.ptp(gaps) > _UNEVEN * float(np.median(gaps))):
        raise InputError(
            happened=f"its slices are {gaps.min():.2f} to {gaps.max():.2f} mm apart, {card.name} uses neighbours",
            subject="volume",
            remedy="Choose a pipeline that works slice by slice.",
        )
