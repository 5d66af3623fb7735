"""Gate «structure»: the change on edges is noise, no displacement and no blur of the edges themselves. Pure.

What is changed on strong edges beyond what the change of flat places explains is counted in the steepness of the edges:
an edge that is moved by a tenth of a pixel changes by a tenth of its steepness, and one that is blurred by about as
much as it is wide. The noise itself may be stronger on edges than in flat places, as the source's local noise says.
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
    """Return by how much the strong edges of the result were moved; nothing where the slice has no clear edge."""
    body = ndimage.binary_erosion(evidence.body, iterations=2)
    if body.sum() < _LEAST_PIXELS * 100 / (100 - _STRONG_PERCENTILE):
        return ()
    steepness = ndimage.gaussian_gradient_magnitude(evidence.source + evidence.change, _SIGMA_PIXELS)
    strong, flat = np.percentile(steepness[body], (_STRONG_PERCENTILE, _FLAT_PERCENTILE))
    edges, plain = body & (steepness >= strong), body & (steepness <= flat)
    noise = _mean_square(evidence.sigma, plain)
    if strong <= 0 or strong < _CLEAR * flat or noise <= 0:
        return ()
    stronger = max(1.0, _mean_square(evidence.sigma, edges) / noise)
    beyond = _mean_square(evidence.change, edges) - stronger * _mean_square(evidence.change, plain)
    return (
        Figure(
            gate=GATE,
            name="the change on edges beyond the noise",
            value=float(np.sqrt(max(beyond, 0.0) / _mean_square(steepness, edges))),
            high=card.bounds.structure,
            unit="pixels of their steepness",
            place=_steepest(evidence, edges),
        ),
    )


def _mean_square(image: FloatArray, where: BoolArray) -> float:
    return float(np.mean(np.square(image[where], dtype=np.float64)))


def _steepest(evidence: SliceEvidence, edges: BoolArray) -> Place:
    """Return the place on an edge that was changed most."""
    changed = np.where(edges, np.abs(evidence.change), 0)
    row, column = np.unravel_index(int(changed.argmax()), changed.shape)
    return Place(slice_index=evidence.index, row=int(row), column=int(column))
