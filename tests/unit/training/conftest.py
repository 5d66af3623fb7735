"""Recipes small enough for a test."""

from collections.abc import Callable

import pytest

from training.recipe import (
    CtNoise,
    CtSlab,
    MrEnlargement,
    MrMotion,
    MrNoise,
    PetCounting,
    Planted,
    Recipe,
    Schedule,
    Simulation,
    UNet,
    XrayDose,
)

_CT = {"sigma": (10, 40), "cutoff": (0.6, 1.0), "boost": (0.0,), "jitter": (0.5, 1.2), "least_ratio": 1.5}

SIMULATIONS: dict[str, Simulation] = {
    "ct": CtNoise.model_validate({"kind": "ct", "scans": 2, "realisations": 1, **_CT}),
    "ct-slab": CtSlab.model_validate(
        {
            "kind": "ct-slab",
            "scans": 1,
            "realisations": 5,
            "slice_mm": (0.8, 1.5),
            "correlation": (0, 0.3),
            "bend": (0.5, 2),
            **_CT,
        }
    ),
    "mr": MrNoise(kind="mr", sigma=(0.03, 0.1), fill=(1.0, 0.8), taper=(0.0, 0.5), gain=(0.0, 0.5), least_ratio=1.5),
    "mr-enlargement": MrEnlargement(kind="mr-enlargement", sigma=(0.0, 0.01), taper=(0.0, 0.5), one_axis=0.5),
    "mr-motion": MrMotion(kind="mr-motion", severity=(0.5, 2.0), still=0.2, sigma=(0.0, 0.02)),
    "pet": PetCounting(kind="pet", counts=(1, 10), resolution_mm=(4, 6), pixel_mm=(3, 5), slice_mm=(3, 4)),
    "xray": XrayDose(kind="xray", quanta=(60, 500), blur=(0.4, 0.9), electronic=(0, 5)),
}

SLABS = {"ct-slab": 3, "pet": 5}


@pytest.fixture
def make_recipe() -> Callable[..., Recipe]:
    def make(*, kind: str = "mr", steps: int = 20, seed: int = 1) -> Recipe:
        ct = kind.startswith("ct")
        return Recipe(
            name="small",
            seed=seed,
            network=UNet(name="RestorationUNet", widths=(8, 8), blocks=1, fold=2, slices=SLABS.get(kind, 1)),
            schedule=Schedule(
                steps=steps, batch=4, crop=32, learning_rate=5e-3, weight_decay=1e-4, warmup=2, precision="float32"
            ),
            planted=Planted(share=0.5, count=2, radius=(2, 5), contrast=(10, 40) if ct else (0.05, 0.2)),
            simulation=SIMULATIONS[kind],
            phantoms=2,
            real_share=0.5,
            scale=100.0 if ct else 0.25,
            clamp=(-1000, 1500) if ct else None,
            transfer_weight=4.0,
        )

    return make
