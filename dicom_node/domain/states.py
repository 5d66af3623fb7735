"""Every state of every thing, as tables: (state, cause) to state, what is final, and how long a state may last. Pure.

Only `dicom_node.provenance.record` moves a state, by looking it up here; diagrams and the watchdog read the same
tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from dicom_node.domain.errors import NodeError


class IllegalTransition(NodeError):
    """A cause that does not apply in the present state: a programming fault or a stale request by a person."""


@dataclass(frozen=True, kw_only=True)
class StateTable:
    """States of one kind of thing.

    Attributes
    ----------
    kind
        Table name in the database.
    born
        States in which a thing may begin.
    transitions
        (state, cause) to next state.
    final
        States that need nothing more from the node (some wait for a person).
    limits
        Longest time in a state before the watchdog raises an alert; states not named have none.
    """

    kind: str
    born: frozenset[str]
    transitions: Mapping[tuple[str, str], str]
    final: frozenset[str]
    limits: Mapping[str, timedelta]

    @property
    def states(self) -> frozenset[str]:
        """All states that occur."""
        return self.born | {start for start, _ in self.transitions} | set(self.transitions.values())

    def next(self, state: str, cause: str, *, row_id: int | None = None) -> str:
        """Look up the next state; `row_id` only names the thing in an error.

        Raises
        ------
        IllegalTransition
            The table has no such row.
        """
        try:
            return self.transitions[state, cause]
        except KeyError:
            raise IllegalTransition(
                happened=f"«{cause}» does not apply in the state «{state}»",
                subject=self.kind if row_id is None else f"{self.kind} {row_id}",
                remedy="Look at its present state and try again.",
            ) from None

    def allows(self, state: str, cause: str) -> bool:
        """Whether the cause applies in this state."""
        return (state, cause) in self.transitions


def _table(kind: str, born: str, rows: str, *, final: str, limits: dict[str, timedelta] | None = None) -> StateTable:
    transitions: dict[tuple[str, str], str] = {}
    for row in rows.strip().splitlines():
        starts, cause, end = (part.strip() for part in row.split("|"))
        for start in starts.split(","):
            transitions[start.strip(), cause] = end
    return StateTable(
        kind=kind,
        born=frozenset(born.split()),
        transitions=MappingProxyType(transitions),
        final=frozenset(final.split()),
        limits=MappingProxyType(limits or {}),
    )


REVISION: Final = _table(
    "revision",
    "cut",
    """
    cut     | decided   | working
    cut     | no work   | closed
    working | finished  | closed
    closed  | reopened  | working
    """,
    final="closed",
    limits={"cut": timedelta(minutes=5), "working": timedelta(hours=6)},
)

JOB: Final = _table(
    "job",
    "queued refused",
    """
    queued                  | claimed    | running
    running                 | published  | done
    running                 | withheld   | withheld
    queued, running         | refused    | refused
    running                 | failed     | failed
    running                 | returned   | queued
    queued, running         | exhausted  | failed
    queued, running, failed, refused, withheld | superseded | cancelled
    queued, running, failed, refused, withheld | rejected   | cancelled
    queued, failed, refused, withheld          | cancelled by a person | cancelled
    withheld                | released by a person | done
    failed, refused         | retried by a person  | queued
    """,
    final="done withheld refused failed cancelled",
    limits={
        "queued": timedelta(hours=2),
        "running": timedelta(hours=1),
        "withheld": timedelta(days=1),
        "failed": timedelta(days=1),
    },
)

DERIVED_SERIES: Final = _table(
    "derived_series",
    "released shadow pending",
    """
    pending | released by a person | released
    pending | rejected by a person | rejected
    pending | superseded           | rejected
    pending | rejected             | rejected
    """,
    final="released shadow rejected pending",
    limits={"pending": timedelta(days=1)},
)

DELIVERY: Final = _table(
    "delivery",
    "waiting",
    """
    waiting                 | claimed      | sending
    sending                 | sent         | delivered
    sending                 | retry        | waiting
    sending                 | returned     | waiting
    sending, waiting        | held         | held
    sending                 | failed       | failed
    sending, waiting, held, failed  | superseded   | cancelled
    sending, waiting, held, failed  | rejected     | cancelled
    waiting, held, failed   | cancelled by a person | cancelled
    held                    | released by a person  | waiting
    held                    | originals settled     | waiting
    failed                  | retried by a person   | waiting
    delivered               | confirmed    | confirmed
    delivered, confirmed    | recalled     | recalled
    """,
    final="delivered confirmed held failed cancelled recalled",
    limits={
        "waiting": timedelta(hours=24),
        "sending": timedelta(hours=2),
        "held": timedelta(days=1),
        "failed": timedelta(days=1),
    },
)

TABLES: Final[Mapping[str, StateTable]] = MappingProxyType(
    {table.kind: table for table in (REVISION, JOB, DERIVED_SERIES, DELIVERY)}
)
SERIES_STATES: Final = ("open", "cut", "working", "closed")
"""A series awaiting more shows ``open``, else its newest revision's state."""
