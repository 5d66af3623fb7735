"""How many planted lesions are caught, by what an ideal observer sees of them, at several false-alarm rates. Pure."""

from collections.abc import Mapping, Sequence

from restoration.calibration.conformal import clopper_pearson, conformal_bound
from restoration.calibration.lesions import Lesion
from restoration.calibration.scores import Scores

SNR_BINS = ((0.0, 3.0), (3.0, 5.0), (5.0, 7.0), (7.0, 9.0), (9.0, 12.0), (12.0, 100.0))
SEEN = 7.0
"""What an ideal observer sees this clearly in the source has to be caught."""

SIZE_BINS_MM = ((3.0, 5.0), (5.0, 8.0), (8.0, 12.0), (12.0, 21.0))
FALSE_ALARMS = (0.00125, 0.01, 0.05, 0.2)
"""Shares of clean series beyond each blob bound: the points of the ROC."""

Row = dict[str, object]


def detection(lesions: Sequence[Lesion], bounds: Mapping[str, float], clean: Sequence[Scores]) -> Row:
    """Return the share that is caught: of what is seen clearly, by size, and the ROC by signal-to-noise ratio.

    Parameters
    ----------
    lesions
        All planted lesions.
    bounds
        The card's bounds of the gates that look place by place (`restoration.calibration.lesions.LOCAL`).
    clean
        Scores of the clean series that the bounds came from.
    """
    seen = [lesion for lesion in lesions if lesion.snr >= SEEN]
    return {
        "planted": len(lesions),
        "clearly seen in the source": _caught(seen, bounds),
        "by tier": {tier: _caught([o for o in seen if o.tier == tier], bounds) for tier in ("simulated", "real")},
        "by kind": {kind: _caught([o for o in seen if o.kind == kind], bounds) for kind in ("erased", "created")},
        "by diameter": {
            f"{low:g}–{high:g} mm": _caught([o for o in seen if low <= o.diameter_mm < high], bounds)
            for low, high in SIZE_BINS_MM
        },
        "by one gate alone": {gate: _caught(seen, {gate: bound}) for gate, bound in bounds.items()},
        "by signal-to-noise ratio": [
            {"from": low, "to": high, **_caught([o for o in lesions if low <= o.snr < high], bounds)}
            for low, high in SNR_BINS
        ],
        "ROC of the blob gates alone": [_roc_row(lesions, clean, alpha) for alpha in FALSE_ALARMS],
    }


def _caught(lesions: Sequence[Lesion], bounds: Mapping[str, float]) -> Row:
    hits = sum(_is_caught(lesion, bounds) for lesion in lesions)
    low, high = clopper_pearson(hits, len(lesions))
    return {
        "n": len(lesions),
        "caught": round(hits / len(lesions), 4) if lesions else None,
        "interval": [round(low, 4), round(high, 4)],
    }


def _is_caught(lesion: Lesion, bounds: Mapping[str, float]) -> bool:
    return any(lesion.answers.get(gate, 0.0) > bound for gate, bound in bounds.items())


def _roc_row(lesions: Sequence[Lesion], clean: Sequence[Scores], alpha: float) -> Row:
    here = {
        gate: conformal_bound([scores[gate] for scores in clean if gate in scores] or [0.0], alpha)
        for gate in ("erased", "created")
    }
    row: Row = {
        "clean series beyond each bound": alpha,
        **{gate: round(here[gate], 2) for gate in ("erased", "created")},
    }
    for low, high in SNR_BINS:
        mine = [lesion for lesion in lesions if low <= lesion.snr < high]
        share = sum(_is_caught(lesion, here) for lesion in mine) / len(mine) if mine else None
        row[f"{low:g}–{high:g}"] = None if share is None else round(share, 3)
    return row
