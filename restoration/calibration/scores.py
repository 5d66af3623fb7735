"""From the figures of one series to the smallest bounds under which it would have passed. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from restoration.card import Bounds, Card
from restoration.guard.verdict import Figure

LOWEST = "amplitude_low"
"""Never calibrated: a change that is too small harms nobody, and the card says how little is too little."""

NAMES = ("bias", LOWEST, "amplitude_high", "peak", "anchor", "structure", "erased", "created", "kept")

PROMISED = ("bias", "anchor", "kept")
"""Promises of the card, which calibration leaves as they are: a result that breaks one is rightly withheld."""

MARGIN = 1.1
"""Bounds of size and structure are this much wider than simulated series ask for: real ones differ from them."""

Scores = dict[str, float]


def scores_of(figures: Iterable[Figure], card: Card, *, share: float) -> Scores:
    """Return, per bound of the card, what this series needs of it; names without any figure are left out.

    Parameters
    ----------
    figures
        Every figure of every slice, judged under `card`.
    card
        The card that set their bounds.
    share
        Share of the full effect that was asked for, above 0 to 1.
    """
    needed: Scores = {}
    for figure in figures:
        for name, value in _needed(figure, card, share):
            # All but one of the bounds limit from above.
            keep = min if name == LOWEST else max
            needed[name] = keep(needed[name], value) if name in needed else value
    return needed


def _needed(figure: Figure, card: Card, share: float) -> list[tuple[str, float]]:
    if figure.gate == "amplitude":
        return _amplitude(figure, card, share)
    if figure.gate not in NAMES or (figure.high is None and figure.gate in PROMISED):
        return []
    return [(figure.gate, abs(figure.value) if figure.needed is None else max(figure.needed, 0.0))]


def _amplitude(figure: Figure, card: Card, share: float) -> list[tuple[str, float]]:
    high = figure.high or 0.0
    if "pixel" in figure.name:
        return [("peak", (figure.value - (high - card.bounds.peak * share)) / share)]
    if "tiles" not in figure.name and "typical" not in figure.name:
        return []
    above = ("amplitude_high", (figure.value - (high - card.bounds.amplitude[1] * share)) / share)
    return [above, (LOWEST, figure.value / share)] if figure.low else [above]


def broken(clean: Sequence[Scores], card: Card) -> dict[str, int]:
    """Count the series that break each promise of a card.

    Parameters
    ----------
    clean
        Scores of clean series.
    card
        The card.
    """
    stated = ((name, getattr(card.bounds, name)) for name in PROMISED)
    return {name: sum(found.get(name, 0.0) > bound for found in clean) for name, bound in stated if bound is not None}


def rebounded(card: Card, bounds: Mapping[str, float]) -> Card:
    """Return the card with calibrated bounds.

    Parameters
    ----------
    card
        The card as it stands.
    bounds
        Bound per name of `NAMES`; a name that is missing leaves the card's.
    """
    low, high = card.bounds.amplitude
    changed: dict[str, object] = {
        "amplitude": (bounds.get(LOWEST, low), bounds.get("amplitude_high", high)),
        **{name: bounds[name] for name in NAMES if name in bounds and not name.startswith("amplitude")},
    }
    update: Callable[..., Bounds] = replace
    return replace(card, bounds=update(card.bounds, **changed))
