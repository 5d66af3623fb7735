"""What a reader measures: means per band, uptake of a lesion, Rician floor, contrast. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from restoration.errors import InputError
from restoration.volume import BoolArray, FloatArray

PEAK_DIAMETER_MM = 12.4
"""Diameter of the sphere of 1 cm³ over which the peak uptake is a mean (PERCIST, doi:10.2967/jnumed.108.057307)."""


@dataclass(frozen=True, kw_only=True)
class Uptake:
    """Uptake of a lesion, or its relative bias.

    Attributes
    ----------
    maximum, mean
        Of the voxels inside [unit of the volume, or share of the truth].
    peak
        Largest mean over a sphere of 1 cm³ centred inside.
    """

    maximum: float
    mean: float
    peak: float


def band_bias(
    answer: FloatArray, truth: FloatArray, bands: Mapping[str, tuple[float, float]], where: BoolArray | None = None
) -> dict[str, float]:
    """Mean difference by band of the truth's values.

    Parameters
    ----------
    answer, truth
        Arrays of one shape [physical unit].
    bands
        Name to lowest and highest value of the truth that counts [physical unit].
    where
        bool: pixels that count; all where None.

    Returns
    -------
    dict[str, float]
        Bias of the bands that occur [physical unit].
    """
    difference = answer.astype(np.float64) - truth
    counted = np.ones(truth.shape, bool) if where is None else where
    chosen = {name: counted & (truth >= low) & (truth < high) for name, (low, high) in bands.items()}
    return {name: float(difference[mask].mean()) for name, mask in chosen.items() if mask.any()}


def uptake(activity: FloatArray, inside: BoolArray, *, spacing_mm: tuple[float, float, float]) -> Uptake:
    """Measure a lesion.

    Parameters
    ----------
    activity
        (slices, rows, columns) float32 [Bq/mL or SUV].
    inside
        (slices, rows, columns) bool: the lesion.
    spacing_mm
        Distance between slices, rows and columns [mm].

    Raises
    ------
    InputError
        No voxel lies inside.
    """
    if not inside.any():
        raise InputError(happened="no voxel lies in it", subject="lesion", remedy="Give a mask that is not empty.")
    margin = [int(np.ceil(PEAK_DIAMETER_MM / 2 / step)) for step in spacing_mm]
    box = tuple(
        slice(max(0, int(along.min()) - extra), int(along.max()) + extra + 1)
        for along, extra in zip(np.nonzero(inside), margin, strict=True)
    )
    values = activity.astype(np.float64)
    spheres = ndimage.convolve(values[box], _sphere(spacing_mm), mode="nearest")
    return Uptake(
        maximum=float(values[inside].max()),
        mean=float(values[inside].mean()),
        peak=float(spheres[inside[box]].max()),
    )


def uptake_bias(
    answer: FloatArray, truth: FloatArray, inside: BoolArray, *, spacing_mm: tuple[float, float, float]
) -> Uptake:
    """Relative bias of a lesion's uptake; the factor between Bq/mL and SUV cancels.

    Parameters
    ----------
    answer, truth
        (slices, rows, columns) float32 [Bq/mL or SUV].
    inside
        (slices, rows, columns) bool: the lesion, with a truth above 0.
    spacing_mm
        Distance between slices, rows and columns [mm].

    Raises
    ------
    InputError
        No voxel lies inside.
    """
    found = uptake(answer, inside, spacing_mm=spacing_mm)
    wanted = uptake(truth, inside, spacing_mm=spacing_mm)
    return Uptake(
        maximum=found.maximum / wanted.maximum - 1,
        mean=found.mean / wanted.mean - 1,
        peak=found.peak / wanted.peak - 1,
    )


def floor_bias(answer: FloatArray, truth: FloatArray, where: BoolArray, *, bright: float) -> float:
    """Mean of answer − truth over dark places as a share of the bright signal: what the Rician floor leaves.

    Parameters
    ----------
    answer, truth
        (rows, columns) float32 [signal].
    where
        (rows, columns) bool: dark places.
    bright
        What counts as 1 [signal].
    """
    return float((answer.astype(np.float64) - truth)[where].mean() / bright)


def contrast(picture: FloatArray, inside: BoolArray, ring: BoolArray) -> float:
    """Mean inside a lesion minus the mean of its surroundings [physical unit]."""
    return float(picture[inside].mean(dtype=np.float64) - picture[ring].mean(dtype=np.float64))


def contrast_change(answer: FloatArray, truth: FloatArray, inside: BoolArray, ring: BoolArray) -> float:
    """Relative change of a lesion's contrast; −1 where it is gone."""
    return contrast(answer, inside, ring) / contrast(truth, inside, ring) - 1


def _sphere(spacing_mm: tuple[float, float, float]) -> FloatArray:
    """Weights of a sphere of 1 cm³ on the grid, sum 1."""
    reach = [int(PEAK_DIAMETER_MM / 2 / step) for step in spacing_mm]
    axes = [np.arange(-count, count + 1) * step for count, step in zip(reach, spacing_mm, strict=True)]
    planes, rows, columns = np.meshgrid(*axes, indexing="ij")
    ball = planes**2 + rows**2 + columns**2 <= (PEAK_DIAMETER_MM / 2) ** 2
    return np.asarray(ball / ball.sum(), np.float32)
