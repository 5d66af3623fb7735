"""MR pictures with known truth: complex noise on heads of ellipses and on real slices, at stated noise levels. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from restoration.anatomy.discs import disc_body
from restoration.anatomy.mr_test import mr_test_anatomy
from restoration.anatomy.shapes.labelled import Labelled
from restoration.evaluation.bench import SEED, VALIDATION_SEED
from restoration.evaluation.cases import Case, Noisy, PlantedCase, PlantedTruth, Spot, as_noisy, middle
from restoration.metrics.arrays import StoredSlice
from restoration.metrics.nps import noise_power
from restoration.physics.mr_noise import Measurement, measured
from restoration.volume import FloatArray

PIXEL_MM = 0.8
SIZE = 256
CROP = 192
WINDOW = (0.0, 1.0)
"""PSNR counts in shares of the 99.5 % signal."""
HEAD = 0.1
"""Truth above this share of the bright signal counts as head."""

_PHASE = 2.0
_LEVEL, _CONTRAST = 0.6, 0.048


@dataclass(frozen=True, kw_only=True)
class Condition:
    """How noisy a picture is.

    Attributes
    ----------
    label
        Words of the table.
    sigma
        Standard deviation of each part of the noise, root mean square over the picture [share of the 99.5 % signal].
    fill
        Measured share of k-space along rows and columns.
    swing
        Logarithm of the largest gain over the typical one; 0 for the same noise everywhere.
    """

    label: str
    sigma: float
    fill: tuple[float, float] = (1.0, 1.0)
    swing: float = 0.0

    def measurement(self, seed: int) -> Measurement:
        """Return how a picture is measured."""
        return Measurement(seed=seed, sigma=self.sigma, fill=self.fill, swing=self.swing, phase=_PHASE)


UNIFORM = tuple(Condition(label=f"σ {sigma:g}, white", sigma=sigma) for sigma in (0.03, 0.05, 0.08))
VARYING = Condition(label="σ 0.05, varying in space, 0.8 of k-space", sigma=0.05, fill=(0.8, 1.0), swing=0.6)


def head(seed: int) -> Labelled:
    """Draw a head."""
    return mr_test_anatomy(SIZE, np.random.default_rng(seed), pixel_mm=PIXEL_MM)


def phantom_cases(condition: Condition, count: int, *, validation: bool = False) -> list[Case]:
    """Draw heads and measure them."""
    first = (VALIDATION_SEED if validation else SEED) + 1000
    return [
        _case(head(first + index).picture, PIXEL_MM, condition, (f"head {first + index}", 0.0))
        for index in range(count)
    ]


def real_cases(condition: Condition, slices: Sequence[StoredSlice]) -> list[Case]:
    """Measure the middle slice of every series again, with noise on top of its own."""
    return [_case(item.array, item.pixel_mm, condition, (item.source, item.own_sigma)) for item in middles(slices)]


def middles(slices: Sequence[StoredSlice]) -> list[StoredSlice]:
    """Return the middle slice of every series."""
    series: dict[str, list[StoredSlice]] = {}
    for item in slices:
        series.setdefault(item.source, []).append(item)
    return [items[len(items) // 2] for items in series.values()]


def planted_cases(condition: Condition, count: int) -> list[PlantedCase]:
    """Draw bodies with discs of ±8 % of the body's signal and measure each with and without them."""
    cases = []
    for index in range(count):
        seed = SEED + 1200 + index
        phantom = disc_body(
            np.random.default_rng(seed), level=_LEVEL, outside=0.0, contrast=_CONTRAST, pixel_mm=PIXEL_MM, size=320
        )
        clean, noisy = measured_pair(np.stack([phantom.full, phantom.bare]), condition, seed)
        noise = noisy[1] - clean[1]
        sigma, power = float(noise[phantom.body].std(dtype=np.float64)), noise_power(noise, phantom.body)
        full, bare = (as_noisy(picture, PIXEL_MM, sigma, power) for picture in noisy)
        spots = tuple(Spot(inside=d.inside[None], ring=d.ring[None], diameter_mm=d.diameter_mm) for d in phantom.discs)
        truth = PlantedTruth(bare=clean[1][None], full=clean[0][None], body=phantom.body[None], discs=spots)
        cases.append(PlantedCase(name=f"disc phantom {seed}", truth=truth, full=full, bare=bare))
    return cases


def measured_pair(truths: FloatArray, condition: Condition, seed: int) -> tuple[FloatArray, FloatArray]:
    """Measure (pictures, rows, columns) under the same noise; return them without and with it."""
    told = torch.from_numpy(np.array(truths, dtype=np.float32))[None]
    found = measured(told, [condition.measurement(seed)])
    return np.asarray(found.clean[0].numpy(), np.float32), np.asarray(found.noisy[0].numpy(), np.float32)


def degraded(truth: FloatArray, condition: Condition, seed: int) -> Noisy:
    """Measure one picture; filters are told the noise of the complex parts."""
    _, noisy = measured_pair(truth[None], condition, seed)
    return as_noisy(noisy[0], PIXEL_MM, condition.sigma)


def seed_of(name: str) -> int:
    """Return the seed of a case: the same for the same name."""
    return int(np.random.default_rng([SEED, *name.encode()]).integers(2**31))


def _case(truth: FloatArray, pixel_mm: float, condition: Condition, label: tuple[str, float]) -> Case:
    clean, noisy = measured_pair(truth[None], condition, seed_of(label[0]))
    place = (0, *middle(truth.shape, CROP))
    clean, noisy = clean[place], noisy[place]
    return Case(
        name=f"{label[0]}, {condition.label}",
        source=label[0],
        noisy=as_noisy(noisy, pixel_mm, condition.sigma),
        truth=clean[None],
        where=np.asarray(clean > HEAD)[None],
        own_sigma=label[1],
    )
