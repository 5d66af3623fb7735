"""Quantum noise of projection X-ray: the bars and how they are measured. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import torch

from restoration.anatomy.xray_targets import TargetPicture, xray_targets
from restoration.card import Card
from restoration.evaluation.bench import SEED, VALIDATION_SEED, Bench, Task
from restoration.evaluation.cases import Case, Noisy, PlantedCase, PlantedTruth, Spot, as_noisy, middle
from restoration.evaluation.methods.ways import Yardstick
from restoration.evaluation.methods.yardsticks import NLM, cheap, nlm
from restoration.evaluation.report import Tier
from restoration.evaluation.steps.bands import bands
from restoration.evaluation.steps.fidelity import ORACLE, Better, Field, fidelity
from restoration.evaluation.steps.operating import Wanted, operating
from restoration.physics.xray_quantum import XrayQuantum
from restoration.volume import FloatArray

WINDOW = (0.0, 3.0)
"""PSNR counts in shares of the picture's median exposure."""
UNIT = "of the median exposure"
STABILISED = "NLM after square root"
QUANTA = (150.0, 600.0)
"""Quanta in a pixel of median exposure: noise of 8 % and of 4 %."""
BANDS = {"dense (0…0.8)": (0.0, 0.8), "middle (0.8…1.5)": (0.8, 1.5), "lung (1.5…8)": (1.5, 8.0)}
BIAS = 0.01

_NOISELESS = 1e9
_BLUR_PIXELS = 0.8
_SIZE, _CROP, _QUICK_CROP, _PIXEL_MM = 1024, 320, 160, 0.35
_PHANTOMS = 6


def task(card: Card) -> Task:
    """Return the protocol for an X-ray denoiser."""
    better = (
        Better(against=NLM, decibel=1.0, note="tuned on the validation split"),
        Better(against=NLM + ORACLE, decibel=0.0, note="tuned on the truth"),
        Better(against=STABILISED, decibel=0.0, note="tuned on the validation split"),
    )
    return Task(
        modality="DX",
        steps=(
            operating(_planted, Wanted(contrast="discs over a chest"), window=WINDOW, unit=UNIT),
            *(fidelity(_Dose(quanta), better, title="phantoms") for quanta in QUANTA),
            bands(_few_quanta, BANDS, largest=BIAS, unit=UNIT),
        ),
    )


class _Dose:
    """The comparison at one dose."""

    def __init__(self, quanta: float) -> None:
        self.quanta = quanta

    def __call__(self, bench: Bench) -> Field:
        filters = (*cheap(quick=bench.quick), _stabilised(self.quanta))
        return Field(
            label=f"{self.quanta:g} quanta a pixel of {_PIXEL_MM:g} mm",
            tier=Tier.PHANTOM,
            cases=cases_of(bench, self.quanta, bench.count(_PHANTOMS)),
            validation=cases_of(bench, self.quanta, 1, first=VALIDATION_SEED),
            tuned=filters,
            oracles=[] if bench.quick else [nlm()],
            window=WINDOW,
            unit=UNIT,
            strengths=(bench.default, 100.0),
        )


def cases_of(bench: Bench, quanta: float, count: int, *, first: int = SEED) -> list[Case]:
    """Draw chests and count quanta."""
    cases = []
    for seed in range(first + 5000, first + 5000 + count):
        picture = _chest(seed).full
        place = middle(picture.shape, _crop(bench))
        truth = _shown(picture, _NOISELESS, seed)[place]
        noisy = _as_noisy(_shown(picture, quanta, seed)[place], truth)
        where = np.ones(truth.shape, bool)
        cases.append(
            Case(name=f"chest {seed}", source=f"chest {seed}", noisy=noisy, truth=truth[None], where=where[None])
        )
    return cases


def _planted(bench: Bench) -> Sequence[PlantedCase]:
    cases = []
    for seed in range(SEED + 5000, SEED + 5000 + bench.count(_PHANTOMS)):
        drawn = _chest(seed)
        place = middle(drawn.bare.shape, 2 * _CROP)
        full, bare = (_shown(picture[place], _NOISELESS, seed) for picture in (drawn.full, drawn.bare))
        # Under the same noise: what the targets take away is small against the noise's own dependence on it.
        noise = _shown(drawn.bare[place], QUANTA[0], seed) - bare
        spots = [
            Spot(inside=target.inside[place][None], ring=target.ring[place][None], diameter_mm=target.diameter_mm)
            for target in drawn.targets
            if target.ring[place].sum() == target.ring.sum()
        ]
        truth = PlantedTruth(bare=bare[None], full=full[None], body=np.ones((1, *bare.shape), bool), discs=tuple(spots))
        first, second = (_as_noisy(picture + noise, bare) for picture in (full, bare))
        cases.append(PlantedCase(name=f"chest {seed}", truth=truth, full=first, bare=second))
    return cases


def _few_quanta(bench: Bench) -> Sequence[Case]:
    return cases_of(bench, QUANTA[0], bench.count(_PHANTOMS))


@cache
def _chest(seed: int) -> TargetPicture:
    """Draw a chest whose median exposure is 1."""
    drawn = xray_targets(np.random.default_rng(seed), size=_SIZE, pixel_mm=_PIXEL_MM)
    level = np.float32(np.median(drawn.bare))
    return replace(drawn, bare=drawn.bare / level, full=drawn.full / level)


def _shown(picture: FloatArray, quanta: float, seed: int) -> FloatArray:
    """Return what the detector shows: the same blur whatever the dose."""
    detector = XrayQuantum(
        dose=1.0,
        quanta_at_unit=quanta,
        electronic=3.0,
        blur_pixels=_BLUR_PIXELS,
        spread="lorentzian",
        truth="ideal",
        seed=seed,
    )
    return np.asarray(detector(torch.from_numpy(np.array(picture, dtype=np.float32))).numpy(), np.float32)


def _as_noisy(noisy: FloatArray, truth: FloatArray) -> Noisy:
    return as_noisy(noisy, _PIXEL_MM, float((noisy - truth).std(dtype=np.float64)))


def _stabilised(quanta: float) -> Yardstick:
    """Return NLM on the square root, where quantum noise is the same everywhere (Anscombe)."""
    plain, sigma = nlm(), 0.5 / np.sqrt(quanta)

    def run(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
        root = np.sqrt(np.clip(picture, 0, None)).astype(np.float32)
        answer = plain.run(root, as_noisy(root, noisy.spacing_mm[1], float(sigma)), strength)
        return np.asarray(answer**2 + sigma**2, np.float32)

    return Yardstick(name=STABILISED, strengths=plain.strengths, run=run)


def _beside_the_spine(shape: tuple[int, ...], side: int) -> tuple[slice, slice]:
    """Return a square that reaches from the middle of the chest over one lung."""
    rows, _ = middle(shape, side)
    first = shape[1] // 2
    return rows, slice(first, first + side)


def _crop(bench: Bench) -> int:
    return _QUICK_CROP if bench.quick else _CROP
