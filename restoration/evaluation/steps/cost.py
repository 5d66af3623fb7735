"""What a network costs beside RED-CNN: multiply-adds, weights, seconds. Touches: the clock (reads)."""

import time

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Noisy
from restoration.evaluation.methods.ways import pipeline
from restoration.evaluation.report import Bar, Row, Section, Sense, Tier
from restoration.metrics.bootstrap import Estimate
from restoration.networks.catalogue import build

SIDE = 512
RED_CNN: dict[str, object] = {"name": "RedCnn", "channels": 32}
SHARE = 1 / 8
"""Largest share of RED-CNN's multiply-adds."""

_RUNS = 3


def cost(*, level: float, spacing_mm: tuple[float, float, float]) -> Step:
    """Return the step that counts multiply-adds and takes the time on a slice of 512 × 512 pixels."""

    def measure(bench: Bench) -> Section | None:
        card = bench.restorer.card
        if card.kind != "network":
            return None
        rival = giga_multiply_adds(RED_CNN)
        ours = giga_multiply_adds(card.parameters.get("network"))
        seconds = _seconds(bench, level, spacing_mm)
        rows: tuple[Row, ...] = (
            {"method": bench.name, "GMAC a slice": ours, "seconds a slice": seconds},
            {"method": "RED-CNN-32", "GMAC a slice": rival, "seconds a slice": None},
        )
        # A slab's first layer sees several slices; RED-CNN's sees one.
        bars = (_bar(ours / rival),) if card.slab == 1 else ()
        where = ", ".join(f"{key} {value}" for key, value in bench.restorer.provenance.items() if key != "weights")
        return Section(title=f"Cost ({where})", tier=Tier.PHANTOM, n=1, rows=rows, bars=bars)

    return Step(title="cost", measure=measure)


def _bar(share: float) -> Bar:
    return Bar(
        name="multiply-adds against RED-CNN-32's",
        unit="share",
        sense=Sense.AT_MOST,
        wanted=SHARE,
        found=Estimate(mean=share, n=1, interval=None),
        tier=Tier.PHANTOM,
        note="counted, not sampled",
    )


def giga_multiply_adds(settings: object) -> float:
    """Count the multiply-adds of a network on one slice of 512 × 512 pixels [10⁹]."""
    built = build(settings)
    network = built.network.to_empty(device="cpu")
    for weights in network.parameters():
        torch.nn.init.zeros_(weights)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network(torch.zeros(1, built.slices, SIDE, SIDE), torch.zeros(1, 1, SIDE, SIDE))
    return counter.get_total_flops() / 2e9


def _seconds(bench: Bench, level: float, spacing_mm: tuple[float, float, float]) -> float:
    slices = max(1, bench.restorer.card.slab)
    noise = np.random.default_rng(0).normal(0, 0.1 * level, (slices, SIDE, SIDE))
    noisy = Noisy(
        volume=(level + noise).astype(np.float32), spacing_mm=spacing_mm, measured=slice(0, slices), sigma=0.1 * level
    )
    way = pipeline(bench.restorer, 100.0)
    taken = []
    for _ in range(1 if bench.quick else _RUNS):
        begun = time.perf_counter()
        way.run(noisy)
        taken.append(time.perf_counter() - begun)
    return min(taken) / slices
