"""Null tests: out of pure noise comes no structure, a clean picture loses and gains none. Pure."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from restoration.evaluation.bench import Bench, Step
from restoration.evaluation.cases import Noisy
from restoration.evaluation.methods.ways import Way, pipeline
from restoration.evaluation.report import Bar, Row, Section, Sense, Tier
from restoration.metrics.bootstrap import Estimate
from restoration.volume import BoolArray, FloatArray

DIAMETERS_MM = (3.0, 4.0, 6.0, 8.0, 12.0, 20.0)
BEYOND = 5.3
"""Robust standard deviations: one false alarm among about 10^5 independent places."""

_SIZES = f"{DIAMETERS_MM[0]:g}–{DIAMETERS_MM[-1]:g} mm"
_SCALE = 1 / 3
"""Sigma of the Gaussian that matches a disc, per diameter."""
_SURROUND = 1.6
_MAD = 1.4826
_RULE_OF_THREE = 3.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Null:
    """A picture in which nothing is to be found: noise alone, or a truth without noise.

    Attributes
    ----------
    noisy
        What the pipeline sees.
    truth
        (rows, columns) float32: what is really there [unit].
    body
        (rows, columns) bool: where structure is looked for.
    """

    noisy: Noisy
    truth: FloatArray
    body: BoolArray


def nulls(
    noise_of: Callable[[Bench], Sequence[Null]], clean_of: Callable[[Bench], Sequence[Null]], *, least: float, unit: str
) -> Step:
    """Return the step that counts blobs of at least `least` contrast [unit] that a pipeline made or took away."""

    def measure(bench: Bench) -> Section:
        rows: list[Row] = []
        bars: list[Bar] = []
        total = 0
        for label, found in (("pure noise", noise_of(bench)), ("clean", clean_of(bench))):
            total += len(found)
            for strength in dict.fromkeys((bench.default, 100.0)):
                row, mine = _counted(bench, label, found, strength, (least, unit))
                rows.append(row)
                bars += mine
        return Section(
            title=f"Null tests: blobs of {_SIZES}, at least {least:g} {unit} and {BEYOND:g} σ",
            tier=Tier.PHANTOM,
            n=total,
            rows=tuple(rows),
            bars=tuple(bars),
        )

    return Step(title="null tests", measure=measure)


def blobs(change: FloatArray, before: FloatArray, body: BoolArray, *, pixel_mm: float, least: float) -> tuple[int, int]:
    """Count what stands out of a picture of changes and did not before: brighter and darker places.

    Parameters
    ----------
    change, before
        (rows, columns) float32: output − truth, input − truth [unit].
    body
        (rows, columns) bool: where is looked.
    pixel_mm
        Pixel spacing [mm].
    least
        Least matched contrast that counts [unit].

    Returns
    -------
    tuple[int, int]
        Places, over all sizes, whose matched contrast is at least so much, beyond `BEYOND` robust standard deviations
        of its size, and beyond what the input has there: noise that merely stayed is not made.
    """
    bright, dark = np.zeros(body.shape, bool), np.zeros(body.shape, bool)
    for diameter in DIAMETERS_MM:
        response, already = (matched(picture, diameter / pixel_mm) for picture in (change, before))
        inside = response[body]
        middle = float(np.median(inside))
        bound = max(least, BEYOND * _MAD * float(np.median(np.abs(inside - middle))))
        bright |= body & (response - middle > bound) & (response > already)
        dark |= body & (response - middle < -bound) & (response < already)
    return int(ndimage.label(bright)[1]), int(ndimage.label(dark)[1])


def matched(change: FloatArray, diameter: float) -> FloatArray:
    """Return the contrast of a disc of a diameter [pixels] at every place: a difference of Gaussians, 1 on a disc."""
    side = 2 * math.ceil(2 * diameter) + 1
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    disc = (np.hypot(rows, columns) < diameter / 2).astype(np.float32)
    gain = float(_difference(disc, diameter)[side // 2, side // 2])
    return np.asarray(_difference(change, diameter) / gain, np.float32)


def _difference(picture: FloatArray, diameter: float) -> FloatArray:
    narrow, wide = (ndimage.gaussian_filter(picture, _SCALE * diameter * factor) for factor in (1, _SURROUND))
    return np.asarray(narrow - wide, np.float32)


@dataclass(frozen=True, kw_only=True)
class _Count:
    made: int
    taken: int
    places: float
    rms: float


def _counted(
    bench: Bench, label: str, found: Sequence[Null], strength: float, wanted: tuple[float, str]
) -> tuple[Row, list[Bar]]:
    way = pipeline(bench.restorer, strength)
    least, unit = wanted
    each = [_count(way, item, least) for item in found]
    made, taken = sum(item.made for item in each), sum(item.taken for item in each)
    places, bound = sum(item.places for item in each), _RULE_OF_THREE / len(found)
    row: Row = {
        "input": label,
        "strength %": strength,
        "pictures": len(found),
        "independent places of 3 mm": round(places),
        "created (bright)": made,
        "erased (dark)": taken,
        "95 % bound per picture": bound if made + taken == 0 else None,
        f"rms change [{unit}]": float(np.mean([item.rms for item in each])),
    }
    note = f"about {places:.0f} places; with none found the rate is below {bound:.2g} a picture"
    label = f"structures, {label}, strength {strength:g} %"
    words = (("created", made), ("erased", taken))
    return row, [_bar(f"{word} {label}", count, len(found), note) for word, count in words]


def _count(way: Way, item: Null, least: float) -> _Count:
    change, before = way.run(item.noisy)[0] - item.truth, item.noisy.pictures[0] - item.truth
    pixel_mm = item.noisy.spacing_mm[1]
    made, taken = blobs(change, before, item.body, pixel_mm=pixel_mm, least=least)
    places = float(item.body.sum()) * pixel_mm**2 / (math.pi / 4 * DIAMETERS_MM[0] ** 2)
    rms = float(np.sqrt(np.mean(np.square(change[item.body]))))
    return _Count(made=made, taken=taken, places=places, rms=rms)


def _bar(name: str, count: int, n: int, note: str) -> Bar:
    found = Estimate(mean=float(count), n=n, interval=None)
    return Bar(name=name, unit="count", sense=Sense.AT_MOST, wanted=0.0, found=found, tier=Tier.PHANTOM, note=note)
