"""Gate «kept»: what was measured of k-space is in the enlarged result as it was in the source. Pure."""

import numpy as np

from restoration.card import Card
from restoration.guard.evidence import UNIT_WORDS
from restoration.guard.verdict import Figure, Place
from restoration.kspace_grid import coarsened
from restoration.volume import Volume

GATE = "kept"


def figures(source: Volume, restored: Volume, card: Card, *, level: float, step: float) -> tuple[Figure, ...]:
    """Return the largest difference between the source and the result cut to its frequencies; empty without a factor.

    Parameters
    ----------
    source
        The volume as it was measured.
    restored
        The result, `card.factors` times as fine.
    card
        The pipeline's card.
    level
        `reference_level` of the source.
    step
        Distance between neighbouring stored values, in the figures' unit: rounding moves measured values, too.
    """
    if card.factors == (1, 1, 1):
        return ()
    change = np.abs(coarsened(restored.array, card.factors) - source.array)
    index, row, column = (int(place) for place in np.unravel_index(int(change.argmax()), change.shape))
    slices, rows, columns = card.factors
    bound = card.bounds.kept
    return (
        Figure(
            gate=GATE,
            name="the largest change of what was measured",
            value=float(change[index, row, column]) / level,
            high=None if bound is None else bound + step,
            unit=UNIT_WORDS[source.unit],
            place=Place(slice_index=index * slices, row=row * rows, column=column * columns),
            needed=max(0.0, float(change[index, row, column]) / level - step),
        ),
    )
