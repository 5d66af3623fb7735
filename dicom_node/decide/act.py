"""Decides on every cut revision, and explains what was decided. Touches: database (writes decision, job, delivery)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dicom_node.config.model import Config, seconds
from dicom_node.database.engine import Database
from dicom_node.decide import rows, rulebook
from dicom_node.decide.decision import decide
from dicom_node.decide.eligibility import cards
from dicom_node.decide.replan import replan
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NotFound
from dicom_node.provenance.alone import alone, failing
from dicom_node.rules import explain as clauses
from dicom_node.rules.grammar import parse

FAILED: Final = "decision failed"


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A recorded decision in words.

    Attributes
    ----------
    lines
        Guard by guard, rule by rule, clause by clause; no value of a patient attribute.
    tree
        The same as recorded.
    """

    series_instance_uid: str
    revision: int
    rule_set_version: int
    rule: str | None
    reason: str
    decided_at: datetime
    lines: tuple[str, ...]
    tree: Mapping[str, Any]


def sweep(database: Database, config: Config, clock: Clock) -> int:
    """Decide on every revision that is cut, by the rules in force; one that fails is tried again later.

    Returns
    -------
    int
        How many were decided.
    """
    replan(database, config, clock)
    with database.read() as session:
        waiting = rows.undecided(session)
        failed = failing(session, FAILED) if waiting else {}
    due = [(one, series_id) for one, series_id in waiting if failed.get(series_id, clock.now()) <= clock.now()]
    if not due:
        return 0
    installed = cards()
    version = rulebook.current(database)
    number, text = (version.version, version.text) if version is not None else (0, "")
    rule_set = parse(text)
    decided = 0
    for revision_id, series_id in due:
        with alone(database, clock, FAILED, series_id, failed_before=series_id in failed):
            with database.read() as session:
                case = rows.load(session, revision_id)
            plan = decide(case.situation, rule_set, installed, max_age_days=config.routing.max_age_days)
            settled = _settle_until(case, config)
            with database.write() as session:
                decided += rows.write_plan(session, case, plan, version=number, at=clock.now(), settle_until=settled)
    return decided


def _settle_until(case: rows.Undecided, config: Config) -> datetime | None:
    """Return until when results of a second cut are held back; None for a first cut."""
    if case.number == 1 or case.last_received_at is None:
        return None
    return case.last_received_at + seconds(config.completion.settle)


def explain(database: Database, series_instance_uid: str) -> Explanation:
    """Explain the newest decision on a series.

    Raises
    ------
    NotFound
        There is no such series, or it is not cut or not decided yet.
    """
    with database.read() as session:
        revision = rows.newest_revision_of(session, series_instance_uid)
        if revision is None:
            happened = "is not cut yet" if rows.knows_series(session, series_instance_uid) else "was never received"
            raise _not_found(series_instance_uid, happened)
        decision = rows.decision_of(session, revision.id)
        if decision is None:
            raise _not_found(series_instance_uid, f"revision {revision.number} is not decided yet")
    return Explanation(
        series_instance_uid=series_instance_uid,
        revision=revision.number,
        rule_set_version=decision.rule_set_version,
        rule=decision.rule,
        reason=decision.reason,
        decided_at=decision.decided_at,
        lines=tuple(_lines(decision.tree)),
        tree=decision.tree,
    )


def _not_found(series_instance_uid: str, happened: str) -> NotFound:
    return NotFound(happened=happened, subject=f"series {series_instance_uid}", remedy="Look at «dicom-node status».")


def _lines(tree: Mapping[str, Any]) -> list[str]:
    result = []
    for guard in tree["guards"]:
        why = f" ({guard['why']})" if guard.get("why") else ""
        result.append(f"guard {guard['guard']}: {guard['outcome']}{why}")
    for rule in tree["rules"]:
        held_back = f", held back: {rule['held_back']}" if "held_back" in rule else ""
        missing = f", because {'; '.join(rule['missing'])}" if rule.get("missing") else ""
        result.append(f"rule «{rule['rule']}» (line {rule['line']}): {rule['outcome']}{missing}{held_back}")
        result += clauses.lines(rule["tree"], depth=1)
    for pipeline in tree["pipelines"]:
        why = f": {pipeline['why']}" if "why" in pipeline else ""
        result.append(f"pipeline {pipeline['pipeline']} (rule «{pipeline['rule']}»): {pipeline['outcome']}{why}")
    return result
