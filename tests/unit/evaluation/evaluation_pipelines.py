"""Pipelines that need no weights: they smooth, enlarge or pass on, under the card of any kind of bundle."""

from dataclasses import dataclass, replace

import numpy as np

from restoration.card import Card, load_card
from restoration.kspace_grid import enlarged
from restoration.lowpass import lowpass
from restoration.volume import FloatArray, Volume


@dataclass(frozen=True, kw_only=True)
class Smoothing:
    """A `Restorer` that smooths, anchored as the card says; on a finer grid where the card enlarges."""

    card: Card
    smooth_mm: float = 1.0

    @property
    def provenance(self) -> dict[str, str]:
        return {"device": "cpu"}

    def restore(self, volume: Volume, *, strength: float) -> Volume:
        if max(self.card.factors) > 1:
            return enlarged(volume, self.card.factors)
        share = np.float32(strength / 100)
        slices = [picture - share * self._change(picture, volume.pixel_mm) for picture in volume.array]
        return volume.with_array(np.stack(slices))

    def _change(self, picture: FloatArray, pixel_mm: tuple[float, float]) -> FloatArray:
        change = picture - lowpass(picture, sigma_mm=self.smooth_mm, pixel_mm=pixel_mm)
        if self.card.anchor_mm <= 0:
            return change
        return change - lowpass(change, sigma_mm=self.card.anchor_mm, pixel_mm=pixel_mm)


KINDS: dict[str, dict[str, object]] = {
    "ct-denoise": {"unit": "HU"},
    "ct-denoise-thin": {"unit": "HU", "scope": "slab", "slab": 5},
    "mr-denoise": {"unit": "signal"},
    "mr-super-resolution": {"unit": "signal", "operation": "super-resolution", "factors": (1, 2, 2)},
    "mr-super-resolution-through-plane": {
        "unit": "signal",
        "operation": "super-resolution",
        "factors": (2, 1, 1),
        "scope": "volume",
        "parameters": {"step_ratio": [0.75, 1.35]},
    },
    "mr-motion": {"unit": "signal", "operation": "motion-correction"},
    "pet-denoise": {"unit": "Bq/mL", "scope": "slab", "slab": 5},
    "xr-denoise": {"unit": "exposure"},
}
"""What the cards of the shipped pipelines say of themselves."""


def smoothing(name: str) -> Smoothing:
    """Return a smoothing pipeline that says of itself what a shipped one says."""
    fields = {"name": name, "operation": "denoise", "scope": "slice", "slab": 1, "factors": (1, 1, 1), **KINDS[name]}
    return Smoothing(card=replace(load_card("ct-nlm"), **fields))
