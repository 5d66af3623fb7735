"""The level in which a unit's figures are counted: HU as they are, MR as shares of the volume's bright signal. Pure."""

import numpy as np

from restoration.errors import InputError
from restoration.volume import Volume

BRIGHT_PERCENTILE = 99.5


def reference_level(volume: Volume) -> float:
    """Return what one unit of the card's figures is worth in the volume's unit.

    Returns
    -------
    float
        1 for ``HU``; the 99.5 % signal outside padding for ``signal``, 1 where that is not positive.

    Raises
    ------
    InputError
        The unit is neither ``HU`` nor ``signal``.
    """
    if volume.unit == "HU":
        return 1.0
    if volume.unit != "signal":
        raise InputError(
            happened=f"unit {volume.unit!r} is unknown", subject="volume", remedy="Give the volume in HU or signal."
        )
    values = volume.array if volume.padding is None else volume.array[~volume.padding]
    if values.size == 0:
        return 1.0
    bright = float(np.percentile(values, BRIGHT_PERCENTILE))
    return bright if bright > 0 else 1.0
