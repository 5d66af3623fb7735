"""A recipe small enough for a test."""

from collections.abc import Callable

import pytest

from training.recipe import CtNoise, Discs, MrNoise, Network, Recipe, Schedule

MR = MrNoise(kind="mr", sigma=(0.03, 0.1), fill=(1.0, 0.8), taper=(0.0, 0.5), gain=(0.0, 0.5), least_ratio=1.5)
CT = CtNoise(
    kind="ct", sigma=(10, 40), cutoff=(0.6, 1.0), boost=(0.0,), realisations=2, jitter=(0.5, 1.2), least_ratio=1.5
)


@pytest.fixture
def make_recipe() -> Callable[..., Recipe]:
    def make(*, modality: str = "MR", steps: int = 20, seed: int = 1) -> Recipe:
        ct = modality == "CT"
        return Recipe(
            name="small",
            seed=seed,
            network=Network(widths=(8, 8), blocks=1, fold=2),
            schedule=Schedule(
                steps=steps, batch=4, crop=32, learning_rate=5e-3, weight_decay=1e-4, warmup=2, precision="float32"
            ),
            discs=Discs(count=2, radius=(2, 5), contrast=(10, 40) if ct else (0.05, 0.2)),
            noise=CT if ct else MR,
            phantoms=2,
            real_share=0.5,
            scale=100.0 if ct else 0.25,
            clamp=(-1000, 1500) if ct else None,
            transfer_weight=4.0,
        )

    return make
