"""Slices and volumes from a folder of arrays with JSON headers. Touches: the folder (reads).

`NAME.npz` holds `volume` (slices, rows, columns) in HU, MR signal, Bq/mL or exposure; `NAME.json` says `modality` and
the spacing: either `spacing_mm` (slice, row, column) for a stack, or `slices` with the facts of each slice.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from restoration.errors import InputError
from restoration.evaluation.split import Role, may_serve, role_of
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


@dataclass(frozen=True, kw_only=True, eq=False)
class StoredVolume:
    """A stack of evenly spaced slices.

    Attributes
    ----------
    array
        (slices, rows, columns) float32 [HU, share of the 99.5 % signal, Bq/mL or exposure].
    spacing_mm
        Distance between slices, rows and columns [mm].
    source
        Name of the file it comes from.
    """

    array: FloatArray
    spacing_mm: tuple[float, float, float]
    source: str


def stored_slices(folder: Path, modality: str, *, stride: int, role: Role | None = None) -> list[StoredSlice]:
    """Read the slices of one modality.

    Parameters
    ----------
    folder
        Holds `*.npz` beside `*.json`.
    modality
        ``CT``, ``MR``, ``PT`` or ``DX``.
    stride
        Of a stack of neighbouring slices every so manyth is taken.
    role
        Only volumes that may serve for this (`restoration.evaluation.split`); None for all.

    Returns
    -------
    list[StoredSlice]
        Of slices with facts of their own the original axial ones, else every `stride`th; nearly empty ones left out.

    Raises
    ------
    InputError
        The folder holds no volume of this modality and role, or a header lacks what is needed.
    """
    found: list[StoredSlice] = []
    for header, volume, source in _stored(folder, modality, role):
        wanted = [(index, mm) for index, mm in _places(header, len(volume), stride) if _worth(volume[index])]
        found += [as_slice(volume[index], mm, source, modality) for index, mm in wanted]
    if not found:
        raise _nothing(folder, modality, role)
    return found


def stored_volumes(folder: Path, modality: str, *, role: Role | None = None) -> list[StoredVolume]:
    """Read the stacks of one modality whose slices are evenly spaced.

    Raises
    ------
    InputError
        The folder holds no such stack, or a header lacks what is needed.
    """
    found = [
        StoredVolume(array=volume, spacing_mm=spacing, source=source)
        for header, volume, source in _stored(folder, modality, role)
        if (spacing := _even_spacing(header)) is not None
    ]
    if not found:
        raise _nothing(folder, modality, role)
    return found


def as_slice(array: FloatArray, pixel_mm: float, source: str, modality: str) -> StoredSlice:
    """Return a slice with its own noise estimated; HU are limited to what tissue and metal have."""
    picture = np.ascontiguousarray(np.clip(array, *HU_RANGE) if modality == "CT" else array, dtype=np.float32)
    return StoredSlice(array=picture, pixel_mm=pixel_mm, source=source, own_sigma=own_sigma(picture, modality))


def own_sigma(picture: FloatArray, modality: str) -> float:
    """Estimate the noise of a slice in its tissue [unit of the picture]; 0 where there is no tissue."""
    tissue = (picture > -150) & (picture < 200) if modality == "CT" else picture > 0.1
    return float(np.percentile(noise_map(picture)[tissue], _OWN_NOISE_PERCENTILE)) if tissue.any() else 0.0


def _stored(folder: Path, modality: str, role: Role | None) -> Iterator[tuple[dict[str, object], FloatArray, str]]:
    """Read header, array and name of every volume that is wanted."""
    for path in sorted(folder.glob("*.json")):
        try:
            header = json.loads(path.read_text(encoding="utf-8"))
            if header["modality"] != modality:
                continue
            with np.load(path.with_suffix(".npz")) as arrays:
                stored = arrays["volume"]
            if role is not None and not may_serve(role_of(stored), role):
                continue
            _places(header, len(stored), 1)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                happened=f"the array or its header cannot be read ({error})",
                subject=path.name,
                remedy="Write both again, or remove them.",
            ) from error
        yield header, _in_levels(stored.astype(np.float32), modality), path.stem


def _in_levels(volume: FloatArray, modality: str) -> FloatArray:
    """MR counts in shares of the volume's bright signal, everything else as it is."""
    if modality == "MR" and (volume > 0).any():
        volume /= np.float32(np.percentile(volume[volume > 0], _BRIGHT_PERCENTILE))
    return volume


def _even_spacing(header: dict[str, object]) -> tuple[float, float, float] | None:
    spacing = header.get("spacing_mm")
    if not isinstance(spacing, list) or len(spacing) != 3 or isinstance(header.get("slices"), list):
        return None
    return float(spacing[0]), float(spacing[1]), float(spacing[2])


def _nothing(folder: Path, modality: str, role: Role | None) -> InputError:
    purpose = "" if role is None else f" that may {role}"
    return InputError(
        happened=f"it holds no {modality} volume{purpose}", subject=folder.name, remedy="Give a folder of arrays."
    )


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
