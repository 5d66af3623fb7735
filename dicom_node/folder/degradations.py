"""Degrades a measured volume by the physics of its modality. Touches: processor (torch).

How much worse is said against the volume itself: its own noise is measured, and the acquisition that is simulated is
the one that would have given just that noise. The kind of noise (kernel, post filter, fill of k-space) is matched too,
each as far as a picture tells it. Slices get independent noise, overlapping ones too.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import numpy as np
import torch
from scipy import ndimage

from dicom_node.domain.errors import NodeError
from dicom_node.folder.picture import flat_patches, noise_in
from restoration.guard.domain import looked_at
from restoration.guard.evidence import SliceEvidence, slice_evidence
from restoration.guard.fill import kspace_fill
from restoration.guard.noise import mean_frequency
from restoration.levels import reference_level
from restoration.physics.ct_dose import Kernel, LowDose
from restoration.physics.degradation import record
from restoration.physics.mr_motion import SliceMotion
from restoration.physics.mr_noise import Measurement
from restoration.physics.mr_trajectory import Movement, Trajectory, drawn_trajectory
from restoration.physics.mr_truncation import Truncation
from restoration.physics.pet_counts import PetCounts
from restoration.volume import FloatArray, Volume


class Kind(StrEnum):
    """What is made worse."""

    DOSE = "dose"
    """CT and PET: fewer photons, or counts."""

    NOISE = "noise"
    """MR: thermal noise."""

    MOTION = "motion"
    """MR: the patient moves while k-space is measured."""

    RESOLUTION = "resolution"
    """MR: only the middle of k-space is measured."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person asks for.

    Attributes
    ----------
    kind
        What is made worse.
    amount
        Share of the dose that is left; noise as a share of the bright signal; displacement [mm]; share of k-space.
    seed
        Of all chance.
    phase_axis
        Axis along which lines of k-space follow each other: 0 rows, 1 columns.
    """

    kind: Kind
    amount: float
    seed: int
    phase_axis: int = 0

    @property
    def words(self) -> str:
        """Return kind and amount for people."""
        if self.kind is Kind.MOTION:
            return f"{self.kind} {self.amount:g} mm"
        return f"{self.kind} {100 * self.amount:g} %"


@dataclass(frozen=True, kw_only=True, eq=False)
class Degraded:
    """A volume made worse, and what makes it so again from the same source."""

    volume: Volume
    record: dict[str, object]


class CannotDegrade(NodeError):
    """A volume that this degradation cannot be simulated on."""

    def __init__(self, why: str) -> None:
        super().__init__(happened=why, subject="volume", remedy="The source stays as it is.")


_PHOTONS = (1e3, 1e9)
_DETREND_PIXELS = 2.0
_VIEWS = 720
_LEAST_CELL_MM = 0.3
_CELL_SHARE = 0.75
_CALIBRATIONS = 3

_KERNELS: Final = tuple(
    Kernel(cutoff=cutoff, boost=boost) for boost in (0.0, 0.6) for cutoff in (0.4, 0.55, 0.7, 0.85, 1.0)
)
_POST_FILTERS_MM: Final = (4.0, 5.0, 6.0, 7.0, 8.0)
_WHOLE_FILL = 0.97
_LEAST_SIDE = 64


def can(modality: str, kind: Kind) -> str:
    """Return why a kind cannot be simulated in a modality; empty if it can."""
    kinds = _SIMULATED.get(modality, {})
    if kind in kinds:
        return ""
    instead = f"; {', '.join(kinds)} can" if kinds else ""
    return f"{kind} cannot be simulated in {modality or 'an unknown modality'}{instead}"


def degraded(volume: Volume, modality: str, wish: Wish) -> Degraded:
    """Make a volume worse; padding stays.

    Parameters
    ----------
    volume
        In the unit of its modality.
    modality
        DICOM Modality; `can` has nothing against it.
    wish
        What is wanted.

    Raises
    ------
    CannotDegrade
        The volume is too small, its pixels are not square where they must be, or nothing in it can be measured.
    restoration.errors.RestorationError
        The amount lies outside what the physics takes.
    """
    if min(volume.array.shape[1:]) < _LEAST_SIDE:
        raise CannotDegrade(f"the matrix {volume.array.shape[1]}×{volume.array.shape[2]} is below {_LEAST_SIDE}")
    if not np.isfinite(volume.array).all():
        raise CannotDegrade("it holds values that are no numbers")
    made = _SIMULATED[modality][wish.kind](volume, wish)
    array = made.volume.array if volume.padding is None else np.where(volume.padding, volume.array, made.volume.array)
    return Degraded(volume=volume.with_array(array), record={**made.record, "seed": wish.seed})


def _seed(wish: Wish, index: int) -> int:
    return int(np.random.SeedSequence((wish.seed, index)).generate_state(1)[0])


def _middle(volume: Volume) -> SliceEvidence:
    """Return the slice whose noise stands for the volume: the one with most tissue of a few."""
    level = reference_level(volume)
    found = [slice_evidence(volume, index, level=level) for index in looked_at(volume)]
    best = max(found, key=lambda evidence: int(evidence.tissue.sum()))
    picture = volume.array[best.index]
    if not best.tissue.any() or _grain(picture, flat_patches(picture)) <= 0:
        raise CannotDegrade("no tissue with noise is found in it, against which a dose could be counted")
    return best


def _grain(picture: FloatArray, patches: Sequence[tuple[int, int]]) -> float:
    """Return the noise of a picture in flat patches, above the frequencies that anatomy has there too."""
    return noise_in(picture - ndimage.gaussian_filter(picture, _DETREND_PIXELS, mode="mirror"), patches)


def _ct_dose(volume: Volume, wish: Wish) -> Degraded:
    if abs(volume.pixel_mm[0] - volume.pixel_mm[1]) > 1e-3 * volume.pixel_mm[0]:
        raise CannotDegrade("its pixels are not square")
    how = replace(_ct_acquisition(volume, wish), dose=wish.amount)
    return Degraded(volume=volume.with_array(how(_tensor(volume.array)).numpy()), record=record(how))


def _ct_acquisition(volume: Volume, wish: Wish) -> LowDose:
    """Find the kernel and the photons at full dose that give the noise that the volume has."""
    middle = _middle(volume)
    picture = _tensor(volume.array[middle.index])
    cell_mm = float(f"{max(_LEAST_CELL_MM, _CELL_SHARE * volume.pixel_mm[0]):.4g}")
    # At half the dose just the noise that is there is lacking once more.
    half = LowDose(dose=0.5, pixel_mm=volume.pixel_mm[0], views=_VIEWS, cell_mm=cell_mm, seed=_seed(wish, 0))

    def added(how: LowDose) -> FloatArray:
        return np.asarray((how(picture) - picture).numpy(), np.float32)

    wanted = mean_frequency(middle.source, middle.tissue)
    if wanted is not None:
        tried = [replace(half, kernel=kernel) for kernel in _KERNELS]
        half = min(tried, key=lambda how: _distance(added(how), middle, wanted))
    flat = flat_patches(volume.array[middle.index])
    own = _grain(volume.array[middle.index], flat)
    for _ in range(_CALIBRATIONS):
        lacking = _grain(added(half), flat)
        half = replace(half, photons=float(np.clip(half.photons * (lacking / own) ** 2, *_PHOTONS)))
    return replace(half, photons=float(f"{half.photons:.4g}"))


def _distance(noise: FloatArray, middle: SliceEvidence, wanted: float) -> float:
    found = mean_frequency(noise, middle.tissue)
    return math.inf if found is None else abs(found - wanted)


def _tensor(array: FloatArray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array))


def _pet_dose(volume: Volume, wish: Wish) -> Degraded:
    if len(volume.array) < 2:
        raise CannotDegrade("one slice alone does not say how the post filter reaches through slices")
    middle, level = _middle(volume), reference_level(volume)
    between = float(np.median(np.diff(volume.positions_mm)))
    counts = PetCounts(
        share=0.5,
        counts_per_unit=1.0 / level,
        resolution_mm=_POST_FILTERS_MM[0],
        voxel_mm=(between, *volume.pixel_mm),
        seed=_seed(wish, 0),
    )
    array = _tensor(volume.array)

    def added(how: PetCounts) -> FloatArray:
        return np.asarray((how(array) - array).numpy(), np.float32)

    wanted = mean_frequency(middle.source, middle.tissue)
    if wanted is not None:
        tried = [replace(counts, resolution_mm=width) for width in _POST_FILTERS_MM]
        counts = min(tried, key=lambda how: _distance(added(how)[middle.index], middle, wanted))
    flat = {index: flat_patches(volume.array[index]) for index in looked_at(volume)}
    own = {index: _grain(volume.array[index], patches) for index, patches in flat.items()}
    for _ in range(_CALIBRATIONS):
        noise = added(counts)
        shares = [_grain(noise[index], patches) / own[index] for index, patches in flat.items() if own[index] > 0]
        counts = replace(counts, counts_per_unit=counts.counts_per_unit * float(np.median(shares)) ** 2)
    final = replace(counts, share=wish.amount, counts_per_unit=float(f"{counts.counts_per_unit:.4g}"))
    return Degraded(volume=volume.with_array(final(array).numpy()), record=record(final))


def _mr_noise(volume: Volume, wish: Wish) -> Degraded:
    fill = _fill(volume)
    sigma = float(f"{wish.amount * reference_level(volume):.5g}")
    how = Measurement(seed=_seed(wish, 0), sigma=sigma, fill=(fill, fill))
    return _slice_by_slice(volume, lambda index: replace(how, seed=_seed(wish, index)), record(how))


def _mr_resolution(volume: Volume, wish: Wish) -> Degraded:
    how = Truncation(fill=(wish.amount, wish.amount))
    return _slice_by_slice(volume, lambda _index: how, record(how))


def _mr_motion(volume: Volume, wish: Wish) -> Degraded:
    """Let all slices move alike, as they do where they are measured by turns."""
    drawn = drawn_trajectory(Movement(severity_mm=wish.amount), np.random.default_rng(wish.seed))
    trajectory = Trajectory(
        starts=tuple(round(start, 4) for start in drawn.starts),
        poses=tuple(tuple(round(number, 4) for number in pose) for pose in drawn.poses),
    )
    how = SliceMotion(trajectory=trajectory, pixel_mm=volume.pixel_mm, phase_axis=wish.phase_axis)
    return _slice_by_slice(volume, lambda _index: how, record(how))


def _slice_by_slice(
    volume: Volume, how: Callable[[int], Callable[[torch.Tensor], torch.Tensor]], written: dict[str, object]
) -> Degraded:
    pictures = [how(index)(_tensor(picture)).abs().numpy() for index, picture in enumerate(volume.array)]
    return Degraded(volume=volume.with_array(np.stack(pictures)), record=written)


def _fill(volume: Volume) -> float:
    """Return the share of k-space that the volume fills: noise lies where something was measured."""
    picture = volume.array[len(volume.array) // 2]
    found = kspace_fill(picture)
    return round(found, 2) if found < _WHOLE_FILL else 1.0


_SIMULATED: Final[Mapping[str, Mapping[Kind, Callable[[Volume, Wish], Degraded]]]] = MappingProxyType(
    {
        "CT": {Kind.DOSE: _ct_dose},
        "MR": {Kind.NOISE: _mr_noise, Kind.MOTION: _mr_motion, Kind.RESOLUTION: _mr_resolution},
        "PT": {Kind.DOSE: _pet_dose},
    }
)
