"""When a series is complete. Pure.

Strongest first; the first that holds decides and is named:

========  =================================================================  ==========================================
missing   a stated count that this peer proved right before is not reached  long wait, then cut as incomplete
full      such a count is reached                                           shortest wait
hole      a hole in positions or instance numbers                           longer wait, complete all the same
released  the association ended in order and this peer is known to end so   short wait
quiet     nothing but arrivals                                              the usual wait, or 3 × the peer's gaps
========  =================================================================  ==========================================
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from dicom_node.config.model import CompletionSection

LONGEST_QUIET_S = 120.0
GAPS = 3.0


@dataclass(frozen=True, kw_only=True)
class Stated:
    """A count that the headers state.

    Attributes
    ----------
    kind
        Which count: ``pet``, ``temporal``, ``concatenation``, ``acquisition``.
    expected, found
        Objects stated and objects here.
    proven
        Whether this peer's past series proved this kind right.
    """

    kind: str
    expected: int
    found: int
    proven: bool


@dataclass(frozen=True, kw_only=True)
class Arrivals:
    """What is known of a series that is arriving.

    Attributes
    ----------
    last_received_at
        UTC.
    released_at
        When the association that brought it was released with nothing else of its peer open; None while that does not
        hold.
    release_trusted
        Whether this peer's release means the end of a series.
    peer_gap_s
        Longest pause within this peer's last series [s].
    holes
        Number of missing slices or instance numbers.
    stated
        Counts found in the headers.
    """

    last_received_at: datetime
    released_at: datetime | None = None
    release_trusted: bool = False
    peer_gap_s: float | None = None
    holes: int = 0
    stated: tuple[Stated, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Look again at `until`."""

    until: datetime
    why: str


@dataclass(frozen=True, kw_only=True)
class Cut:
    """Cut now."""

    why: str
    complete: bool


def decide_cut(arrivals: Arrivals, policy: CompletionSection, now: datetime) -> Wait | Cut:
    """Decide whether a series is cut now or looked at again later."""
    until, why, complete = _deadline(arrivals, policy)
    return Cut(why=why, complete=complete) if now >= until else Wait(until=until, why=why)


def shortest_wait(policy: CompletionSection) -> timedelta:
    """Return the time after the last arrival before which no series is ever cut."""
    quickest = min(policy.missing, policy.full, policy.hole, policy.released, policy.quiet)
    return timedelta(seconds=quickest)


def _deadline(arrivals: Arrivals, policy: CompletionSection) -> tuple[datetime, str, bool]:
    last = arrivals.last_received_at
    proven = [item for item in arrivals.stated if item.proven and item.found <= item.expected]
    missing = [item for item in proven if item.found < item.expected]
    quiet = max(policy.quiet, min(LONGEST_QUIET_S, GAPS * (arrivals.peer_gap_s or 0.0)))
    if missing:
        worst = missing[0]
        why = f"missing: {worst.found} of {worst.expected} objects ({worst.kind})"
        return last + timedelta(seconds=policy.missing), why, False
    if proven:
        why = f"full: all {proven[0].expected} objects stated ({proven[0].kind})"
        return last + timedelta(seconds=policy.full), why, True
    if arrivals.holes:
        wait = max(policy.hole, quiet)
        return last + timedelta(seconds=wait), f"hole: {arrivals.holes} missing, still for {wait:g} s", True
    if arrivals.released_at is not None and arrivals.release_trusted:
        start = max(last, arrivals.released_at)
        return start + timedelta(seconds=policy.released), f"released: still for {policy.released:g} s", True
    return last + timedelta(seconds=quiet), f"quiet: still for {quiet:g} s", True
