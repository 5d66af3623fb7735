"""Rules as decisions use them. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from dicom_node.domain.work import Equipment, Qualification, Release
from dicom_node.rules.clauses import Clause


class Incomplete(StrEnum):
    """What becomes of an incomplete series."""

    REFUSE = "refuse"
    RESTORE = "restore"


class Then(StrEnum):
    """Whether later rules are looked at after this one matched."""

    STOP = "stop"
    CONTINUE = "continue"


@dataclass(frozen=True, kw_only=True)
class Restoration:
    """One pipeline that a rule asks for.

    Attributes
    ----------
    strength
        Percent; None: the card's default operating point.
    label
        Template of the derived Series Description; the mark leads.
    """

    pipeline: str
    strength: float | None
    release: Release
    label: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule.

    Attributes
    ----------
    line
        Where it begins in the text.
    expires_s
        Age of the cut beyond which a result is held [s]; None: never.
    priors
        Whether it also takes studies older than ``routing.max_age_days``.
    """

    name: str
    line: int
    when: Clause
    restore: tuple[Restoration, ...]
    deliver_to: tuple[str, ...]
    forward_originals_to: tuple[str, ...]
    incomplete: Incomplete
    priority: int
    expires_s: float | None
    then: Then
    priors: bool
    allow_generative: bool
    equipment: Equipment
    qualification: Qualification


@dataclass(frozen=True, kw_only=True)
class RuleSet:
    """All rules in order, with the text they were read from.

    Attributes
    ----------
    digest
        Of what the text says, whatever its comments and layout.
    """

    text: str
    digest: str
    rules: tuple[Rule, ...]
