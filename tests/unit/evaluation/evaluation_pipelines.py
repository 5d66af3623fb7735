"""Pipelines that need no weights: they smooth, enlarge or pass on, under the card of any kind of bundle."""

from dataclasses import dataclass, replace

import numpy as np

from restoration.card import Card, load_card
from restoration.kspace_grid import zero_filled
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
        if self.card.factor > 1:
            fine = zero_filled(volume.array, (self.card.factor, self.card.factor))
            rows, columns = (mm / self.card.factor for mm in volume.pixel_mm)
            return Volume(
                array=fine,
                pixel_mm=(rows, columns),
                positions_mm=volume.positions_mm,
                thickness_mm=volume.thickness_mm,
                unit=volume.unit,
            )
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
    "mr-super-resolution": {"unit": "signal", "operation": "super-resolution", "factor": 2},
    "mr-motion": {"unit": "signal", "operation": "motion-correction"},
    "pet-denoise": {"unit": "Bq/mL", "scope": "slab", "slab": 5},
    "xr-denoise": {"unit": "exposure"},
}
"""What the cards of the shipped pipelines say of themselves."""


def smoothing(name: str) -> Smoothing:
    """Return a smoothing pipeline that says of itself what a shipped one says."""
    fields = {"name": name, "operation": "denoise", "scope": "slice", "slab": 1, "factor": 1, **KINDS[name]}
    return Smoothing(card=replace(load_card("ct-nlm"), **fields))
