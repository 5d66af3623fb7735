"""Contrast-detail targets in a chest: discs of known diameter and contrast, with masks to measure them. Pure."""

from dataclasses import dataclass, field

import numpy as np

from restoration.anatomy.shapes.beam import Detector, Window
from restoration.anatomy.shapes.grid import BoolArray, FloatArray
from restoration.anatomy.xray import chest

DIAMETERS_MM = (1.5, 3.0, 6.0, 12.0)
"""Diameters of the targets [mm]."""

CONTRASTS = (0.02, 0.04, 0.08, 0.16)
"""What the targets take of the exposure behind them."""

_EACH = 2
_PIXEL_MM = 0.4
_ROWS, _COLUMNS = 4, 8
_SPREAD = (0.62, 0.72)
_SAMPLES = 5


@dataclass(frozen=True, kw_only=True, eq=False)
class Target:
    """One disc and where to measure it.

    Attributes
    ----------
    diameter_mm, contrast
        Diameter [mm], and the share of the exposure that it takes.
    shape
        Rows and columns of the picture.
    where
        Window that holds both masks.
    core, shell
        Masks in that window: the disc without its edge, and the surroundings.
    """

    diameter_mm: float
    contrast: float
    shape: tuple[int, int]
    where: Window = field(repr=False)
    core: BoolArray = field(repr=False)
    shell: BoolArray = field(repr=False)

    @property
    def inside(self) -> BoolArray:
        """(rows, columns) bool: the disc without its edge."""
        return self._placed(self.core)

    @property
    def ring(self) -> BoolArray:
        """(rows, columns) bool: the surroundings."""
        return self._placed(self.shell)

    def recovered(self, full: FloatArray, bare: FloatArray) -> float:
        """Return which share of the exposure it takes, by two pictures that differ in the targets only."""
        inside, without = (picture[self.where][self.core].mean(dtype=np.float64) for picture in (full, bare))
        return float(1 - inside / without)

    def _placed(self, mask: BoolArray) -> BoolArray:
        whole = np.zeros(self.shape, bool)
        whole[self.where] = mask
        return whole


@dataclass(frozen=True, kw_only=True, eq=False)
class TargetPicture:
    """A chest with and without targets.

    Attributes
    ----------
    bare, full
        (size, size) float32 [exposure: 1 unattenuated].
    targets
        Targets whose surroundings do not meet.
    pixel_mm
        Pixel spacing [mm].
    """

    bare: FloatArray
    full: FloatArray
    targets: tuple[Target, ...]
    pixel_mm: float


def xray_targets(rng: np.random.Generator, *, size: int = 1024, pixel_mm: float = _PIXEL_MM) -> TargetPicture:
    """Draw a chest and lay two targets of each diameter and contrast over it.

    Parameters
    ----------
    rng
        Source of chance: the chest, the order of the targets.
    size, pixel_mm
        Rows and columns; spacing [mm]. Below 340 mm of picture the surroundings of targets would meet.

    Returns
    -------
    TargetPicture
        Both pictures show the same chest.
    """
    detector = Detector(size=size, pixel_mm=pixel_mm)
    bare = chest(detector, rng)
    full, targets = bare.copy(), []
    kinds = [(diameter, contrast) for diameter in DIAMETERS_MM for contrast in CONTRASTS for _ in range(_EACH)]
    for place, kind in enumerate(rng.permutation(len(kinds))):
        row, column = divmod(place, _COLUMNS)
        centre = (_offset(row, _ROWS, 0, detector), _offset(column, _COLUMNS, 1, detector))
        target, share = _target(detector, centre, kinds[kind])
        full[target.where] *= 1 - np.float32(target.contrast) * share
        targets.append(target)
    return TargetPicture(bare=bare, full=full, targets=tuple(targets), pixel_mm=pixel_mm)


def _offset(index: int, count: int, axis: int, detector: Detector) -> float:
    """Return the place of one of `count` targets along an axis [mm]."""
    return ((index + 0.5) / count - 0.5) * _SPREAD[axis] * detector.extent_mm


def _target(detector: Detector, centre: tuple[float, float], kind: tuple[float, float]) -> tuple[Target, FloatArray]:
    """Return a target and the share of each pixel of its window that it covers."""
    diameter, contrast = kind
    reach = diameter / 2 + 6
    corners = [(centre[0] + far, centre[1] + far) for far in (-reach, reach)]
    where, y, x = detector.window(corners[0], corners[1])
    distance = np.hypot(y - centre[0], x - centre[1])
    steps = ((np.arange(_SAMPLES) + 0.5) / _SAMPLES - 0.5) * detector.pixel_mm
    share = sum(
        np.hypot(y - centre[0] + down, x - centre[1] + right) < diameter / 2 for down in steps for right in steps
    )
    target = Target(
        diameter_mm=diameter,
        contrast=contrast,
        shape=(detector.size, detector.size),
        where=where,
        core=(distance < diameter / 2 - detector.pixel_mm) | (distance == distance.min()),
        shell=(distance > diameter / 2 + 2) & (distance < reach),
    )
    return target, np.asarray(share / _SAMPLES**2, np.float32)
