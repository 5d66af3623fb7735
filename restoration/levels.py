"""The level in which a unit's figures are counted: HU as they are, other units as shares of the volume's own. Pure."""

from collections.abc import Callable, Mapping
from typing import Final

import numpy as np

from restoration.errors import InputError
from restoration.volume import FloatArray, Volume

BRIGHT_PERCENTILE = 99.5
"""Of a magnitude picture: bright tissue, but not the few pixels beside a coil or in flowing blood."""

ACTIVE_PERCENTILE = 95.0
"""Of an emission picture's positive voxels: uptake of the organs, not of the bladder or of one hot lesion."""


def reference_level(volume: Volume) -> float:
    """Return what one unit of the card's figures is worth in the volume's unit.

    Returns
    -------
    float
        1 for ``HU``; outside padding the 99.5 % signal for ``signal``, the 95 % value of the positive voxels for
        ``Bq/mL``, the median for ``exposure``; 1 where that is not positive.

    Raises
    ------
    InputError
        The unit is none of these.
    """
    if volume.unit == "HU":
        return 1.0
    if volume.unit not in _LEVELS:
        raise InputError(
            happened=f"unit {volume.unit!r} is unknown",
            subject="volume",
            remedy=f"Give the volume in HU, {', '.join(_LEVELS)}.",
        )
    values = volume.array if volume.padding is None else volume.array[~volume.padding]
    level = _LEVELS[volume.unit](values) if values.size else 0.0
    return level if level > 0 else 1.0


def _active(values: FloatArray) -> float:
    positive = values[values > 0]
    return float(np.percentile(positive, ACTIVE_PERCENTILE)) if positive.size else 0.0


_LEVELS: Final[Mapping[str, Callable[[FloatArray], float]]] = {
    "signal": lambda values: float(np.percentile(values, BRIGHT_PERCENTILE)),
    "Bq/mL": _active,
    "exposure": lambda values: float(np.median(values)),
}
