"""MR pictures of heads that moved: the bars and how they are measured. Pure."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from restoration.anatomy.mr_test import mr_test_anatomy
from restoration.card import Card
from restoration.classical.autofocus import autofocus
from restoration.evaluation.bench import SEED, Bench, Step, Task
from restoration.evaluation.cases import Case, as_noisy, middle
from restoration.evaluation.methods.ways import INPUT, Yardstick, pipeline
from restoration.evaluation.report import Bar, Row, Section, Sense, Tier
from restoration.evaluation.steps.fidelity import Better, Field, fidelity
from restoration.evaluation.tasks.mr_cases import HEAD, PIXEL_MM, WINDOW, middles, seed_of
from restoration.metrics.bootstrap import Estimate, estimate
from restoration.physics.kspace import magnitude
from restoration.physics.mr_motion import drawn_motion
from restoration.physics.mr_noise import SmoothPhase, ThermalNoise
from restoration.physics.mr_trajectory import Course, Movement, PhaseEncoding
from restoration.volume import FloatArray

SEVERITIES_MM = {"mild": 0.5, "moderate": 1.0, "severe": 2.0}
"""Root mean square displacement of the head [mm]."""
UNCHANGED = 0.001
AUTOFOCUS = "autofocus"
UNIT = "of the 99.5 % signal"

_PHANTOMS, _SIZE, _QUICK_SIZE, _CROP = 6, 256, 128, 224
_SIGMA, _PHASE_RAD = 0.01, 2.0
_COURSES = (Course.SUDDEN, Course.DRIFT, Course.PERIODIC)
_ENCODING = PhaseEncoding(interleaves=2)


def task(card: Card) -> Task:
    """Return the protocol for a motion correction."""
    better = (Better(against=INPUT, decibel=0.0), Better(against=AUTOFOCUS, decibel=0.0, note="told the phase axis"))
    steps = [
        fidelity(partial(_field, severity, real), better, title="real slices, moved" if real else "phantoms, moved")
        for real in (False, True)
        for severity in SEVERITIES_MM
    ]
    return Task(modality="MR", steps=(*steps, Step(title="clean input", measure=_clean)))


def _field(severity: str, real: bool, bench: Bench) -> Field | None:
    cases = [_moved(truth, severity, index) for index, truth in enumerate(_truths(bench, real))]
    if not cases:
        return None
    return Field(
        label=f"{severity} ({SEVERITIES_MM[severity]:g} mm rms), inside the head",
        tier=Tier.SIMULATED if real else Tier.PHANTOM,
        cases=cases,
        validation=(),
        tuned=(),
        oracles=(),
        fixed=(Yardstick(name=AUTOFOCUS, strengths=(1.0,), run=lambda picture, noisy, strength: autofocus(picture)),),
        window=WINDOW,
        unit=UNIT,
        strengths=tuple(dict.fromkeys((100.0, bench.default))),
    )


_Truth = tuple[str, FloatArray, float, float]
"""Name, picture, pixel spacing [mm], own noise."""


def _truths(bench: Bench, real: bool) -> list[_Truth]:
    if real:
        found = [(item.source, item.array, item.pixel_mm, item.own_sigma) for item in middles(bench.test)]
        return found[: bench.count(len(found))]
    size = _QUICK_SIZE if bench.quick else _SIZE
    pixel_mm = PIXEL_MM * _SIZE / size
    seeds = range(SEED + 3000, SEED + 3000 + bench.count(_PHANTOMS))
    return [
        (f"head {seed}", mr_test_anatomy(size, np.random.default_rng(seed), pixel_mm=pixel_mm).picture, pixel_mm, 0.0)
        for seed in seeds
    ]


def _moved(truth: _Truth, severity: str, index: int) -> Case:
    name, still, pixel_mm, own = truth
    seed = seed_of(name)
    movement = Movement(severity_mm=SEVERITIES_MM[severity], course=_COURSES[index % len(_COURSES)], encoding=_ENCODING)
    rng = np.random.default_rng(seed)
    motion = drawn_motion(movement, rng, pixel_mm=(pixel_mm, pixel_mm), phase_axis=0)
    picture = torch.from_numpy(np.array(still, dtype=np.float32))
    phased = SmoothPhase(seed=seed, amplitude=_PHASE_RAD)(picture)
    moved = magnitude(ThermalNoise(seed=seed, sigma=_SIGMA)(motion(phased))).numpy()
    # The whole field of view is handed over, as in use: a ghost's distance is a share of it. What wraps round at its
    # edges does not count.
    inside = np.zeros(still.shape, bool)
    inside[middle(still.shape, _CROP)] = True
    return Case(
        name=f"{name}, {severity}",
        source=name,
        noisy=as_noisy(np.asarray(moved, np.float32), pixel_mm, _SIGMA),
        truth=still[None],
        where=np.asarray(inside & (still > HEAD))[None],
        own_sigma=own,
    )


def _clean(bench: Bench) -> Section:
    """Hand over pictures that did not move: they come back as they were."""
    rows: list[Row] = []
    bars: list[Bar] = []
    for real in (False, True):
        truths = _truths(bench, real)
        if not truths:
            continue
        tier = Tier.REAL if real else Tier.PHANTOM
        for strength in dict.fromkeys((bench.default, 100.0)):
            found = _change(bench, truths, strength)
            rows.append({"pictures": str(tier), "strength %": strength, f"rms change {UNIT}": found})
            if strength == bench.default:
                bars.append(_bar(strength, found, tier))
    return Section(
        title="Still pictures", tier=Tier.PHANTOM, n=len(_truths(bench, False)), rows=tuple(rows), bars=tuple(bars)
    )


def _change(bench: Bench, truths: Sequence[_Truth], strength: float) -> Estimate:
    way = pipeline(bench.restorer, strength)
    found = []
    for _, still, pixel_mm, _ in truths:
        level = float(np.percentile(still, 99.5))
        change = way.run(as_noisy(still, pixel_mm, 0.0))[0] - still
        found.append(float(np.sqrt(np.mean(np.square(change, dtype=np.float64)))) / level)
    return estimate(found)


def _bar(strength: float, found: Estimate, tier: Tier) -> Bar:
    return Bar(
        name=f"rms change of a still picture, strength {strength:g} %",
        unit=UNIT,
        sense=Sense.AT_MOST,
        wanted=UNCHANGED,
        found=found,
        tier=tier,
    )
