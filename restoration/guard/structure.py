"""Gate «structure»: what was changed is as strong on edges as the noise is there, not stronger. Pure.

A pipeline that blurs, or that takes structure for noise, changes edges more than flat places. The noise itself may be
stronger on one of them, so that the ratio counts against the same ratio of the source's local noise.
"""

import numpy as np
from scipy import ndimage

from restoration.card import Card
from restoration.guard.evidence import SliceEvidence
from restoration.guard.verdict import Figure, Place
from restoration.volume import BoolArray, FloatArray

GATE = "structure"

_SIGMA_PIXELS = 1.0
_STRONG_PERCENTILE = 95.0
_FLAT_PERCENTILE = 50.0
_LEAST_PIXELS = 64
_CLEAR = 3.0
"""Strong edges are this many times as steep as flat places, or the slice has none."""


def figures(evidence: SliceEvidence, card: Card) -> tuple[Figure, ...]:
    """Return the excess of the change on strong edges of the result; nothing where the slice has no clear edge."""
    body = ndimage.binary_erosion(evidence.body, iterations=2)
    if body.sum() < _LEAST_PIXELS * 100 / (100 - _STRONG_PERCENTILE):
        return ()
    steepness = ndimage.gaussian_gradient_magnitude(evidence.source + evidence.change, _SIGMA_PIXELS)
    strong, flat = np.percentile(steepness[body], (_STRONG_PERCENTILE, _FLAT_PERCENTILE))
    edges, plain = body & (steepness >= strong), body & (steepness <= flat)
    still = min(_root_mean_square(evidence.change, plain), _root_mean_square(evidence.sigma, plain))
    if strong < _CLEAR * flat or still <= 0:
        return ()
    return (
        Figure(
            gate=GATE,
            name="the change on edges against that in flat places",
            value=_ratio(evidence.change, edges, plain) / _ratio(evidence.sigma, edges, plain),
            high=card.bounds.structure,
            unit="times that of the noise",
            place=_steepest(evidence, edges),
        ),
    )


def _ratio(image: FloatArray, edges: BoolArray, plain: BoolArray) -> float:
    return _root_mean_square(image, edges) / _root_mean_square(image, plain)


def _root_mean_square(image: FloatArray, where: BoolArray) -> float:
    return float(np.sqrt(np.mean(np.square(image[where], dtype=np.float64))))


def _steepest(evidence: SliceEvidence, edges: BoolArray) -> Place:
    """Return the place on an edge that was changed most."""
    changed = np.where(edges, np.abs(evidence.change), 0)
    row, column = np.unravel_index(int(changed.argmax()), changed.shape)
    return Place(slice_index=evidence.index, row=int(row), column=int(column))
