"""PET with few counts: uptake of hot spheres against noise, the bars and how they are measured. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch

from restoration.anatomy.pet import pet_spheres
from restoration.card import Card
from restoration.evaluation.bench import SEED, VALIDATION_SEED, Bench, Step, Task
from restoration.evaluation.cases import Case, Noisy, PlantedCase, PlantedTruth
from restoration.evaluation.methods.ways import Way, nothing, pipeline
from restoration.evaluation.methods.yardsticks import cheap, nlm
from restoration.evaluation.report import Bar, Curve, Plot, Row, Section, Sense, Tier
from restoration.evaluation.steps.fidelity import Field, fidelity
from restoration.evaluation.steps.transfer import magnitude
from restoration.metrics.arrays import StoredVolume
from restoration.metrics.bootstrap import Estimate, estimate
from restoration.metrics.contrast import noise_left
from restoration.metrics.quantity import Uptake, uptake_bias
from restoration.physics.pet_counts import PetCounts
from restoration.volume import BoolArray, FloatArray

SPACING_MM = (3.0, 2.5, 2.5)
HELD_MM = 12.0
BIAS = 0.03
NOISE_LEFT = 0.6
UNIT = "Bq/mL"
BACKGROUND = 5000.0
WINDOW = (0.0, 4 * BACKGROUND)

_COUNTS, _SHARE = 0.0036, 0.25
"""Counts behind a Bq/mL at all counts, and the share that is left: about 12 % of noise in the background."""
_RESOLUTION_MM = 4.5
_SEEDS, _DEPTH = 6, 8
_PERCENT = (25.0, 50.0, 75.0, 100.0)


@dataclass(frozen=True, kw_only=True, eq=False)
class Hot:
    """Spheres in a warm body, under noise.

    Attributes
    ----------
    planted
        With and without spheres under the same noise.
    spheres
        Diameter [mm] to the masks of its hot spheres: (slices, rows, columns) bool.
    """

    planted: PlantedCase
    spheres: Mapping[float, Sequence[BoolArray]]


def task(card: Card) -> Task:
    """Return the protocol for a PET denoiser."""
    return Task(
        modality="PT",
        steps=(
            Step(title="uptake of spheres", measure=_uptake),
            fidelity(_phantoms, (), title="fidelity on phantoms"),
            fidelity(_real, (), title="real volumes, counts taken away (shown, not ranked on)"),
        ),
    )


@cache
def hot(seed: int, share: float = _SHARE) -> Hot:
    """Draw a phantom and measure it."""
    phantom = pet_spheres(np.random.default_rng(seed), spacing_mm=SPACING_MM, background=BACKGROUND)
    noise = thinned(phantom.full, share, seed, truth="ideal") - phantom.full
    sigma = float(noise[phantom.body].std(dtype=np.float64))
    spheres: dict[float, list[BoolArray]] = {}
    for sphere in phantom.spheres:
        spheres.setdefault(sphere.diameter_mm, []).append(sphere.inside)
    truth = PlantedTruth(bare=phantom.bare, full=phantom.full, body=phantom.body, discs=())
    full, bare = (_noisy(volume + noise, sigma) for volume in (phantom.full, phantom.bare))
    return Hot(planted=PlantedCase(name=f"spheres {seed}", truth=truth, full=full, bare=bare), spheres=spheres)


def thinned(activity: FloatArray, share: float, seed: int, *, truth: str) -> FloatArray:
    """Return (slices, rows, columns) float32 [Bq/mL] as a share of the counts would show it."""
    counts = PetCounts(
        share=share,
        counts_per_unit=_COUNTS,
        resolution_mm=_RESOLUTION_MM,
        voxel_mm=SPACING_MM,
        truth="ideal" if truth == "ideal" else "measured",
        seed=seed % 2**31,
    )
    return np.asarray(counts(torch.from_numpy(np.array(activity, dtype=np.float32))).numpy(), np.float32)


def _noisy(volume: FloatArray, sigma: float) -> Noisy:
    return Noisy(volume=volume, spacing_mm=SPACING_MM, measured=slice(0, len(volume)), sigma=sigma)


def _uptake(bench: Bench) -> Section:
    """Compare uptake and noise for the pipeline's strengths and for smoothing."""
    cases = [hot(SEED + 4000 + index) for index in range(bench.count(_SEEDS))]
    gauss, *_ = cheap()
    strengths = sorted({*_PERCENT, bench.default})
    ways = [nothing(), *(pipeline(bench.restorer, strength) for strength in strengths)]
    ways += [gauss.at(sigma_mm) for sigma_mm in (1.0, 2.0, 3.0)] + [nlm().at(0.8)]
    rows: list[Row] = []
    bars: list[Bar] = []
    for way in ways:
        left, biases = _measured(way, cases)
        rows.append(_row(way, left, biases))
        if way.name == bench.name and way.strength == bench.default:
            bars = _bars(way, left, biases[HELD_MM])
    return Section(
        title="Uptake of hot spheres against noise in the background",
        tier=Tier.PHANTOM,
        n=len(cases),
        rows=tuple(rows),
        bars=tuple(bars),
        plots=(_plot(bench, rows),),
    )


