"""How far the promises of a card reach: as stated up to a level of noise, in proportion to it beyond. Pure.

What a right pipeline lets through its anchor, and what it moves in the mean of a tile, is a share of the noise that it
takes away: twice the noise, twice as much. A fixed bound would be either too tight for the noisiest sources or too wide
for all others.
"""

import numpy as np

from restoration.guard.evidence import SliceEvidence

STATED_UP_TO = {"HU": 20.0, "signal": 0.03, "Bq/mL": 0.05, "exposure": 0.03}
"""Noise up to which the card's bounds ``bias`` and ``anchor`` hold as they stand, as the noise map reads it."""


def allowance(evidence: SliceEvidence) -> float:
    """Return by which factor the promises are wider for the noise of a slice; 1 up to `STATED_UP_TO`."""
    tissue = evidence.tissue
    noise = float(np.median(evidence.sigma[tissue])) if tissue.any() else 0.0
    return max(1.0, noise / STATED_UP_TO[evidence.unit])
