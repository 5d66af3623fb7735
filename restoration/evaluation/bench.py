"""What every step of an evaluation is given: the pipeline, its data and how much is wanted. Pure."""

from collections.abc import Callable
from dataclasses import dataclass

from restoration.evaluation.report import Section
from restoration.metrics.arrays import StoredSlice, StoredVolume
from restoration.restorer import Restorer

SEED = 900_000
"""First seed of test phantoms; training and calibration draw from others."""
VALIDATION_SEED = 950_000
"""First seed of the phantoms on which filters are tuned."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Bench:
    """One evaluation.

    Attributes
    ----------
    restorer
        The pipeline.
    quick
        Whether a small n is wanted, to see that everything runs; its figures stand on no card.
    validate, test
        Real slices of the validation and of the test split; empty without data.
    volumes
        Evenly spaced real volumes of the test split.
    """

    restorer: Restorer
    quick: bool
    validate: tuple[StoredSlice, ...] = ()
    test: tuple[StoredSlice, ...] = ()
    volumes: tuple[StoredVolume, ...] = ()

    def count(self, full: int, *, quick: int = 1) -> int:
        """Return how many cases are wanted."""
        return quick if self.quick else full

    @property
    def name(self) -> str:
        """Name of the pipeline."""
        return self.restorer.card.name

    @property
    def default(self) -> float:
        """Operating point of the card [percent]."""
        return self.restorer.card.default_strength


@dataclass(frozen=True, kw_only=True)
class Step:
    """A part of an evaluation.

    Attributes
    ----------
    title
        What the progress bar says.
    measure
        Returns its section; None where there is nothing to measure it on.
    """

    title: str
    measure: Callable[[Bench], Section | None]


@dataclass(frozen=True, kw_only=True)
class Task:
    """How one kind of pipeline is measured.

    Attributes
    ----------
    modality
        Header word of the real arrays that are read.
    steps
        In the order of the report.
    """

    modality: str
    steps: tuple[Step, ...]
