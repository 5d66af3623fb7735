"""Real series from a folder of arrays: shapes for simulation, and sources with their own noise. Touches: the folder."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from restoration.calibration import noise
from restoration.calibration.anatomies import RealShape, slices_for
from restoration.calibration.simulated import Series
from restoration.card import Card
from restoration.errors import InputError
from restoration.evaluation.split import Role
from restoration.guard.evidence import SliceEvidence, slice_evidence
from restoration.levels import reference_level
from restoration.metrics.arrays import stored_slices, stored_volumes
from restoration.volume import FloatArray, Volume

_MODALITIES = {"HU": "CT", "signal": "MR", "Bq/mL": "PT", "exposure": "DX"}
_STRIDE = 24
_STORED_STEPS = 1000.0
_SEED = 31


def real_shapes(folder: Path | None, card: Card, role: Role) -> list[RealShape]:
    """Return the slices of one role as shapes; empty without a folder, or where it holds none.

    Parameters
    ----------
    folder
        Arrays with headers (`restoration.metrics.arrays`).
    card
        The pipeline's card.
    role
        ``train`` or ``validate``.
    """
    if folder is None:
        return []
    try:
        found = stored_slices(folder, _MODALITIES[card.unit], stride=_STRIDE, role=role)
    except InputError:
        return []
    return [RealShape(array=slice_.array, pixel_mm=slice_.pixel_mm) for slice_ in found]


def real_series(folder: Path | None, card: Card) -> Iterator[Series]:
    """Yield every real series of the pipeline's modality with what is known of its noise.

    A pipeline of slices gets slices one by one, one of slabs as many neighbours as it looks at and two more.
    """
    if folder is None:
        return
    try:
        volumes = list(_single(folder, card) if card.scope == "slice" else _slabs(folder, card))
    except InputError:
        return
    for name, volume in volumes:
        power, sigma = _own_noise(volume, card)
        yield Series(name=name, source=volume, strength=card.default_strength, power=power, sigma=sigma)


def _single(folder: Path, card: Card) -> Iterator[tuple[str, Volume]]:
    for index, found in enumerate(stored_slices(folder, _MODALITIES[card.unit], stride=_STRIDE)):
        yield f"{found.source} {index}", _volume(found.array[None], (1.0, found.pixel_mm, found.pixel_mm), card)


def _slabs(folder: Path, card: Card) -> Iterator[tuple[str, Volume]]:
    for found in stored_volumes(folder, _MODALITIES[card.unit]):
        wanted = min(len(found.array), slices_for(card))
        first = (len(found.array) - wanted) // 2
        yield found.source, _volume(found.array[first : first + wanted], found.spacing_mm, card)


def _volume(array: FloatArray, spacing_mm: tuple[float, float, float], card: Card) -> Volume:
    # Magnitudes come as shares: whole numbers again, as scanners store them.
    values = np.rint(array * _STORED_STEPS) if card.unit == "signal" else array
    return Volume(
        array=np.ascontiguousarray(values, np.float32),
        pixel_mm=(spacing_mm[1], spacing_mm[2]),
        positions_mm=tuple(spacing_mm[0] * index for index in range(len(array))),
        thickness_mm=spacing_mm[0],
        unit=card.unit,
    )


def _own_noise(volume: Volume, card: Card) -> tuple[FloatArray, FloatArray]:
    """Return spectrum and local deviation of a real volume's noise, as far as its flat places tell."""
    level = reference_level(volume)
    evidence = [slice_evidence(volume, index, level=level) for index in range(len(volume.array))]
    power = _power(evidence[len(evidence) // 2])
    gain = noise.map_gain(power, np.random.default_rng(_SEED))
    return power, np.stack([one.sigma for one in evidence]) * np.float32(level / gain)


def _power(evidence: SliceEvidence) -> FloatArray:
    found = noise.measured_power(evidence.source, evidence.tissue)
    if found is not None:
        return found
    return np.ones(evidence.source.shape, np.float32)
