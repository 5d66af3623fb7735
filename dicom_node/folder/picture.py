"""A picture before and after side by side for people, and how noisy both are. Touches: files.

Noise is measured where both pictures are flat, over patches chosen on the smoothed source: a high-pass estimate would
flatter any smoothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset, dcmread
from scipy import ndimage

from dicom_node.domain.iods import UNITS
from restoration.guard.noise import noise_map

FloatArray = npt.NDArray[np.float32]

_PATCH: Final = 16
_BODY_OF_PET: Final = 0.05
_FLATTEST: Final = 0.25
_GAP: Final = 6
_CAPTION: Final = 22
_LETTERS: Final = 13
_BAR: Final = 10
_LEAST_SIDE: Final = 256
DIFFERENCE_SIGMAS: Final = 4.0


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Noise of the middle slice before and after [unit], and the pictures it was measured on."""

    before: float
    after: float
    unit: str
    pictures: tuple[FloatArray, FloatArray]
    window: tuple[float, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Panels:
    """What is drawn side by side.

    Attributes
    ----------
    before, after
        (rows, columns) float32 [unit].
    pixel_mm
        Distance between rows and between columns [mm].
    window
        Values shown black and white [unit].
    reach
        Difference shown black (negative) and white [unit].
    unit
        For the captions.
    """

    before: FloatArray
    after: FloatArray
    pixel_mm: tuple[float, float]
    window: tuple[float, float]
    reach: float
    unit: str


def compare(source: Sequence[Path], derived: Sequence[Path]) -> Comparison:
    """Measure the middle slice of two series that answer each other slice by slice.

    Parameters
    ----------
    source, derived
        Files of the two series, any order; slices are paired by position along the normal.

    Returns
    -------
    Comparison
        Standard deviations in flat patches; of PET, which has none, the median of the blind noise map.
    """
    before, after = _middle(source), _middle(derived)
    pictures = (_values(before), _values(after))
    flat = flat_patches(pictures[0])
    noise = [noise_in(picture, flat) for picture in pictures]
    if before.Modality == "PT":
        # Organs of emission pictures are no larger than a patch, and none of it is flat.
        body = pictures[0] >= _BODY_OF_PET * pictures[0].max()
        noise = [float(np.median(noise_map(picture)[body])) for picture in pictures]
    return Comparison(
        before=noise[0],
        after=noise[1],
        unit=UNITS.get(before.Modality, "signal"),
        pictures=pictures,
        window=window_of(before, pictures[0]),
    )


def draw(comparison: Comparison, path: Path) -> None:
    """Write before, after and their difference (grey is zero) as one PNG."""
    before, after = comparison.pictures
    panels = Panels(
        before=before,
        after=after,
        pixel_mm=(1.0, 1.0),
        window=comparison.window,
        reach=DIFFERENCE_SIGMAS * max(comparison.before, 1e-6),
        unit=comparison.unit,
    )
    side_by_side(panels, path)


def side_by_side(panels: Panels, path: Path) -> None:
    """Write before, after and after − before as one PNG, each with its grey scale below it."""
    low, high = panels.window
    shown = (
        ("before", panels.before, low, high),
        ("after", panels.after, low, high),
        ("after - before", panels.after - panels.before, -panels.reach, panels.reach),
    )
    parts = [_panel(panels, *part) for part in shown]
    sheet = Image.new("L", (sum(part.width + _GAP for part in parts) - _GAP, parts[0].height), 255)
    left = 0
    for part in parts:
        sheet.paste(part, (left, 0))
        left += part.width + _GAP
    sheet.save(path)


def window_of(header: Dataset, picture: FloatArray) -> tuple[float, float]:
    """Return the values to show black and white: the header's window, else what nearly all pixels have."""
    if header.get("WindowCenter") is not None and header.get("WindowWidth") is not None:
        centre, width = (
            float(np.atleast_1d(np.asarray(header[key].value, float))[0]) for key in ("WindowCenter", "WindowWidth")
        )
        if width > 1:
            return centre - width / 2, centre + width / 2
    low, high = np.percentile(picture, (1, 99.5))
    return float(low), float(max(high, low + 1e-6))


def _panel(panels: Panels, name: str, picture: FloatArray, low: float, high: float) -> Image.Image:
    """Draw one picture over a bar from its lowest to its highest shown value."""
    image = Image.fromarray(_grey(picture, low, high))
    image = image.resize(_size(image.size, panels.pixel_mm), Image.Resampling.NEAREST)
    width = image.width
    part = Image.new("L", (width, image.height + _BAR + _CAPTION), 255)
    part.paste(image, (0, 0))
    part.paste(Image.fromarray(np.tile(np.linspace(0, 255, width).astype(np.uint8), (_BAR, 1))), (0, image.height))
    pen, font = ImageDraw.Draw(part), ImageFont.load_default(_LETTERS)
    line = image.height + _BAR + 2
    pen.text((2, line), f"{low:.4g}", fill=0, font=font)
    pen.text((width // 2, line), name, fill=0, font=font, anchor="ma")
    pen.text((width - 2, line), f"{high:.4g} {panels.unit}", fill=0, font=font, anchor="ra")
    return part


def _size(size: tuple[int, int], pixel_mm: tuple[float, float]) -> tuple[int, int]:
    """Return columns and rows of a picture whose pixels are square and large enough to be seen."""
    columns, rows = size
    finest = min(pixel_mm)
    zoom = max(1, -(-_LEAST_SIDE // min(size)))
    return round(columns * pixel_mm[1] / finest) * zoom, round(rows * pixel_mm[0] / finest) * zoom


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


def flat_patches(picture: FloatArray) -> list[tuple[int, int]]:
    """Return the first corners of the flattest patches inside the body."""
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


def noise_in(picture: FloatArray, patches: Sequence[tuple[int, int]]) -> float:
    """Return the median standard deviation of a picture in patches, slopes taken out [unit of the picture]."""
    return float(np.median([_deviation(picture[r : r + _PATCH, c : c + _PATCH]) for r, c in patches]))


def _deviation(patch: FloatArray) -> float:
    rows, columns = np.mgrid[: patch.shape[0], : patch.shape[1]]
    plane = np.stack([np.ones(patch.size), rows.ravel(), columns.ravel()], axis=1)
    fit, *_ = np.linalg.lstsq(plane, patch.ravel(), rcond=None)
    return float((patch.ravel() - plane @ fit).std())


def _grey(picture: FloatArray, low: float, high: float) -> npt.NDArray[np.uint8]:
    return np.asarray(np.clip((picture - low) / max(high - low, 1e-6), 0, 1) * 255, np.uint8)
