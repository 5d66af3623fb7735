"""Re-computes digests that bind what events do not hold themselves. Touches: database (reads)."""

from collections.abc import Callable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from dicom_node.database.tables import (
    Decision,
    DerivedInstance,
    DerivedSeries,
    Instance,
    Job,
    Revision,
    RuleSet,
)
from dicom_node.domain.marks import uid_of
from dicom_node.domain.series import revision_digest
from dicom_node.domain.work import canonical_json, digest_of
from dicom_node.provenance.finding import Finding


def findings(session: Session, uids: dict[int, str]) -> Iterator[Finding]:
    """Check rule sets, revisions, decisions, jobs and derived series row by row."""
    for rules in session.scalars(select(RuleSet)):
        if digest_of(rules.text) != rules.digest:
            yield _found("rule_set", rules.id, "")("its text is not that of its digest")
    yield from _decided(session, uids)
    for derived in session.scalars(select(DerivedSeries).execution_options(yield_per=200)):
        yield from _derived(session, derived, _found("derived_series", derived.id, uids.get(derived.series_id, "")))


def _decided(session: Session, uids: dict[int, str]) -> Iterator[Finding]:
    for revision in session.scalars(select(Revision).execution_options(yield_per=200)):
        found = _found("revision", revision.id, uids.get(revision.series_id, ""))
        if digest_of(revision.facts) != revision.facts_digest:
            yield found("its facts are not those of facts_digest")
        if _revision_digest(session, revision) != revision.digest:
            yield found("its instances are not those of its digest")
    for decision in session.scalars(select(Decision).execution_options(yield_per=200)):
        found = _found("decision", decision.id, uids.get(decision.series_id, ""))
        if digest_of(decision.tree) != decision.tree_digest:
            yield found("its tree is not that of tree_digest")
    for job in session.scalars(select(Job).execution_options(yield_per=200)):
        found = _found("job", job.id, uids.get(job.series_id, ""))
        if digest_of(job.recipe) != job.recipe_digest:
            yield found("its recipe is not that of recipe_digest")


def _derived(session: Session, derived: DerivedSeries, found: Callable[[str], Finding]) -> Iterator[Finding]:
    pairs = session.execute(
        select(DerivedInstance.sop_instance_uid, DerivedInstance.pixel_digest).where(
            DerivedInstance.derived_series_id == derived.id
        )
    ).all()
    if digest_of(sorted([uid, pixels] for uid, pixels in pairs)) != derived.digest:
        yield found("its instances are not those of its digest")
    if uid_of(canonical_json(sorted(uid for uid, _ in pairs))) != derived.series_instance_uid:
        yield found("its Series Instance UID does not follow from its instances")


def _revision_digest(session: Session, revision: Revision) -> str:
    members = set(revision.instance_ids)
    rows = session.execute(
        select(Instance.id, Instance.sop_instance_uid, Instance.sha256).where(Instance.series_id == revision.series_id)
    )
    return revision_digest(
        revision.number, ((uid, sha256) for instance_id, uid, sha256 in rows if instance_id in members)
    )


def _found(table: str, row_id: int, uid: str) -> Callable[[str], Finding]:
    return lambda sentence: Finding(table=table, row_id=row_id, series_instance_uid=uid, sentence=sentence)
