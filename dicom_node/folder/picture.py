"""A source and its derived series side by side: noise in figures, one picture for people. Touches: files.

Noise is measured where both pictures are flat, over patches chosen on the smoothed source: a high-pass estimate would
flatter any smoothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydicom import Dataset, dcmread
from scipy import ndimage

FloatArray = npt.NDArray[np.float32]

_PATCH: Final = 16
_FLATTEST: Final = 0.25
_GAP: Final = 6
_DIFFERENCE_SIGMAS: Final = 4.0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Noise of the middle slice before and after [unit], and the pictures it was measured on."""

    before: float
    after: float
    unit: str
    pictures: tuple[FloatArray, FloatArray]
    window: tuple[float, float]


def compare(source: Sequence[Path], derived: Sequence[Path]) -> Comparison:
    """Measure the middle slice of two series that answer each other slice by slice.

    Parameters
    ----------
    source, derived
        Files of the two series, any order; slices are paired by position along the normal.

    Returns
    -------
    Comparison
        Standard deviations in flat patches.
    """
    before, after = _middle(source), _middle(derived)
    pictures = (_values(before), _values(after))
    flat = _flat_patches(pictures[0])
    noise = [
        float(np.median([_deviation(picture[r : r + _PATCH, c : c + _PATCH]) for r, c in flat])) for picture in pictures
    ]
    return Comparison(
        before=noise[0],
        after=noise[1],
        unit="HU" if before.Modality == "CT" else "signal",
        pictures=pictures,
        window=_window(before, pictures[0]),
    )


def draw(comparison: Comparison, path: Path) -> None:
    """Write before, after and their difference (grey is zero) as one PNG."""
    low, high = comparison.window
    before, after = comparison.pictures
    reach = _DIFFERENCE_SIGMAS * max(comparison.before, 1e-6)
    parts = [_grey(before, low, high), _grey(after, low, high), _grey(before - after, -reach, reach)]
    gap = np.full((before.shape[0], _GAP), 255, np.uint8)
    Image.fromarray(np.hstack([parts[0], gap, parts[1], gap, parts[2]])).save(path)


def _middle(paths: Sequence[Path]) -> Dataset:
    headers = [(dcmread(path, stop_before_pixels=True), path) for path in paths]
    ordered = sorted(headers, key=lambda item: _position(item[0]))
    return dcmread(ordered[len(ordered) // 2][1])


def _position(ds: Dataset) -> float:
    if "ImagePositionPatient" not in ds or "ImageOrientationPatient" not in ds:
        return float(ds.get("InstanceNumber") or 0)
    axes = np.asarray(ds.ImageOrientationPatient, float)
    return float(np.dot(np.cross(axes[:3], axes[3:]), np.asarray(ds.ImagePositionPatient, float)))


def _values(ds: Dataset) -> FloatArray:
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    return np.asarray(ds.pixel_array * slope + intercept, np.float32)


def _window(ds: Dataset, picture: FloatArray) -> tuple[float, float]:
    if "WindowCenter" in ds and "WindowWidth" in ds:
        centre, width = (np.atleast_1d(np.asarray(ds[key].value, float))[0] for key in ("WindowCenter", "WindowWidth"))
        return float(centre - width / 2), float(centre + width / 2)
    low, high = np.percentile(picture, (1, 99.5))
    return float(low), float(high)


def _flat_patches(picture: FloatArray) -> list[tuple[int, int]]:
    smooth = ndimage.gaussian_filter(picture, 2.0)
    body = smooth > (smooth.min() + 0.25 * (np.percentile(smooth, 99) - smooth.min()))
    rows, columns = picture.shape
    places = [
        (row, column)
        for row in range(0, rows - _PATCH + 1, _PATCH)
        for column in range(0, columns - _PATCH + 1, _PATCH)
        if body[row : row + _PATCH, column : column + _PATCH].all()
    ] or [(0, 0)]
    places.sort(key=lambda place: float(smooth[place[0] : place[0] + _PATCH, place[1] : place[1] + _PATCH].std()))
    return places[: max(1, round(_FLATTEST * len(places)))]


def _deviation(patch: FloatArray) -> float:
    rows, columns = np.mgrid[: patch.shape[0], : patch.shape[1]]
    plane = np.stack([np.ones(patch.size), rows.ravel(), columns.ravel()], axis=1)
    fit, *_ = np.linalg.lstsq(plane, patch.ravel(), rcond=None)
    return float((patch.ravel() - plane @ fit).std())


def _grey(picture: FloatArray, low: float, high: float) -> npt.NDArray[np.uint8]:
    return np.asarray(np.clip((picture - low) / max(high - low, 1e-6), 0, 1) * 255, np.uint8)
