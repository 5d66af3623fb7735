"""How fast a bundle restores, from volume to volume, against its plain network, taking turns in one run.

    python -m tests.benchmarks.inference [NAME ...] [--slices 4] [--size 512] [--rounds 7] [--threads 0] [--device cpu]
                                         [--json FILE]

On a CPU the plain network is eager torch in float32, slice by slice, in torch's usual memory layout; everything around
it (scaling, noise map, anchor) is the same code. On a GPU it is the bare compiled network on pictures that are there
already, without anything around it. Only the ratio within one run means anything.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from restoration import registry
from restoration.card import BUNDLES, Card, load_card, names
from restoration.inference.device import chosen_device
from restoration.inference.precision import multiplies_bfloat16
from restoration.inference.weights import read_weights
from restoration.networks.catalogue import build
from restoration.networks.noise_map import noise_map
from restoration.volume import FloatArray, Volume

BARS = {"cpu with bfloat16": 1.5, "cpu": 1.0, "cuda": 0.9}
FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16")


@dataclass(frozen=True, kw_only=True)
class Plain:
    """A network as anyone would run it."""

    network: torch.nn.Module
    slices: int

    @property
    def provenance(self) -> dict[str, str]:
        return {}

    def __call__(self, images: FloatArray) -> FloatArray:
        answers = []
        with torch.no_grad():
            for slab in images:
                picture = torch.from_numpy(slab[None].copy())
                answers.append(self.network(picture, noise_map(picture[:, self.slices // 2, None]))[0, 0].numpy())
        return np.stack(answers)


def main() -> None:
    options = arguments()
    if options.threads:
        torch.set_num_threads(options.threads)
    shipped = [name for name in names() if load_card(name).kind == "network" and load_card(name).weights_sha256]
    reports = [measured(name, options) for name in options.names or shipped]
    for report in reports:
        print(
            "{pipeline}: {ours:.1f} slices/s, plain {plain:.1f}, ratio {ratio:.2f} (bar {bar}), {device}".format(
                **report
            )
        )
    if options.json:
        options.json.write_text(json.dumps(reports, indent=2) + "\n", encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="bundles; all networks if none is named")
    parser.add_argument("--slices", type=int, default=4)
    parser.add_argument("--size", type=int, default=512, help="rows and columns")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="of torch on a CPU; 0: as torch wants")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def measured(name: str, options: argparse.Namespace) -> dict[str, Any]:
    restorer = registry.load(name, device=options.device)
    card, volume = restorer.card, made_up(load_card(name), options)
    on_gpu = chosen_device(options.device).type == "cuda"
    plain = bare_on_gpu(card, volume) if on_gpu else plain_on_cpu(card, volume)
    seconds: dict[str, list[float]] = {"ours": [], "plain": []}
    for turn in range(options.rounds + 1):
        for who, run in (("ours", lambda: restorer.restore(volume, strength=card.default_strength)), ("plain", plain)):
            taken = timed(run)
            if turn:  # the first turn warms the caches
                seconds[who].append(taken)
    medians = {who: statistics.median(taken) for who, taken in seconds.items()}
    kind = "cuda" if on_gpu else "cpu with bfloat16" if multiplies_bfloat16(torch.device("cpu")) else "cpu"
    return {
        "pipeline": name,
        "weights": card.digest_label,
        "shape": volume.array.shape,
        **{who: len(volume.array) / median for who, median in medians.items()},
        "ratio": medians["plain"] / medians["ours"],
        "bar": BARS[kind],
        "kind": kind,
        "seconds": seconds,
        "threads": torch.get_num_threads(),
        "flags": [flag for flag in FLAGS if flag in cpu_flags()],
        **restorer.provenance,
        "device": torch.cuda.get_device_name() if on_gpu else cpu_name(),
    }


def plain_on_cpu(card: Card, volume: Volume) -> Callable[[], object]:
    plain = type(registry.load(card.name, device="cpu"))(card=card, denoiser=network_of(card))  # type: ignore[call-arg]
    return lambda: plain.restore(volume, strength=card.default_strength)


def bare_on_gpu(card: Card, volume: Volume) -> Callable[[], object]:
    plain, device = network_of(card), torch.device("cuda")
    network = torch.compile(plain.network.to(device).to(memory_format=torch.channels_last))  # type: ignore[call-overload]
    shape = (len(volume.array), plain.slices, *(side * card.factors[1] for side in volume.array.shape[1:]))
    pictures = torch.randn(shape, device=device)
    sigma = noise_map(pictures[:, plain.slices // 2, None])

    def run() -> None:
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
            network(pictures, sigma)
        torch.cuda.synchronize()

    return run


def network_of(card: Card) -> Plain:
    built = build(card.parameters["network"])
    built.network.load_state_dict(read_weights(card, BUNDLES / card.name), assign=True)
    return Plain(network=built.network.eval().requires_grad_(False), slices=built.slices)


def made_up(card: Card, options: argparse.Namespace) -> Volume:
    """Noise on a broad step, at values that the card's unit has; what is in a picture does not change its time."""
    rng = np.random.default_rng(0)
    shape = (options.slices, options.size, options.size)
    level, noise = (-1000.0, 20.0) if card.unit == "HU" else (900.0, 40.0)
    array = rng.normal(0 if card.unit == "HU" else 100, noise, shape)
    array[:, : options.size // 2] += level
    return Volume(
        array=array.astype(np.float32) if card.unit == "HU" else np.abs(array).astype(np.float32),
        pixel_mm=(0.7, 0.7),
        positions_mm=tuple(float(index) for index in range(options.slices)),
        thickness_mm=1.0,
        unit=card.unit,
    )


def timed(run: Callable[[], object]) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")


def cpu_flags() -> list[str]:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].split() for line in lines if line.startswith("flags")), [])


if __name__ == "__main__":
    main()
