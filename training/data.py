"""Slices to learn from. Touches: the data folder (reads)."""

from pathlib import Path

from restoration.errors import InputError
from restoration.metrics.arrays import StoredSlice, as_slice, stored_slices
from training.errors import DataError

HALVED_FROM = 384
"""Slices with a side of at least this many pixels are used at half their resolution too."""

STRIDE = 4
"""Of a stack of neighbouring slices every fourth is taken: neighbours teach little."""


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
        slices = stored_slices(folder, modality, stride=STRIDE)
    except InputError as error:
        raise DataError(happened=error.happened, subject=error.subject, remedy=error.remedy) from error
    return [*slices, *(_halved(item, modality) for item in slices if max(item.array.shape) >= HALVED_FROM)]


def _halved(item: StoredSlice, modality: str) -> StoredSlice:
    """Average 2 × 2 pixels and call the result a picture of the same pixel size."""
    rows, columns = (side // 2 * 2 for side in item.array.shape)
    blocks = item.array[:rows, :columns].reshape(rows // 2, 2, columns // 2, 2)
    return as_slice(blocks.mean((1, 3)), item.pixel_mm, item.source, modality)
