"""Ways to restore that are set beside each other: the pipeline, and filters with one strength each. Pure."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from restoration.evaluation.cases import Noisy
from restoration.lowpass import lowpass
from restoration.restorer import Restorer
from restoration.volume import FloatArray, Volume

INPUT = "input"

Filter = Callable[[FloatArray, Noisy, float], FloatArray]
"""Takes a (rows, columns) picture, what is known of its noise, and a strength."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """One method at one strength.

    Attributes
    ----------
    name
        Name of the method.
    strength
        Percent for the pipeline, the filter's own parameter for the others, 0 for the input.
    run
        Takes a degraded volume; returns the restored measured slices (slices, rows, columns) float32.
    """

    name: str
    strength: float
    run: Callable[[Noisy], FloatArray]


@dataclass(frozen=True, kw_only=True)
class Yardstick:
    """A filter with one strength.

    Attributes
    ----------
    name
        Name in the tables.
    strengths
        What is tried when it is tuned, weakest first.
    run
        The filter.
    """

    name: str
    strengths: tuple[float, ...]
    run: Filter

    def at(self, strength: float) -> Way:
        """Return the filter at a strength, slice by slice."""

        def run(noisy: Noisy) -> FloatArray:
            return np.stack([self.run(picture, noisy, strength) for picture in noisy.pictures]).astype(np.float32)

        return Way(name=self.name, strength=strength, run=run)


def nothing() -> Way:
    """Return the identity, which stands in every table."""
    return Way(name=INPUT, strength=0.0, run=lambda noisy: noisy.pictures)


def pipeline(restorer: Restorer, strength: float, *, name: str | None = None) -> Way:
    """Return the pipeline at a strength [percent]."""

    def run(noisy: Noisy) -> FloatArray:
        restored = restorer.restore(volume_of(noisy, restorer.card.unit), strength=strength)
        return np.asarray(restored.array[noisy.measured], np.float32)

    return Way(name=name or restorer.card.name, strength=strength, run=run)


def anchored_at(restorer: Restorer, sigma_mm: float, *, name: str) -> Way:
    """Return the whole anchored result of the same network under another anchor: for the frontier only."""
    # Every pipeline is a frozen dataclass around its card; the Restorer protocol does not promise so much.
    card = replace(restorer.card, anchor_mm=sigma_mm, default_share=1.0, default_strength=100.0, full_share=1.0)
    moved = cast(Restorer, replace(cast(Any, restorer), card=card))
    return replace(pipeline(moved, 100.0, name=name), strength=sigma_mm)


def anchored(yardstick: Yardstick, strength: float, sigmas_mm: tuple[float, ...]) -> Yardstick:
    """Return a filter at a fixed strength that gets back its input's low frequencies; its strength is the anchor [mm].

    The filter itself runs once per picture.
    """
    known: dict[int, FloatArray] = {}

    def run(picture: FloatArray, noisy: Noisy, sigma_mm: float) -> FloatArray:
        key = hash(picture.tobytes())
        if key not in known:
            known[key] = yardstick.run(picture, noisy, strength)
        answer = known[key]
        pixel_mm = noisy.spacing_mm[1:]
        return answer + lowpass(picture - answer, sigma_mm=sigma_mm, pixel_mm=pixel_mm)

    return Yardstick(name=f"{yardstick.name} anchored", strengths=sigmas_mm, run=run)


def volume_of(noisy: Noisy, unit: str) -> Volume:
    """Return the degraded slices as a pipeline takes them."""
    slice_mm, row_mm, column_mm = noisy.spacing_mm
    return Volume(
        array=noisy.volume,
        pixel_mm=(row_mm, column_mm),
        positions_mm=tuple(slice_mm * index for index in range(len(noisy.volume))),
        thickness_mm=slice_mm,
        unit=unit,
    )
