"""Pictures with known truth: phantoms of seeds that no training uses, and real slices with much added noise. Pure.

Grid of the simulated scanner and reconstruction kernel differ from those of the training.
"""

from dataclasses import dataclass

import numpy as np
import torch

from restoration.metrics.arrays import StoredSlice
from restoration.metrics.setting import Setting
from restoration.physics.ct_dose import Kernel, Scanner, inserted_noise
from restoration.physics.mr_noise import Acquisition, acquired, smooth_field, white_noise
from restoration.physics.phantoms import DiscPhantom, ct_anatomy, disc_body, mr_anatomy
from restoration.volume import BoolArray, FloatArray

SEED = 900_000
LEAST_RATIO = 2.0
"""Least added noise on a real slice against its own."""

_PHANTOM_SIZE = 512
_CROP = 320
_KERNEL = Kernel(cutoff=0.7)
_DOSE = 0.2
_MR_FILL = (0.8, 1.0)
_MR_SWING = 0.4
_MARGIN = 1.25
"""What is added above the least: the noise of a magnitude is smaller where the signal is dark."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A picture and its truth.

    Attributes
    ----------
    name, group
        Where it comes from; ``phantom`` or ``real``.
    truth, noisy
        (rows, columns) float32 [physical unit].
    where
        (rows, columns) bool: pixels that count.
    pixel_mm
        Pixel spacing [mm].
    added_sigma, own_sigma
        Standard deviation of the noise that was added and of that which the truth has itself [physical unit].
    """

    name: str
    group: str
    truth: FloatArray
    noisy: FloatArray
    where: BoolArray
    pixel_mm: float
    added_sigma: float
    own_sigma: float


@dataclass(frozen=True, kw_only=True, eq=False)
class DiscCase:
    """A disc phantom measured with and without its discs under the same noise.

    Attributes
    ----------
    phantom
        The truth, cut like the pictures.
    full, bare
        (rows, columns) float32: noisy pictures with and without discs.
    sigma
        Noise in the body [physical unit].
    """

    phantom: DiscPhantom
    full: FloatArray
    bare: FloatArray
    sigma: float


def phantom_cases(setting: Setting, count: int) -> list[Case]:
    """Draw anatomy-like phantoms and add the setting's noise."""
    cases = []
    for index in range(count):
        rng = np.random.default_rng(SEED + index)
        truth = (ct_anatomy if setting.modality == "CT" else mr_anatomy)(_PHANTOM_SIZE, rng)
        cases.append(_case(truth, setting.pixel_mm, (f"phantom {index + 1}", "phantom", 0.0), setting, rng))
    return cases


def real_cases(setting: Setting, slices: list[StoredSlice]) -> list[Case]:
    """Add noise of at least twice their own to real slices."""
    cases = []
    for index, item in enumerate(slices):
        rng = np.random.default_rng(SEED + 100 + index)
        cases.append(_case(item.array, item.pixel_mm, (item.source, "real", item.own_sigma), setting, rng))
    return cases


def disc_cases(setting: Setting, count: int) -> list[DiscCase]:
    """Draw disc phantoms and measure each with and without its discs."""
    cases = []
    for index in range(count):
        rng = np.random.default_rng(SEED + 200 + index)
        phantom = disc_body(
            rng, level=setting.level, outside=setting.outside, contrast=setting.contrast, pixel_mm=setting.pixel_mm
        )
        full, bare = _measured([phantom.full, phantom.bare], setting, setting.sigma, setting.pixel_mm, rng)
        cut = phantom.cut(_middle(phantom.bare, _CROP))
        full, bare = full[_middle(full, _CROP)], bare[_middle(bare, _CROP)]
        sigma = float((bare - cut.bare)[cut.body].std(dtype=np.float64))
        cases.append(DiscCase(phantom=cut, full=full, bare=bare, sigma=sigma))
    return cases


def _case(
    truth: FloatArray, pixel_mm: float, label: tuple[str, str, float], setting: Setting, rng: np.random.Generator
) -> Case:
    name, group, own = label
    sigma = max(setting.sigma, _MARGIN * LEAST_RATIO * own)
    (noisy,) = _measured([truth], setting, sigma, pixel_mm, rng)
    place = _middle(truth, _CROP)
    truth, noisy = truth[place], noisy[place]
    where = (truth > setting.tissue[0]) & (truth < setting.tissue[1])
    added = float((noisy - truth)[where].std(dtype=np.float64))
    return Case(
        name=name,
        group=group,
        truth=truth,
        noisy=noisy,
        where=where,
        pixel_mm=pixel_mm,
        added_sigma=added,
        own_sigma=own,
    )


def _measured(
    truths: list[FloatArray], setting: Setting, sigma: float, pixel_mm: float, rng: np.random.Generator
) -> list[FloatArray]:
    """Measure pictures under the same noise."""
    if setting.modality == "CT":
        noise = _ct_noise(truths[-1], setting, sigma, pixel_mm, rng)
        return [truth + noise for truth in truths]
    shape = (truths[0].shape[0], truths[0].shape[1])
    phase, gain = smooth_field(shape, rng), np.exp(np.float32(_MR_SWING) * smooth_field(shape, rng))
    how = Acquisition(sigma=sigma, fill=_MR_FILL, phase=phase, gain=gain / np.sqrt(np.mean(np.square(gain))))
    noise_mr = white_noise(shape, rng)
    return [acquired(truth, how, noise_mr) for truth in truths]


def _ct_noise(
    truth: FloatArray, setting: Setting, sigma: float, pixel_mm: float, rng: np.random.Generator
) -> FloatArray:
    """Simulate noise and bring it to the wanted standard deviation in tissue."""
    size = max(truth.shape)
    square = np.pad(truth, [(0, size - side) for side in truth.shape], constant_values=-1000)
    scanner = Scanner(size=size, pixel_mm=pixel_mm, views=600, cell_mm=0.5)
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    hu = torch.from_numpy(np.ascontiguousarray(square, dtype=np.float32))
    simulated = inserted_noise(hu, scanner, doses=(_DOSE,), kernels=(_KERNEL,), generator=generator)[0].numpy()
    noise = simulated[: truth.shape[0], : truth.shape[1]]
    tissue = (truth > setting.tissue[0]) & (truth < setting.tissue[1])
    return np.asarray(noise * (sigma / noise[tissue].std()), np.float32)


def _middle(picture: FloatArray, side: int) -> tuple[slice, slice]:
    """Return the central square, or all of it where the picture is smaller."""
    first, second = (
        slice(max(0, (length - side) // 2), max(0, (length - side) // 2) + side) for length in picture.shape
    )
    return first, second
