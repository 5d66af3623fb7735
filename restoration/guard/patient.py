"""Which part of a CT slice is the patient: not the air around, no table, no head rest. Pure."""

import numpy as np
from scipy import ndimage

from restoration.volume import BoolArray, FloatArray

_SOLID_HU = -500.0
_AROUND_HU = -930.0
"""Median below which what is no tissue is air, not lung."""

_GAS_MM2 = 6000.0
"""Enclosed air of more than that is air between a patient and a head rest, no gas in a bowel."""

_SHEET_MM = 16.0
"""Whatever is thinner is a sheet, a table or a tube [mm]."""

_LEAST_OF_LARGEST = 0.25
"""Parts smaller than this share of the largest one are no part of what a picture was taken of."""


def patient(base: FloatArray, keep: BoolArray, pixel_mm: tuple[float, float]) -> BoolArray:
    """Find the patient with lungs and gas.

    Parameters
    ----------
    base
        (rows, columns) float32: a slice under a low-pass [HU].
    keep
        (rows, columns) bool: False under padding.
    pixel_mm
        Distance between rows and between columns [mm].
    """
    inside = ~_around(base, pixel_mm) & keep
    sheet = [max(1, round(_SHEET_MM / mm)) for mm in pixel_mm]
    thick = ndimage.maximum_filter(ndimage.minimum_filter(inside, sheet, mode="nearest"), sheet, mode="nearest")
    parts, count = ndimage.label(thick)
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    large = sizes >= max(1.0, _LEAST_OF_LARGEST * float(sizes.max()))
    found: BoolArray = large[parts]
    return found


def _around(base: FloatArray, pixel_mm: tuple[float, float]) -> BoolArray:
    """Return the air that reaches the rim of the picture, or is too much to be in a patient."""
    parts, count = ndimage.label(base <= _SOLID_HU)
    medians = np.asarray(ndimage.median(base, parts, np.arange(1, count + 1)))
    outside = np.bincount(parts.ravel(), minlength=count + 1) * (pixel_mm[0] * pixel_mm[1]) > _GAS_MM2
    outside[np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]])] = True
    outside[0] = False
    outside[1:] &= medians < _AROUND_HU
    found: BoolArray = outside[parts]
    return found
