"""What becomes of inputs and results that are wrong as a whole: refused, withheld, or within bounds. Pure."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from scipy import ndimage

from restoration.calibration.conformal import clopper_pearson
from restoration.calibration.simulated import Series
from restoration.calibration.trial import Trial, judged, stored, tried
from restoration.card import Card
from restoration.guard.judge import judge_domain
from restoration.guard.spare import spared
from restoration.restorer import Restorer
from restoration.volume import Volume

REFUSED, WITHHELD, WITHIN = "refused", "withheld", "within bounds"

_OTHER_UNIT = {"HU": "signal", "signal": "HU", "Bq/mL": "HU", "exposure": "signal"}
_SOFTENED_PIXELS = 1.5

Wrong = Callable[[Volume], Volume]


def _scaled(factor: float, offset: float = 0.0) -> Wrong:
    return lambda volume: volume.with_array(volume.array * np.float32(factor) + np.float32(offset))


def _spaced(factor: float) -> Wrong:
    return lambda volume: replace(volume, pixel_mm=(volume.pixel_mm[0] * factor, volume.pixel_mm[1] * factor))


def _softened(volume: Volume) -> Volume:
    width = (0, _SOFTENED_PIXELS, _SOFTENED_PIXELS)
    return volume.with_array(np.rint(ndimage.gaussian_filter(volume.array, width)))


def _sharpened(volume: Volume) -> Volume:
    soft = ndimage.gaussian_filter(volume.array, (0, 1.0, 1.0))
    return volume.with_array(np.rint(2 * volume.array - soft))


def _modality(volume: Volume) -> Volume:
    return replace(volume, unit=_OTHER_UNIT[volume.unit])


WRONG: dict[str, Wrong] = {
    "another modality, said so": _modality,
    "stored values instead of units (+1024)": _scaled(1.0, 1024.0),
    "units ten times too large": _scaled(10.0),
    "units ten times too small": _scaled(0.1),
    "softened by its maker": _softened,
    "sharpened by its maker": _sharpened,
    "spacing said to be half": _spaced(0.5),
    "spacing said to be double": _spaced(2.0),
}
"""Wrong sources; where the card's unit has no fixed scale a factor changes nothing, and is within bounds rightly."""

Row = dict[str, object]


def outcomes(trials: Sequence[Trial], restorer: Restorer, card: Card) -> dict[str, Row]:
    """Return, per wrong input, how many of the series were refused, withheld, or within bounds.

    Parameters
    ----------
    trials
        Clean series with their right results.
    restorer, card
        The pipeline, and the card with its calibrated bounds.
    """
    rows = {"the result of another series": _rates([_swapped(*pair, card) for pair in _pairs(trials)])}
    for name, wrong in WRONG.items():
        rows[name] = _rates([_outcome(trial.series, wrong, restorer, card) for trial in trials])
    return rows


def _pairs(trials: Sequence[Trial]) -> list[tuple[Trial, Trial]]:
    """Return neighbours whose grids agree: others do not even fit."""
    return [
        (one, replace(other, restored=_on_grid(other.restored, one.restored)))
        for one, other in zip(trials, [*trials[1:], *trials[:1]], strict=True)
        if one is not other and one.restored.array.shape == other.restored.array.shape
    ]


def _on_grid(volume: Volume, grid: Volume) -> Volume:
    return grid.with_array(volume.array)


def _swapped(one: Trial, other: Trial, card: Card) -> str:
    result = spared(one.series.source, other.restored, card).volume
    return WITHIN if judged(one.series, stored(result), card).verdict.passed else WITHHELD


def _outcome(series: Series, wrong: Wrong, restorer: Restorer, card: Card) -> str:
    source = wrong(series.source)
    if not judge_domain(source, card).passed:
        return REFUSED
    trial = tried(replace(series, source=source), restorer, card)
    return WITHIN if trial.verdict.passed else WITHHELD


def _rates(found: Sequence[str]) -> Row:
    counted = Counter(found)
    low, high = clopper_pearson(counted[WITHIN], len(found))
    return {
        "n": len(found),
        **{outcome: counted[outcome] for outcome in (REFUSED, WITHHELD, WITHIN)},
        "interval of the share within bounds": [round(low, 3), round(high, 3)],
    }
