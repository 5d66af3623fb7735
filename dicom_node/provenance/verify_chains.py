"""Re-computes every chain of events and replays it against the rows it speaks of. Touches: database (reads)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.tables import Base, Node, ProvenanceEvent, Series
from dicom_node.domain.work import canonical_json
from dicom_node.provenance.chain import COVERED, NODE_CHAIN, event_hash, series_chain
from dicom_node.provenance.checkpoint import Heads
from dicom_node.provenance.finding import FILE_DELETED, STORED_AGAIN, Finding

_PORTION: Final = 500
_MODELS: Final[Mapping[str, Any]] = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}

Columns = dict[str, Any]


@dataclass
class Replay:
    """Walks all chains once and remembers what later checks need.

    Attributes
    ----------
    deleted
        Subjects whose file retention has deleted, by an event, and that were not stored again.
    seen
        Per table the ids that have events.
    """

    session: Session
    sealed: Heads
    uids: dict[int, str]
    deleted: set[str] = field(default_factory=set)
    seen: dict[str, set[int]] = field(default_factory=lambda: {table: set() for table in COVERED})

    def findings(self) -> Iterator[Finding]:
        """Check all chains, the node's first: what begins there may go on in a series' chain."""
        carried: dict[str, Columns] = {}
        node = self.session.execute(select(Node.chain_count, Node.chain_head).where(Node.id == 1)).one_or_none()
        yield from self._chain(NODE_CHAIN, node, carried)
        heads = self.session.execute(select(Series.id, Series.chain_count, Series.chain_head).order_by(Series.id)).all()
        for series_id, count, head in heads:
            states: dict[str, Columns] = {}
            yield from self._chain(series_chain(series_id), (count, head), states)
            for subject in list(states):
                states[subject] = {**carried.pop(subject, {}), **states[subject]}
            yield from self._rows(states, series_id)
        yield from self._rows(carried, None)
        yield from self._orphans({series_id for series_id, _, _ in heads})
        yield from self._without_events()

    def _chain(self, chain: str, owner: Any, states: dict[str, Columns]) -> Iterator[Finding]:
        table, series_id = _owner(chain)
        count, head = 0, ""
        seal = self.sealed.get(chain)
        sealed_hash = None
        for event in self.session.scalars(
            select(ProvenanceEvent).where(ProvenanceEvent.chain == chain).order_by(ProvenanceEvent.seq)
        ):
            problem = _problem(event, count + 1, head)
            if problem is not None:
                subject, _, row_id = event.subject.partition(":")
                yield self._found(subject, int(row_id) if row_id.isdigit() else None, series_id, problem)
            count, head = event.seq, event.hash
            if seal is not None and event.seq == seal[0]:
                sealed_hash = event.hash
            self._remember(event, states)
        if owner is None or (count, head) != tuple(owner):
            said = "no row" if owner is None else f"{owner[0]} events ending in {owner[1][:12] or 'nothing'}"
            sentence = f"the chain «{chain}» has {count} events ending in {head[:12] or 'nothing'}, its row says {said}"
            yield self._found(table, series_id, series_id, sentence)
        if seal is not None and seal[0] > 0 and sealed_hash != seal[1]:
            found = f"it has {count}" if sealed_hash is None else "that event is another one now"
            sentence = f"the last checkpoint sealed {seal[0]} events of the chain «{chain}»; {found}"
            yield self._found(table, series_id, series_id, sentence)

    def _remember(self, event: ProvenanceEvent, states: dict[str, Columns]) -> None:
        if event.cause == FILE_DELETED:
            self.deleted.add(event.subject)
        elif event.cause == STORED_AGAIN:
            self.deleted.discard(event.subject)
        columns = event.payload.get("columns")
        if isinstance(columns, dict):
            states.setdefault(event.subject, {}).update(columns)

    def _rows(self, states: Mapping[str, Columns], series_id: int | None) -> Iterator[Finding]:
        wanted: dict[str, dict[int, Columns]] = {}
        for subject, columns in states.items():
            table, _, row_id = subject.partition(":")
            if table in COVERED and row_id.isdigit():
                wanted.setdefault(table, {})[int(row_id)] = columns
        for table, by_id in wanted.items():
            self.seen[table].update(by_id)
            ids = sorted(by_id)
            for start in range(0, len(ids), _PORTION):
                yield from self._compare(table, ids[start : start + _PORTION], by_id, series_id)

    def _compare(
        self, table: str, ids: list[int], by_id: Mapping[int, Columns], series_id: int | None
    ) -> Iterator[Finding]:
        model = _MODELS[table]
        names = COVERED[table]
        columns = [getattr(model, name) for name in names]
        rows = {row[0]: row[1:] for row in self.session.execute(select(model.id, *columns).where(model.id.in_(ids)))}
        for row_id in ids:
            if row_id not in rows:
                yield self._found(table, row_id, series_id, "the row is gone; its events still speak of it")
                continue
            for name, value in zip(names, rows[row_id], strict=True):
                said = by_id[row_id].get(name)
                if canonical_json(value) != canonical_json(said):
                    sentence = f"{name} is {canonical_json(value)}, its events say {canonical_json(said)}"
                    yield self._found(table, row_id, series_id, sentence)

    def _orphans(self, known: set[int]) -> Iterator[Finding]:
        for chain in self.session.scalars(select(ProvenanceEvent.chain).distinct()):
            _, series_id = _owner(chain)
            if chain != NODE_CHAIN and series_id not in known:
                yield self._found("series", series_id, None, f"the chain «{chain}» has events but its row is gone")
        for chain, (count, _) in self.sealed.items():
            _, series_id = _owner(chain)
            if chain != NODE_CHAIN and series_id not in known:
                sentence = f"a checkpoint sealed {count} events of the chain «{chain}»; its row is gone"
                yield self._found("series", series_id, None, sentence)

    def _without_events(self) -> Iterator[Finding]:
        for table, seen in self.seen.items():
            model = _MODELS[table]
            for row_id in self.session.scalars(select(model.id).order_by(model.id)):
                if row_id not in seen:
                    series_id = row_id if table == "series" else None
                    yield self._found(table, row_id, series_id, "no event speaks of this row")

    def _found(self, table: str, row_id: int | None, series_id: int | None, sentence: str) -> Finding:
        uid = self.uids.get(series_id, "") if series_id is not None else ""
        return Finding(table=table, row_id=row_id, series_instance_uid=uid, sentence=sentence)


def _owner(chain: str) -> tuple[str, int | None]:
    table, _, row_id = chain.partition(":")
    return table, int(row_id) if row_id.isdigit() else None


def _problem(event: ProvenanceEvent, seq: int, prev_hash: str) -> str | None:
    if event.seq != seq:
        return f"event {seq} of the chain «{event.chain}» is missing before event {event.seq} («{event.cause}»)"
    if event.prev_hash != prev_hash:
        return f"event {seq} of the chain «{event.chain}» («{event.cause}») does not follow the one before it"
    said = event_hash(
        event.prev_hash,
        chain=event.chain,
        seq=event.seq,
        at=event.at,
        subject=event.subject,
        cause=event.cause,
        payload=event.payload,
    )
    if said != event.hash:
        return f"event {seq} of the chain «{event.chain}» («{event.cause}») was changed: its hash does not fit it"
    return None
