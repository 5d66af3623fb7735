"""Turns an evaluation into the figures of a card, each with its tier of evidence and n. Pure."""

from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from training.errors import DataError

TIERS = {"phantom": "noise-free phantoms", "real": "real slices with added noise"}
INTERVAL = "n too small"
"""No interval is given for a handful of cases."""

YARDSTICKS = ("nlm", "nlm anchored", "bm3d", "bm3d anchored")

Figure = dict[str, object]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Mean(_Part):
    """Means over a group's cases for a method at a strength."""

    group: str
    method: str
    strength: float
    n: int
    psnr_db: float
    ssim: float


class Point(_Part):
    """Recovery by disc diameter, noise left and its mean frequency, for a method at a strength."""

    method: str
    strength: float
    recovery_4mm: float
    recovery_6mm: float
    recovery_8mm: float
    recovery_12mm: float
    noise: float
    nps_mean_frequency_per_mm: float


class Frontier(_Part):
    """Contrast against noise on disc phantoms."""

    disc_mm: float
    disc_contrast: float
    n: int
    points: tuple[Point, ...]
    noise_at_recovery: dict[str, dict[str, float | None]]


class Evaluation(_Part):
    """What ``python -m restoration evaluate NAME --json`` prints, as far as a card needs it."""

    pipeline: str
    weights: str
    window: tuple[float, float]
    summary: tuple[Mean, ...]
    frontier: Frontier


Row = TypeVar("Row", Mean, Point)


def read_evaluation(text: str) -> Evaluation:
    """Read an evaluation.

    Raises
    ------
    DataError
        The text is no evaluation.
    """
    try:
        return Evaluation.model_validate_json(text)
    except ValidationError as error:
        raise DataError(
            happened=f"it is no evaluation ({error})", subject="evaluation", remedy="Evaluate the pipeline again."
        ) from error


def card_figures(evaluation: Evaluation, *, strength: float) -> list[Figure]:
    """Choose what a card says.

    Parameters
    ----------
    evaluation
        The evaluation of the card's weights.
    strength
        Operating point the figures are stated at [percent].

    Returns
    -------
    list[Figure]
        Fidelity by group, recovery and noise at the operating point, and the noise at equal recovery beside filters.

    Raises
    ------
    DataError
        The evaluation lacks the pipeline at this strength, or its input.
    """
    groups = dict.fromkeys(mean.group for mean in evaluation.summary)
    return [
        *(figure for group in groups for figure in _fidelity(evaluation, group, strength)),
        *(_operating_point(evaluation, at) for at in dict.fromkeys((strength, 100.0))),
        *_equal_recovery(evaluation),
    ]


def _fidelity(evaluation: Evaluation, group: str, strength: float) -> list[Figure]:
    """PSNR and SSIM of input, pipeline and each filter at its best strength."""
    means = [mean for mean in evaluation.summary if mean.group == group]
    noisy, ours = _row(means, "input", 0.0), _row(means, evaluation.pipeline, strength)
    filters = [method for method in YARDSTICKS if any(mean.method == method for mean in means)]
    stated: Figure = {
        "window": list(evaluation.window),
        "strength": strength,
        "tier": TIERS[group],
        "n": ours.n,
        "interval": INTERVAL,
    }
    best_psnr = {f"{m} at its best strength": round(max(r.psnr_db for r in means if r.method == m), 2) for m in filters}
    best_ssim = {f"{m} at its best strength": round(max(r.ssim for r in means if r.method == m), 3) for m in filters}
    psnr, input_psnr = round(ours.psnr_db, 2), round(noisy.psnr_db, 2)
    ssim, input_ssim = round(ours.ssim, 3), round(noisy.ssim, 3)
    return [
        {"figure": "PSNR in dB", "input": input_psnr, "pipeline": psnr, **best_psnr, **stated},
        {"figure": "SSIM", "input": input_ssim, "pipeline": ssim, **best_ssim, **stated},
    ]


def _operating_point(evaluation: Evaluation, strength: float) -> Figure:
    border = evaluation.frontier
    noisy, ours = _row(border.points, "input", 0.0), _row(border.points, evaluation.pipeline, strength)
    return {
        "figure": "contrast recovery by disc diameter, and noise",
        "4 mm": round(ours.recovery_4mm, 3),
        "6 mm": round(ours.recovery_6mm, 3),
        "8 mm": round(ours.recovery_8mm, 3),
        "12 mm": round(ours.recovery_12mm, 3),
        "disc contrast": border.disc_contrast,
        "input noise": round(noisy.noise, 4),
        "share of noise left": round(ours.noise / noisy.noise, 3),
        "mean noise frequency against the input's": round(
            ours.nps_mean_frequency_per_mm / noisy.nps_mean_frequency_per_mm, 3
        ),
        "strength": strength,
        "tier": "disc phantoms",
        "n": border.n,
        "interval": INTERVAL,
    }


def _equal_recovery(evaluation: Evaluation) -> list[Figure]:
    border = evaluation.frontier
    table = border.noise_at_recovery
    return [
        {
            "figure": f"noise left at equal recovery of {border.disc_mm:g} mm discs",
            "recovery": float(target),
            "pipeline": round(noise, 4),
            **{method: _rounded(table[method][target]) for method in YARDSTICKS if method in table},
            "tier": "disc phantoms",
            "n": border.n,
            "interval": INTERVAL,
        }
        for target, noise in table[evaluation.pipeline].items()
        if noise is not None
    ]


def _row(rows: Iterable[Row], method: str, strength: float) -> Row:
    for row in rows:
        if row.method == method and row.strength == strength:
            return row
    raise DataError(
        happened=f"it has no row for {method} at {strength:g}", subject="evaluation", remedy="Evaluate again."
    )


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
