"""Slices from a folder of arrays with JSON headers. Touches: the folder (reads).

`NAME.npz` holds `volume` (slices, rows, columns) in HU or in MR signal; `NAME.json` says `modality` and the spacing:
either `spacing_mm` (slice, row, column) for a stack, or `slices` with the facts of each slice where they differ.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restoration.errors import InputError
from restoration.guard.noise import noise_map
from restoration.volume import FloatArray

HU_RANGE = (-1000.0, 3000.0)

_BRIGHT_PERCENTILE = 99.5
_OWN_NOISE_PERCENTILE = 25
"""Structure raises the noise map, never lowers it: its lower quartile over tissue is near the noise."""


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredSlice:
    """One slice.

    Attributes
    ----------
    array
        (rows, columns) float32 [HU, or share of the volume's 99.5 % signal].
    pixel_mm
        Pixel spacing [mm].
    source
        Name of the file it comes from.
    own_sigma
        Standard deviation of the noise it has itself [unit of the array].
    """

    array: FloatArray
    pixel_mm: float
    source: str
    own_sigma: float


def stored_slices(folder: Path, modality: str, *, stride: int) -> list[StoredSlice]:
    """Read the slices of one modality.

    Parameters
    ----------
    folder
        Holds `*.npz` beside `*.json`.
    modality
        ``CT`` or ``MR``.
    stride
        Of a stack of neighbouring slices every so manyth is taken.

    Returns
    -------
    list[StoredSlice]
        Of slices with facts of their own the original axial ones, else every `stride`th; nearly empty ones left out.

    Raises
    ------
    InputError
        The folder holds no volume of this modality, or a header lacks what is needed.
    """
    found: list[StoredSlice] = []
    for header_path in sorted(folder.glob("*.json")):
        try:
            header = json.loads(header_path.read_text(encoding="utf-8"))
            if header["modality"] == modality:
                found += _slices_of(header_path.with_suffix(".npz"), header, stride)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                happened=f"the array or its header cannot be read ({error})",
                subject=header_path.name,
                remedy="Write both again, or remove them.",
            ) from error
    if not found:
        raise InputError(
            happened=f"it holds no {modality} volume",
            subject=folder.name,
            remedy="Give a folder of arrays.",
        )
    return found


def as_slice(array: FloatArray, pixel_mm: float, source: str, modality: str) -> StoredSlice:
    """Return a slice with its own noise estimated; HU are limited to what tissue and metal have."""
    picture = np.ascontiguousarray(np.clip(array, *HU_RANGE) if modality == "CT" else array, dtype=np.float32)
    return StoredSlice(array=picture, pixel_mm=pixel_mm, source=source, own_sigma=own_sigma(picture, modality))


def own_sigma(picture: FloatArray, modality: str) -> float:
    """Estimate the noise of a slice in its tissue [unit of the picture]; 0 where there is no tissue."""
    tissue = (picture > -150) & (picture < 200) if modality == "CT" else picture > 0.1
    return float(np.percentile(noise_map(picture)[tissue], _OWN_NOISE_PERCENTILE)) if tissue.any() else 0.0


def _slices_of(path: Path, header: dict[str, object], stride: int) -> list[StoredSlice]:
    with np.load(path) as arrays:
        volume = arrays["volume"].astype(np.float32)
    modality = str(header["modality"])
    if modality == "MR":
        volume /= np.percentile(volume[volume > 0], _BRIGHT_PERCENTILE)
    wanted = [(index, mm) for index, mm in _places(header, len(volume), stride) if _worth(volume[index])]
    return [as_slice(volume[index], mm, path.stem, modality) for index, mm in wanted]


def _places(header: dict[str, object], count: int, stride: int) -> list[tuple[int, float]]:
    """Return index and pixel spacing of the slices that are wanted."""
    facts = header.get("slices")
    if isinstance(facts, list):
        return [
            (index, float(fact["pixel_mm"][0]))
            for index, fact in enumerate(facts)
            if fact["plane"] == "axial" and fact["image_type"].startswith("ORIGINAL")
        ]
    spacing = header["spacing_mm"]
    pixel_mm = float(spacing[1]) if isinstance(spacing, list) else 1.0
    return [(index, pixel_mm) for index in range(0, count, stride)]


def _worth(picture: FloatArray) -> bool:
    """Whether at least a tenth of the slice is more than background."""
    return float((picture > picture.min() + 0.1 * np.ptp(np.percentile(picture, (1, 99)))).mean()) > 0.1
