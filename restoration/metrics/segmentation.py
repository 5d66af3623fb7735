"""Segmentation by fixed rules, and how well two masks agree: whether restoration moves what is measured. Pure.

The rules are deliberately plain: they are the same for every picture, learn nothing, and depend on the picture alone.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.filters import sobel, threshold_multiotsu
from skimage.segmentation import watershed

from restoration.lowpass import lowpass
from restoration.volume import BoolArray, FloatArray

CT_BANDS = {
    "lung": (-950.0, -500.0),
    "fat": (-150.0, -30.0),
    "soft tissue": (-30.0, 150.0),
    "bone": (200.0, 3000.0),
}
"""Tissue to lowest and highest value [HU]."""

SMOOTH_MM = 1.0
CLASSES = 4

Masks = dict[str, BoolArray]
"""Name of the tissue to (rows, columns) bool."""


def band_masks(
    picture: FloatArray,
    *,
    pixel_mm: float,
    bands: Mapping[str, tuple[float, float]] = CT_BANDS,
    smooth_mm: float = SMOOTH_MM,
) -> Masks:
    """Segment by fixed bands of value after a light smoothing.

    Parameters
    ----------
    picture
        (rows, columns) float32 [HU].
    pixel_mm
        Pixel spacing [mm].
    bands
        Name to lowest and highest value [HU].
    smooth_mm
        Standard deviation of the Gaussian before the thresholds [mm].
    """
    smooth = _smoothed(picture, pixel_mm, smooth_mm)
    return {name: (smooth >= low) & (smooth < high) for name, (low, high) in bands.items()}


def otsu_masks(picture: FloatArray, *, pixel_mm: float, classes: int = CLASSES, smooth_mm: float = SMOOTH_MM) -> Masks:
    """Segment by the picture's own thresholds (Otsu, doi:10.1109/TSMC.1979.4310076): for magnitudes without a scale.

    Parameters
    ----------
    picture
        (rows, columns) float32 [signal].
    pixel_mm
        Pixel spacing [mm].
    classes
        How many, background among them.
    smooth_mm
        Standard deviation of the Gaussian before the thresholds [mm].

    Returns
    -------
    Masks
        ``class 0`` (darkest) and so on; one class where the picture has fewer values than classes.
    """
    smooth = _smoothed(picture, pixel_mm, smooth_mm)
    return _named(_otsu_labels(smooth, classes), classes)


def watershed_masks(
    picture: FloatArray, *, pixel_mm: float, classes: int = CLASSES, smooth_mm: float = SMOOTH_MM
) -> Masks:
    """Flood the gradient from the inner part of each Otsu class: borders lie on edges, not on thresholds.

    Parameters
    ----------
    picture
        (rows, columns) float32 [signal].
    pixel_mm
        Pixel spacing [mm].
    classes
        How many, background among them.
    smooth_mm
        Standard deviation of the Gaussian before thresholds and gradient [mm].

    Returns
    -------
    Masks
        ``class 0`` (darkest) and so on.
    """
    smooth = _smoothed(picture, pixel_mm, smooth_mm)
    labels = _otsu_labels(smooth, classes)
    inner = ndimage.maximum_filter(labels, 3) == ndimage.minimum_filter(labels, 3)
    # scikit-image has no types.
    gradient = sobel(smooth)  # type: ignore[no-untyped-call]
    flooded = watershed(gradient, np.where(inner, labels + 1, 0))  # type: ignore[no-untyped-call]
    return _named(flooded - 1, classes)


def lesion_mask(
    picture: FloatArray,
    region: BoolArray,
    *,
    levels: tuple[float, float],
    pixel_mm: float,
    smooth_mm: float = SMOOTH_MM,
) -> BoolArray:
    """Segment a lesion at half its contrast.

    Parameters
    ----------
    picture
        (rows, columns) float32 [physical unit].
    region
        (rows, columns) bool: where the lesion is looked for.
    levels
        Value of the surroundings and of the lesion; the lesion may be the darker one [physical unit].
    pixel_mm
        Pixel spacing [mm].
    smooth_mm
        Standard deviation of the Gaussian before the threshold [mm].

    Returns
    -------
    BoolArray
        (rows, columns) bool.
    """
    around, lesion = levels
    sign = 1 if lesion > around else -1
    smooth = _smoothed(picture, pixel_mm, smooth_mm)
    mask: BoolArray = region & (sign * smooth > sign * (around + lesion) / 2)
    return mask


def dice(first: BoolArray, second: BoolArray) -> float | None:
    """Overlap of two masks, 0 to 1 (L. R. Dice, doi:10.2307/1932409); None where both are empty."""
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else None


def dice_by_name(masks: Mapping[str, BoolArray], truth: Mapping[str, BoolArray]) -> dict[str, float]:
    """Overlap by tissue, for those that the truth has; 0 where the other lacks it."""
    empty = np.zeros((), bool)
    return {
        name: dice(np.broadcast_to(masks.get(name, empty), mask.shape), mask) or 0.0
        for name, mask in truth.items()
        if mask.any()
    }


def _smoothed(picture: FloatArray, pixel_mm: float, smooth_mm: float) -> FloatArray:
    return lowpass(picture, sigma_mm=smooth_mm, pixel_mm=(pixel_mm, pixel_mm))


def _otsu_labels(smooth: FloatArray, classes: int) -> npt.NDArray[np.intp]:
    if np.unique(smooth).size < classes:
        return np.zeros(smooth.shape, np.intp)
    # scikit-image has no types.
    thresholds = threshold_multiotsu(smooth, classes=classes)  # type: ignore[no-untyped-call]
    return np.digitize(smooth, thresholds)


def _named(labels: npt.NDArray[np.intp], classes: int) -> Masks:
    return {f"class {number}": labels == number for number in range(classes)}
