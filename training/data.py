"""Slices to learn from. Touches: the data folder (reads)."""

from pathlib import Path

import numpy as np
import torch

from restoration.errors import InputError
from restoration.guard.fill import kspace_fill
from restoration.metrics.arrays import StoredSlice, as_slice, stored_slices
from restoration.physics.mr_truncation import regridded
from restoration.volume import FloatArray
from training.errors import DataError

HALVED_FROM = 384
"""Slices with a side of at least this many pixels are used at half their resolution too."""

STRIDE = 4
"""Of a stack of neighbouring slices every fourth is taken: neighbours teach little."""

_WHOLE = 0.95
_LEAST_SIDE = 112

_DENSEST = 3.0
"""Attenuation of the brightest grey."""


def load_slices(folder: Path, modality: str) -> list[StoredSlice]:
    """Read the slices of one modality.

    Parameters
    ----------
    folder
        Holds arrays and headers as `restoration.metrics.arrays` describes them.
    modality
        ``CT`` or ``MR``.

    Returns
    -------
    list[StoredSlice]
        The slices, then the large ones at half their resolution: half the noise, the same anatomy.

    Raises
    ------
    DataError
        No such folder, or nothing of this modality in it.
    """
    try:
        slices = stored_slices(folder, modality, stride=STRIDE, role="train")
    except InputError as error:
        raise DataError(happened=error.happened, subject=error.subject, remedy=error.remedy) from error
    return [*slices, *(_halved(item, modality) for item in slices if max(item.array.shape) >= HALVED_FROM)]


def _halved(item: StoredSlice, modality: str) -> StoredSlice:
    """Average 2 × 2 pixels and call the result a picture of the same pixel size."""
    rows, columns = (side // 2 * 2 for side in item.array.shape)
    blocks = item.array[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    return as_slice(blocks.mean((1, 3)), item.pixel_mm, item.source, modality)


def balanced(slices: list[StoredSlice]) -> list[StoredSlice]:
    """Take at most as many slices of a volume as the second largest has, so that no volume rules the training."""
    counts: dict[str, int] = {}
    for item in slices:
        counts[item.source] = counts.get(item.source, 0) + 1
    limit = sorted(counts.values())[-2] if len(counts) > 1 else max(counts.values(), default=0)
    kept: list[StoredSlice] = []
    for source, count in counts.items():
        mine = [item for item in slices if item.source == source]
        kept += mine[:: max(1, -(-count // max(limit, 1)))]
    return kept


def whole_kspace(item: StoredSlice) -> StoredSlice:
    """Cut the empty rim of k-space away: an interpolated slice would teach that fine detail does not exist."""
    fill = kspace_fill(item.array)
    if fill >= _WHOLE:
        return item
    rows, columns = (max(_LEAST_SIDE, round(side * fill / 2) * 2) for side in item.array.shape)
    picture = torch.from_numpy(item.array)
    cut = regridded(regridded(picture, -2, rows), -1, columns).clamp_min(0).numpy()
    return as_slice(cut, item.pixel_mm / fill, item.source, "MR")


def exposure_of(grey: FloatArray) -> FloatArray:
    """Turn a processed chest picture of 8 bits, bright where dense, into an exposure.

    Maker's processing cannot be undone; what is wanted is real anatomy at a plausible contrast. Halving takes away most
    of the noise and of the grey steps.
    """
    rows, columns = (side // 2 * 2 for side in grey.shape)
    halved = grey[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2).mean((1, 3))
    return np.asarray(np.exp(-_DENSEST * halved / 255), np.float32)
