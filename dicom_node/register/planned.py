"""One received file with all that is written of it: born of reading and comparing, handed to `rows`. Pure."""

from dataclasses import dataclass
from datetime import datetime

from dicom_node.domain.reasons import Reason
from dicom_node.register.identity import Candidate, Outcome, Verdict


@dataclass(frozen=True, kw_only=True)
class Arrival:
    """A received file.

    Attributes
    ----------
    path
        Relative to the data folder.
    size
        Of the data set [bytes].
    sha256
        Of the data set, from the file's receipt; empty where that cannot be read.
    received_at
        UTC, from the receipt.
    """

    association_id: int
    path: str
    size: int
    sha256: str
    received_at: datetime


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What is to be written of an arrival.

    Attributes
    ----------
    candidate
        The object; None for one that is quarantined.
    sop_instance_uid
        Of the object or, quarantined, as announced on the wire.
    stored_again
        A duplicate whose earlier file is gone: this one takes its place.
    """

    arrival: Arrival
    verdict: Verdict
    candidate: Candidate | None = None
    sop_instance_uid: str = ""
    identity_digest: str = ""
    flags: tuple[str, ...] = ()
    stored_again: bool = False

    @property
    def superfluous(self) -> bool:
        """Whether the file may go once the rows are written."""
        return self.verdict.outcome is Outcome.DUPLICATE and not self.stored_again


def quarantined(arrival: Arrival, why: Reason, sop_instance_uid: str = "") -> Planned:
    """Keep a file without giving it an identity."""
    return Planned(
        arrival=arrival,
        verdict=Verdict(outcome=Outcome.QUARANTINED, reason=why),
        sop_instance_uid=sop_instance_uid,
    )