def _measured(way: Way, cases: Sequence[Hot]) -> tuple[Estimate, dict[float, tuple[Estimate, Estimate]]]:
    """Return the share of noise left, and by diameter the relative bias of SUVmax and SUVmean: a value per phantom."""
    left: list[float] = []
    found: dict[float, list[tuple[float, float]]] = {}
    for case in cases:
        planted = case.planted
        full, bare = way.run(planted.full), way.run(planted.bare)
        left.append(noise_left(bare, planted.truth) / noise_left(planted.bare.pictures, planted.truth))
        for diameter, masks in case.spheres.items():
            each = [uptake_bias(full, planted.truth.full, mask, spacing_mm=SPACING_MM) for mask in masks]
            found.setdefault(diameter, []).append(_mean(each))
    biases = {
        diameter: (estimate([first for first, _ in values]), estimate([second for _, second in values]))
        for diameter, values in sorted(found.items())
    }
    return estimate(left), biases


def _mean(each: Sequence[Uptake]) -> tuple[float, float]:
    return float(np.mean([item.maximum for item in each])), float(np.mean([item.mean for item in each]))


def _row(way: Way, left: Estimate, biases: dict[float, tuple[Estimate, Estimate]]) -> Row:
    row: Row = {"method": way.name, "strength": way.strength, "share of noise left": left}
    for diameter, (maximum, mean) in biases.items():
        row[f"SUVmax bias {diameter:.3g} mm"] = maximum
        row[f"SUVmean bias {diameter:.3g} mm"] = mean
    return row


def _bars(way: Way, left: Estimate, held: tuple[Estimate, Estimate]) -> list[Bar]:
    label = f"{HELD_MM:g} mm spheres, strength {way.strength:g} %"
    told: list[tuple[str, float, Estimate]] = [
        (f"share of noise left, strength {way.strength:g} %", NOISE_LEFT, left),
        (f"|SUVmax bias| of {label}", BIAS, magnitude(held[0])),
        (f"|SUVmean bias| of {label}", BIAS, magnitude(held[1])),
    ]
    return [
        Bar(name=name, unit="share", sense=Sense.AT_MOST, wanted=wanted, found=found, tier=Tier.PHANTOM)
        for name, wanted, found in told
    ]


def _plot(bench: Bench, rows: Sequence[Row]) -> Plot:
    key = f"SUVmax bias {HELD_MM:.3g} mm"
    lines: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        left, bias = row["share of noise left"], row[key]
        if isinstance(left, Estimate) and isinstance(bias, Estimate):
            lines.setdefault(str(row["method"]), []).append((left.mean, bias.mean))
    curves = (
        Curve(label=name, x=np.asarray([x for x, _ in points]), y=np.asarray([y for _, y in points]))
        for name, points in lines.items()
    )
    return Plot(
        name="uptake",
        title=f"SUVmax bias of {HELD_MM:g} mm spheres, {bench.name}",
        x_label="share of noise left",
        y_label="relative bias",
        curves=tuple(curves),
    )


def _phantoms(bench: Bench) -> Field:
    cases = [_case(hot(SEED + 4000 + index)) for index in range(bench.count(2))]
    return _field(bench, Tier.PHANTOM, cases)


def _real(bench: Bench) -> Field | None:
    if not bench.volumes:
        return None
    return _field(bench, Tier.SIMULATED, [_thinned(item, index) for index, item in enumerate(bench.volumes)])


def _field(bench: Bench, tier: Tier, cases: Sequence[Case]) -> Field:
    gauss, *_ = cheap()
    return Field(
        label="in the body",
        tier=tier,
        cases=cases,
        validation=[_case(hot(VALIDATION_SEED + 4000))],
        tuned=(gauss,) if bench.quick else (gauss, nlm()),
        oracles=(nlm(),) if not bench.quick else (),
        window=WINDOW,
        unit=UNIT,
        strengths=tuple(dict.fromkeys((100.0, bench.default))),
    )


def _case(item: Hot) -> Case:
    """Compare errors in the slices around the middle."""
    planted = item.planted
    at = _around(len(planted.truth.full) // 2)
    truth = planted.truth.full[at]
    noisy = replace(planted.full, measured=at)
    return Case(name=planted.name, source=planted.name, noisy=noisy, truth=truth, where=truth > 0.2 * BACKGROUND)


def _around(index: int) -> slice:
    return slice(max(0, index - _DEPTH // 2), index + _DEPTH // 2)


def _thinned(item: StoredVolume, index: int) -> Case:
    """Take counts away from the middle slices of a real volume, brought to the phantoms' activity."""
    truth = np.clip(item.array[_around(len(item.array) // 2)], 0, None)
    level = float(np.percentile(truth[truth > 0], 95))
    truth = (truth * (BACKGROUND / level)).astype(np.float32)
    noisy = thinned(truth, _SHARE, SEED + 4100 + index, truth="measured")
    where = truth > 0.2 * BACKGROUND
    sigma = float((noisy - truth)[where].std(dtype=np.float64))
    return Case(name=item.source, source=item.source, noisy=_noisy(noisy, sigma), truth=truth, where=where)
