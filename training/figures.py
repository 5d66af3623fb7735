"""Turns an evaluation into the figures of a card: every bar, met or missed by how much, and operating points. Pure."""

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from training.errors import DataError

SUMMARISED = ("Operating points", "Uptake of hot spheres")
"""How the titles of those tables begin whose rows of the pipeline itself stand on the card, beside all bars."""

Figure = dict[str, object]


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Bar(_Part):
    """A number that the pipeline was held to."""

    bar: str
    unit: str
    wanted: str
    found: float | None
    interval: list[float] | str
    n: int
    tier: str
    verdict: str
    note: str


class Section(_Part):
    """A table with its bars."""

    title: str
    tier: str
    n: int
    rows: tuple[dict[str, object], ...]
    bars: tuple[Bar, ...]


class Evaluation(_Part):
    """What ``python -m restoration evaluate NAME --json`` prints, as far as a card needs it."""

    pipeline: str
    weights: str
    seed: int
    quick: bool
    summary: str
    sections: tuple[Section, ...] = Field(min_length=1)


def read_evaluation(text: str) -> Evaluation:
    """Read an evaluation.

    Raises
    ------
    DataError
        The text is no evaluation, or one of a small n that was made to see that everything runs.
    """
    try:
        found = Evaluation.model_validate_json(text)
    except ValidationError as error:
        raise DataError(
            happened=f"it is no evaluation ({error})", subject="evaluation", remedy="Evaluate the pipeline again."
        ) from error
    if found.quick:
        raise DataError(
            happened="it is a quick one, whose figures stand on no card",
            subject="evaluation",
            remedy="Evaluate the pipeline without --quick.",
        )
    return found


def card_figures(evaluation: Evaluation, *, strength: float) -> list[Figure]:
    """Choose what a card says.

    Parameters
    ----------
    evaluation
        The evaluation of the card's weights.
    strength
        Default operating point of the card [percent].

    Returns
    -------
    list[Figure]
        Points of the pipeline at the default and at full strength, then every bar with what was wanted and found.

    Raises
    ------
    DataError
        The evaluation held the pipeline to nothing.
    """
    points = [
        figure for section in evaluation.sections for figure in _points(section, evaluation.pipeline, (strength, 100.0))
    ]
    bars = [_bar(bar) for section in evaluation.sections for bar in section.bars]
    if not bars:
        raise DataError(happened="it has no bars", subject="evaluation", remedy="Evaluate the pipeline again.")
    return [*points, *bars]


def _points(section: Section, pipeline: str, strengths: tuple[float, ...]) -> list[Figure]:
    if not section.title.startswith(SUMMARISED):
        return []
    return [
        {
            "figure": section.title,
            **{key: _short(value) for key, value in row.items() if key != "method"},
            "tier": section.tier,
            "n": section.n,
        }
        for row in section.rows
        if row.get("method") == pipeline and row.get("strength %", row.get("strength")) in strengths
    ]


def _bar(bar: Bar) -> Figure:
    interval = bar.interval if isinstance(bar.interval, str) else [_rounded(end) for end in bar.interval]
    figure: Figure = {
        "figure": bar.bar,
        "unit": bar.unit,
        "wanted": bar.wanted,
        "found": None if bar.found is None else _rounded(bar.found),
        "verdict": bar.verdict,
        "tier": bar.tier,
        "n": bar.n,
        "interval": interval,
    }
    return {**figure, "note": bar.note} if bar.note else figure


def _short(value: object) -> object:
    """Return an estimate as its mean and, where there is one, its interval."""
    if not isinstance(value, dict):
        return value
    mean, interval = value.get("mean"), value.get("interval")
    if not isinstance(mean, int | float):
        return None
    if isinstance(interval, list):
        return f"{mean:.3g} [{interval[0]:.3g}, {interval[1]:.3g}]"
    return f"{mean:.3g} ({interval})"


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
