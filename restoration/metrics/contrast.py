"""Contrast that survives, by size, and the noise that is left where nothing is. Pure.

Recovery is paired: the same noise with and without the discs, so that the figure has no sampling noise of its own.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from restoration.volume import BoolArray, FloatArray


class Target(Protocol):
    """A disc, or a sphere, and where to measure it."""

    @property
    def inside(self) -> BoolArray:
        """The target without its edge."""
        ...

    @property
    def ring(self) -> BoolArray:
        """Its surroundings."""
        ...

    @property
    def diameter_mm(self) -> float:
        """Diameter [mm]."""
        ...


class Planted(Protocol):
    """A truth with and without targets, of two or three dimensions."""

    @property
    def bare(self) -> FloatArray:
        """Without targets [physical unit]."""
        ...

    @property
    def full(self) -> FloatArray:
        """With targets [physical unit]."""
        ...

    @property
    def body(self) -> BoolArray:
        """The inside of the body."""
        ...

    @property
    def discs(self) -> Sequence[Target]:
        """All targets."""
        ...


def recovery(full: FloatArray, bare: FloatArray, phantom: Planted) -> dict[float, float]:
    """Share of the targets' contrast that comes out, by diameter.

    Parameters
    ----------
    full, bare
        Shape of the phantom, float32: a method's answers with and without targets under the same noise.
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


def noise_left(bare: FloatArray, phantom: Planted) -> float:
    """Return the standard deviation of answer − truth in the body without targets [physical unit]."""
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
