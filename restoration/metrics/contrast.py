"""Contrast that survives, by size, and the noise that is left where nothing is. Pure.

Recovery is paired: the same noise with and without the discs, so that the figure has no sampling noise of its own.
"""

import numpy as np

from restoration.physics.phantoms import DiscPhantom
from restoration.volume import BoolArray, FloatArray


def recovery(full: FloatArray, bare: FloatArray, phantom: DiscPhantom) -> dict[float, float]:
    """Share of the discs' contrast that comes out, by diameter.

    Parameters
    ----------
    full, bare
        (rows, columns) float32: a method's answers to the phantom with and without discs under the same noise.
    phantom
        The truth.

    Returns
    -------
    dict[float, float]
        Diameter [mm] to mean recovery; 1 where all of the contrast comes out.
    """
    moved, wanted = full - bare, phantom.full - phantom.bare
    found: dict[float, list[float]] = {}
    for disc in phantom.discs:
        share = _contrast(moved, disc.inside, disc.ring) / _contrast(wanted, disc.inside, disc.ring)
        found.setdefault(disc.diameter_mm, []).append(share)
    return {diameter: float(np.mean(shares)) for diameter, shares in sorted(found.items())}


def noise_left(bare: FloatArray, phantom: DiscPhantom) -> float:
    """Return the standard deviation of answer − truth in the body without discs [physical unit]."""
    return float((bare - phantom.bare)[phantom.body].std(dtype=np.float64))


def noise_at(target: float, recoveries: list[float], noises: list[float]) -> float | None:
    """Noise that a method leaves at a wanted recovery, interpolated between its strengths.

    Parameters
    ----------
    target
        Wanted recovery.
    recoveries, noises
        What each strength gave.

    Returns
    -------
    float or None
        None where the method does not reach that recovery at any strength, or only beyond what was tried.
    """
    order = np.argsort(recoveries)
    if not recoveries[order[0]] <= target <= recoveries[order[-1]]:
        return None
    return float(np.interp(target, np.asarray(recoveries)[order], np.asarray(noises)[order]))


def _contrast(picture: FloatArray, inside: BoolArray, ring: BoolArray) -> float:
    return float(picture[inside].mean(dtype=np.float64) - picture[ring].mean(dtype=np.float64))
