"""How one object and one attempt ended. Pure."""

from dataclasses import dataclass
from datetime import datetime

from dicom_node.domain.reasons import Reason


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one object; the status is None where the destination takes it in no form."""

    sop_instance_uid: str
    status: int | None
    comment: str
    sent: bool
    refused: bool


@dataclass(frozen=True, kw_only=True)
class Ending:
    """What becomes of the delivery.

    Attributes
    ----------
    cause
        Of the delivery's state table: ``sent``, ``retry``, ``returned``, ``held``, ``failed``.
    attempts
        Attempts in a row without progress, to be kept with it.
    wait_s
        Until the next try [s].
    unknown_since
        When the destination said first that it does not know the study.
    """

    cause: str
    attempts: int
    reason: Reason | None = None
    wait_s: float = 0.0
    unknown_since: datetime | None = None
