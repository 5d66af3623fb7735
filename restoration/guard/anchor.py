"""Gate «anchor»: what lies below the card's spatial frequency is what the source had there. Pure.

The low-pass is three times as wide as the pipeline's: a Gaussian is no projection, so that G(x − y) at the pipeline's
own width is several HU in a right pipeline, while at three times the width nothing is left but a wiring error.
"""

import numpy as np

from restoration.card import Card
from restoration.guard.evidence import SliceEvidence
from restoration.guard.verdict import Figure, Place
from restoration.lowpass import lowpass

GATE = "anchor"
WIDENING = 3.0


def figures(evidence: SliceEvidence, card: Card) -> tuple[Figure, ...]:
    """Return the largest change below the anchor frequency."""
    # Padding counts as unchanged, which it is; leaving it out would let a few pixels beside it speak for a window.
    low = lowpass(evidence.change, sigma_mm=WIDENING * card.anchor_mm, pixel_mm=evidence.pixel_mm)
    row, column = np.unravel_index(int(np.abs(low).argmax()), low.shape)
    return (
        Figure(
            gate=GATE,
            name=f"the change of structures coarser than {WIDENING * card.anchor_mm:.1f} mm",
            value=float(low[row, column]),
            low=-card.bounds.anchor,
            high=card.bounds.anchor,
            unit=evidence.unit_words,
            place=Place(slice_index=evidence.index, row=int(row), column=int(column)),
        ),
    )
