"""What is segmented: labelled tissues by bands of values, and lesions in flat tissue at half their contrast. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from restoration.anatomy.shapes.labelled import Labelled
from restoration.evaluation.cases import Noisy
from restoration.evaluation.shapes import Place, disc, distance, quarters
from restoration.evaluation.steps.masks import Organ
from restoration.metrics.segmentation import band_masks, lesion_mask
from restoration.volume import BoolArray, FloatArray

DIAMETERS_MM = (8.0, 12.0, 12.0, 20.0)


@dataclass(frozen=True, kw_only=True)
class Lesions:
    """How lesions look.

    Attributes
    ----------
    level, contrast
        Tissue, and lesion against it [unit].
    side
        Rows and columns of the picture [pixels].
    pixel_mm
        Pixel spacing [mm].
    unit
        Unit of the values.
    """

    level: float
    contrast: float
    side: int
    pixel_mm: float
    unit: str

    @property
    def truth(self) -> FloatArray:
        """The tissue with its four lesions: (side, side) float32 [unit]."""
        discs = (disc(self.side, place, mm / self.pixel_mm, self.contrast) for place, mm in self._places)
        return np.asarray(self.level + sum(discs), np.float32)

    def organs(self, degrade: Callable[[FloatArray], Noisy]) -> list[Organ]:
        """Return all lesions of one degraded picture."""
        truth = self.truth
        noisy = degrade(truth)
        return [self._organ(noisy, truth, place, mm) for place, mm in self._places]

    @property
    def _places(self) -> list[tuple[Place, float]]:
        return list(zip(quarters(self.side), DIAMETERS_MM, strict=True))

    def _organ(self, noisy: Noisy, truth: FloatArray, place: Place, diameter_mm: float) -> Organ:
        away = distance(self.side, place) * self.pixel_mm
        region, levels = away < diameter_mm, (self.level, self.level + self.contrast)
        return Organ(
            name=f"lesion of {self.contrast:+g} {self.unit}, {diameter_mm:g} mm",
            kind="lesion",
            noisy=noisy,
            clean=truth,
            mask=np.asarray(away < diameter_mm / 2),
            rule=lambda picture: lesion_mask(picture, region, levels=levels, pixel_mm=self.pixel_mm),
        )


def tissues(
    labelled: Labelled, bands: Mapping[str, tuple[float, float]], noisy: Noisy, clean: FloatArray
) -> list[Organ]:
    """Return the tissues of a picture, each the labels whose values lie in its band.

    Parameters
    ----------
    labelled
        (rows, columns) with labels.
    bands
        Name to lowest and highest value [unit].
    noisy, clean
        The picture degraded, and (rows, columns) float32 without noise [unit].
    """
    return [
        _tissue(name, mask, bands, noisy, clean)
        for name, (low, high) in bands.items()
        if (mask := np.isin(labelled.labels, _between(labelled, low, high))).any()
    ]


def _between(labelled: Labelled, low: float, high: float) -> list[int]:
    return [label for label, value in enumerate(labelled.values) if low <= value < high]


def _tissue(
    name: str, mask: BoolArray, bands: Mapping[str, tuple[float, float]], noisy: Noisy, clean: FloatArray
) -> Organ:
    pixel_mm = noisy.spacing_mm[1]
    return Organ(
        name=f"{name}, by band",
        kind="tissue",
        noisy=noisy,
        clean=clean,
        mask=mask,
        rule=lambda picture: band_masks(picture, pixel_mm=pixel_mm, bands={name: bands[name]})[name],
    )
