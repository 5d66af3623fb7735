"""Gate «bias»: means stay, per tissue band and per tile, in every slice. Pure.

The outermost bands are open, so that metal and air below −1000 HU count, and of the tiles the worst one counts, no
average of them. Bands are cut by a low-passed source: a cut by single noisy pixels would select noise of one sign. In
magnitude MR the floor that noise has lifted may go: only what it does not explain counts.
"""

import math
from collections.abc import Iterator

import numpy as np
from scipy import ndimage

from restoration.card import Card
from restoration.guard.evidence import UNIT_WORDS, SliceEvidence
from restoration.guard.tiles import WINDOW_MM, place_of, unchanged_beyond
from restoration.guard.verdict import Figure, Place
from restoration.volume import FloatArray, Volume

GATE = "bias"

BANDS: dict[str, tuple[tuple[str, float, float], ...]] = {
    "HU": (
        ("air", -math.inf, -900.0),
        ("lung", -900.0, -500.0),
        ("fat", -150.0, -30.0),
        ("soft tissue", 0.0, 120.0),
        ("bone", 250.0, math.inf),
    ),
    "signal": (
        ("dark tissue", 0.1, 0.35),
        ("grey tissue", 0.35, 0.7),
        ("bright tissue", 0.7, math.inf),
    ),
    "Bq/mL": (
        ("cold tissue", 0.12, 0.3),
        ("warm tissue", 0.3, 1.0),
        ("hot tissue", 1.0, math.inf),
    ),
    "exposure": (
        ("dense parts", 0.02, 0.5),
        ("middle parts", 0.5, 1.5),
        ("thin parts", 1.5, math.inf),
    ),
}
"""Bands of the low-passed source: HU, or shares of the reference level."""

_EDGE_MM = 3.0
"""Where the low-pass of the source mixes two tissues, no band is told apart [mm]."""

_LEAST_PIXELS = 400
_NOISE_AREA = 16.0
"""Pixels over which CT noise is correlated: that many carry one independent value."""


def figures(evidence: SliceEvidence, card: Card) -> tuple[Figure, ...]:
    """Return the mean change of each band that the slice has, and that of its worst tile."""
    bands = (_band(evidence, card, band) for band in BANDS[evidence.unit])
    found = [figure for figure in bands if figure is not None]
    if card.scope == "slice":
        where = (evidence.index, *evidence.source.shape)
        of_what = _activity(evidence.source, evidence.unit, evidence.pixel_mm)
        found.append(_tile_figure(tile_change(evidence), card, of_what, evidence.unit_words, where))
    return tuple(found)


def volume_figures(source: Volume, restored: Volume, card: Card, *, level: float) -> Iterator[Figure]:
    """Yield the worst tile of each slice for pipelines that use neighbours: there the window is a ball.

    A slice's own noise may go, however coarse it is in the slice; what is coarse in all directions may not.

    Parameters
    ----------
    source, restored
        The volume before and after, on one grid.
    card
        The pipeline's card.
    level
        `reference_level` of the source.
    """
    if card.scope == "slice":
        return
    change = (restored.array - source.array) / np.float32(level)
    if source.padding is not None:
        change[source.padding] = 0
    gaps = np.diff(source.positions_mm)
    width = WINDOW_MM / float(np.median(gaps)) if gaps.size else 0.0
    steady = ndimage.gaussian_filter1d(change, width, axis=0, mode="reflect") if width else change
    for index, plane in enumerate(steady):
        tiles = unchanged_beyond(plane, source.pixel_mm)
        of_what = _activity(source.array[index] / np.float32(level), source.unit, source.pixel_mm)
        yield _tile_figure(tiles, card, of_what, UNIT_WORDS[source.unit], (index, *plane.shape))


def tile_change(evidence: SliceEvidence) -> FloatArray:
    """Return the mean change per tile, (tile rows, tile columns); padding counts as unchanged, which it is."""
    change, lift = (unchanged_beyond(one, evidence.pixel_mm) for one in (evidence.change, evidence.lift))
    return evidence.unexplained(change, lift)


def _band(evidence: SliceEvidence, card: Card, band: tuple[str, float, float]) -> Figure | None:
    tissue, low, high = band
    reach = max(1, round(_EDGE_MM / max(evidence.pixel_mm)))
    inside = ndimage.binary_erosion((evidence.base >= low) & (evidence.base < high) & evidence.keep, iterations=reach)
    count = int(inside.sum())
    if count < _LEAST_PIXELS:
        return None
    change = evidence.change[inside]
    # Other units than HU have no fixed zero or scale: there a band's change counts against its own mean.
    scale = 1.0 if evidence.unit == "HU" else float(evidence.source[inside].mean())
    chance = 3 * float(change.std()) / scale * math.sqrt(_NOISE_AREA / count)
    allowed = card.bounds.bias + chance
    means = (np.asarray(one.mean(dtype=np.float64), np.float32) for one in (change, evidence.lift[inside]))
    value = float(evidence.unexplained(*means)) / scale
    return Figure(
        gate=GATE,
        name=f"the mean change of {tissue}",
        value=value,
        low=-allowed,
        high=allowed,
        unit="HU" if evidence.unit == "HU" else "of its mean",
        place=Place(slice_index=evidence.index),
        needed=abs(value) - chance,
    )


def _activity(source: FloatArray, unit: str, pixel_mm: tuple[float, float]) -> FloatArray:
    """Return what the change of a tile counts against: its own activity where that is above the organs', else 1."""
    if unit != "Bq/mL":
        return np.ones((1, 1), np.float32)
    return np.maximum(unchanged_beyond(source, pixel_mm), np.float32(1))


def _tile_figure(tiles: FloatArray, card: Card, wider: FloatArray, unit: str, where: tuple[int, ...]) -> Figure:
    """Say the worst tile; `where` is the slice's index and shape, `wider` what the bound is counted in per tile."""
    needed = np.abs(tiles) / wider
    worst = int(needed.argmax())
    value = float(tiles.flat[worst])
    allowed = card.bounds.bias * float(np.broadcast_to(wider, tiles.shape).flat[worst])
    return Figure(
        gate=GATE,
        name="the mean change of the worst tile",
        value=value,
        low=-allowed,
        high=allowed,
        unit=unit,
        place=place_of(where[0], where[1:], worst, tiles.shape),
        needed=float(needed.flat[worst]),
    )
