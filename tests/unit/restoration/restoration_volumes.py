"""Small volumes with known truth, as factories. Pure."""

from dataclasses import replace

import numpy as np
from scipy import ndimage

from restoration.card import Card, load_card
from restoration.volume import BoolArray, FloatArray, Volume

PIXEL_MM = 0.8

_RESOLVED_PIXELS = 0.5
"""Sigma of what any scanner blurs: none shows an edge within one pixel."""


def noise(shape: tuple[int, ...], *, sigma: float, blur: float = 0.6, seed: int = 0) -> FloatArray:
    """Gaussian noise of that deviation, correlated over `blur` pixels as a reconstruction kernel leaves it."""
    white = np.random.default_rng(seed).normal(size=shape)
    soft = ndimage.gaussian_filter(white, (*(0,) * (len(shape) - 2), blur, blur)) if blur else white
    return (soft * (sigma / soft.std())).astype(np.float32)


def body(size: int) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Outline, an inner organ and a rim of bone of an off-centre body without symmetry."""
    y, x = (np.mgrid[:size, :size] - size / 2) / size
    outline = (x / 0.42) ** 2 + ((y - 0.02) / 0.36) ** 2 < 1
    organ = ((x - 0.14) / 0.17) ** 2 + ((y + 0.08) / 0.12) ** 2 < 1
    rim = outline & ((x / 0.38) ** 2 + ((y - 0.02) / 0.32) ** 2 > 1) & (x < 0.1)
    return outline, organ, rim


def _resolved(array: FloatArray) -> FloatArray:
    blurred: FloatArray = ndimage.gaussian_filter(array, _RESOLVED_PIXELS, axes=(-2, -1))
    return blurred


def make_ct(
    *, slices: int = 3, size: int = 160, sigma: float = 20.0, seed: int = 0, padding: BoolArray | None = None
) -> Volume:
    """Soft tissue with an organ of lung, bone at one side, in air; slices differ by a moving disc."""
    outline, organ, rim = body(size)
    y, x = np.mgrid[:size, :size]
    array = np.full((slices, size, size), -1000.0, np.float32)
    for index in range(slices):
        disc = np.hypot(y - size * 0.6, x - size * (0.3 + 0.06 * index)) < size * 0.06
        array[index][outline] = 50
        array[index][organ] = -700
        array[index][rim] = 600
        array[index][disc] = -90
    return _volume(np.rint(_resolved(array) + noise(array.shape, sigma=sigma, seed=seed)), "HU", padding)


def make_mr(*, slices: int = 3, size: int = 160, sigma: float = 30.0, seed: int = 0) -> Volume:
    """Three tissues over a dark background, magnitude noise, stored as whole numbers."""
    outline, organ, rim = body(size)
    clean = np.full((size, size), 5.0, np.float32)
    clean[outline], clean[organ], clean[rim] = 500, 220, 1000
    rows = np.arange(slices)[:, None, None] * np.float32(0.02)
    real = _resolved(clean) * (1 + rows) + noise((slices, size, size), sigma=sigma, seed=seed)
    imaginary = noise((slices, size, size), sigma=sigma, seed=seed + 1)
    return _volume(np.rint(np.hypot(real, imaginary)), "signal", None)


def constant(value: float, *, unit: str = "HU", slices: int = 1, size: int = 64) -> Volume:
    return _volume(np.full((slices, size, size), value, np.float32), unit, None)


def stored(source: Volume, restored: Volume) -> Volume:
    """The result as a file holds it: whole numbers, padding from the source."""
    values = np.rint(restored.array)
    if source.padding is not None:
        values[source.padding] = source.array[source.padding]
    return restored.with_array(values)


def circle_padding(slices: int, size: int) -> BoolArray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.broadcast_to(np.hypot(y, x) > size * 0.46, (slices, size, size)).copy()


def card_for(volume: Volume, **changes: object) -> Card:
    card = load_card("ct-nlm" if volume.unit == "HU" else "mr-nlm")
    return replace(card, **changes)  # type: ignore[arg-type]


def _volume(array: FloatArray, unit: str, padding: BoolArray | None) -> Volume:
    values = array.astype(np.float32)
    if padding is not None:
        values[padding] = -2000
    return Volume(
        array=values,
        pixel_mm=(PIXEL_MM, PIXEL_MM),
        positions_mm=tuple(3.0 * index for index in range(len(values))),
        thickness_mm=3.0,
        unit=unit,
        padding=padding,
    )
