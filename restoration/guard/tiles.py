"""Local means of a slice on a coarse grid of tiles, under a Gaussian window of fixed physical size. Pure.

A Gaussian window, not a box: the edge of a box lets the removed noise leak into the mean.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from restoration.guard.verdict import Place
from restoration.lowpass import lowpass
from restoration.volume import BoolArray, FloatArray

WINDOW_MM = 8.0
"""Sigma of the window [mm]."""

STEP = 4
"""Pixels per tile along rows and columns."""

_LEAST_SHARE = 0.5
_REACH = 4.0
"""Standard deviations after which the window has ended."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Tiles:
    """Values per tile.

    Attributes
    ----------
    values
        (tile rows, tile columns) float32.
    valid
        (tile rows, tile columns) bool: more than half of the window's weight lay on counted pixels.
    """

    values: FloatArray
    valid: BoolArray


def window_mean(image: FloatArray, where: BoolArray, pixel_mm: tuple[float, float]) -> Tiles:
    """Mean of the counted pixels under the window around each tile.

    Parameters
    ----------
    image
        (rows, columns) float32.
    where
        (rows, columns) bool: pixels that count.
    pixel_mm
        Distance between rows and between columns [mm].
    """
    step = (min(STEP, image.shape[0]), min(STEP, image.shape[1]))
    coarse_mm = (pixel_mm[0] * step[0], pixel_mm[1] * step[1])
    weight = lowpass(_blocks(where.astype(np.float32), step), sigma_mm=WINDOW_MM, pixel_mm=coarse_mm)
    total = lowpass(_blocks(np.where(where, image, np.float32(0)), step), sigma_mm=WINDOW_MM, pixel_mm=coarse_mm)
    valid = weight > _LEAST_SHARE
    return Tiles(values=np.where(valid, total / np.maximum(weight, np.float32(1e-6)), np.float32(0)), valid=valid)


def unchanged_beyond(change: FloatArray, pixel_mm: tuple[float, float]) -> FloatArray:
    """Mean of a change under the window around each tile, all pixels counted and nothing changed beyond the picture.

    Parameters
    ----------
    change
        (rows, columns) float32.
    pixel_mm
        Distance between rows and between columns [mm].

    Returns
    -------
    FloatArray
        (tile rows, tile columns) float32.
    """
    step = (min(STEP, change.shape[0]), min(STEP, change.shape[1]))
    beyond = [math.ceil(_REACH * WINDOW_MM / (mm * pixels)) for mm, pixels in zip(pixel_mm, step, strict=True)]
    coarse = np.pad(_blocks(change, step), [(tiles, tiles) for tiles in beyond])
    coarse_mm = (pixel_mm[0] * step[0], pixel_mm[1] * step[1])
    return _inner(lowpass(coarse, sigma_mm=WINDOW_MM, pixel_mm=coarse_mm), beyond)


def _inner(image: FloatArray, beyond: Sequence[int]) -> FloatArray:
    return image[beyond[0] : image.shape[0] - beyond[0], beyond[1] : image.shape[1] - beyond[1]]


def place_of(index: int, picture: tuple[int, ...], tile: int, tiles: tuple[int, ...]) -> Place:
    """Return the pixel at the middle of a tile.

    Parameters
    ----------
    index
        Index of the slice.
    picture, tiles
        Shapes of the slice and of its tiles.
    tile
        Flat index of the tile.
    """
    row, column = np.unravel_index(tile, tiles)
    return Place(
        slice_index=index,
        row=min(int(row) * STEP + STEP // 2, picture[0] - 1),
        column=min(int(column) * STEP + STEP // 2, picture[1] - 1),
    )


def _blocks(image: FloatArray, step: tuple[int, int]) -> FloatArray:
    rows, columns = image.shape[0] // step[0], image.shape[1] // step[1]
    cut = image[: rows * step[0], : columns * step[1]]
    mean: FloatArray = cut.reshape(rows, step[0], columns, step[1]).mean(axis=(1, 3), dtype=np.float32)
    return mean
