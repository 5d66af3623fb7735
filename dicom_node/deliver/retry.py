"""What a C-STORE answer means for the next try, and when that is. Pure.

The statuses themselves stand in `wire.statuses`; the waits double from `deliver.first_retry` up to
`deliver.longest_retry` until `deliver.give_up` of waiting is used up. An attempt that got at least one object across
starts the count anew.
"""

from enum import StrEnum
from typing import Final

from dicom_node.config.model import DeliverSection
from dicom_node.wire.statuses import DUPLICATE_SOP_INSTANCE, StatusClass, status_class

REFUSALS_MOST: Final = 3
"""So often the same object may be refused before its delivery fails."""


class Verdict(StrEnum):
    """What an answer means."""

    SENT = "sent"
    LATER = "later"
    REFUSED = "refused"


def verdict(status: int, *, tried_before: bool) -> Verdict:
    """Judge a C-STORE status.

    Parameters
    ----------
    status
        (0000,0900).
    tried_before
        An earlier try of this object may have arrived: then «duplicate» means that it did.
    """
    kind = status_class(status)
    if kind in (StatusClass.SUCCESS, StatusClass.WARNING) or (status == DUPLICATE_SOP_INSTANCE and tried_before):
        return Verdict.SENT
    return Verdict.LATER if kind is StatusClass.RETRY else Verdict.REFUSED


def wait_after(attempts: int, policy: DeliverSection) -> float:
    """Return the wait [s] after so many attempts in a row without progress (1, 2, …)."""
    doublings = min(max(attempts, 1) - 1, 32)
    return min(policy.first_retry * 2.0**doublings, policy.longest_retry)


def is_given_up(attempts: int, policy: DeliverSection) -> bool:
    """Whether the waits after so many attempts in a row without progress add up to `deliver.give_up`."""
    total = 0.0
    for number in range(1, attempts + 1):
        total += wait_after(number, policy)
        if total >= policy.give_up:
            return True
    return False
