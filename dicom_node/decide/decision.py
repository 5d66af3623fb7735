"""Guards, rules and eligibility in one explained decision on a revision. Pure: the same facts give the same answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from dicom_node.decide import guards
from dicom_node.decide.eligibility import Card, refusal
from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.series import Facts, Stack
from dicom_node.domain.work import Recipe, Release
from dicom_node.rules import explain
from dicom_node.rules.clauses import Outcome, evaluate
from dicom_node.rules.ruleset import Incomplete, Restoration, Rule, RuleSet, Then

_KEPT: Final = {
    Release.REVIEW: "the result waits for a person",
    Release.NEVER: "the result is made, judged and kept, but never sent by itself",
}


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What is decided on.

    Attributes
    ----------
    conflict
        Whether an instance of the series is in conflict.
    ours
        Whether an instance has the UID of something this node derived.
    """

    facts: Facts
    stacks: tuple[Stack, ...]
    complete: bool
    cut_at: datetime
    conflict: bool = False
    ours: bool = False


@dataclass(frozen=True, kw_only=True)
class PlannedJob:
    """One restoration of the revision.

    Attributes
    ----------
    refused
        Why the job is born refused; None: it is born queued.
    """

    recipe: Recipe
    destinations: tuple[str, ...]
    priority: int
    release: Release
    expires_at: datetime | None
    refused: Reason | None


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The decision.

    Attributes
    ----------
    rule
        Names of the rules that matched; None if none did.
    reason
        Why nothing is restored; None if something is.
    tree
        Guards, rules with every clause, pipelines with their refusals; JSON values.
    originals
        Destinations that get the originals.
    """

    rule: str | None
    reason: Reason | None
    tree: Mapping[str, Any]
    jobs: tuple[PlannedJob, ...] = ()
    originals: tuple[str, ...] = ()


def decide(situation: Situation, rule_set: RuleSet, cards: Mapping[str, Card | Reason], *, max_age_days: int) -> Plan:
    """Decide what is restored, by which pipelines, for whom, and why."""
    stopped = _stopped(situation)
    prior = guards.prior(situation.facts, cut_at=situation.cut_at, max_age_days=max_age_days)
    tree: dict[str, Any] = {"guards": _guards(situation, stopped, prior), "rules": [], "pipelines": []}
    if stopped is not None:
        return Plan(rule=None, reason=stopped, tree=tree)
    matched, held_back, tree["rules"] = _match(situation.facts, rule_set.rules, prior)
    if not matched:
        return Plan(rule=None, reason=prior if held_back and prior is not None else reason("no rule"), tree=tree)
    jobs, tree["pipelines"] = _jobs(situation, matched, cards)
    return Plan(
        rule=", ".join(rule.name for rule in matched),
        reason=_why_nothing(matched, jobs),
        tree=tree,
        jobs=jobs,
        originals=_united(rule.forward_originals_to for rule in matched),
    )


def _stopped(situation: Situation) -> Reason | None:
    if situation.ours:
        return reason("own result")
    return guards.own_result(situation.facts) or (reason("conflict open") if situation.conflict else None)


def _guards(situation: Situation, stopped: Reason | None, prior: Reason | None) -> list[dict[str, str]]:
    loop = stopped is not None and stopped.code == "own result"
    readable = bool(guards.study_dates(situation.facts))
    return [
        {"guard": "loop", "outcome": "stops" if loop else "passes"},
        {"guard": "conflict", "outcome": "stops" if situation.conflict else "passes"},
        {
            "guard": "prior",
            "outcome": "passes" if prior is None else "stops rules without «priors: yes»",
            "why": prior.sentence if prior is not None else "" if readable else "no readable Study Date",
        },
    ]


def _match(facts: Facts, rules: Sequence[Rule], prior: Reason | None) -> tuple[list[Rule], bool, list[dict[str, Any]]]:
    """Return the rules that match, whether one was held back as a prior, and every clause looked at."""
    matched: list[Rule] = []
    looked_at: list[dict[str, Any]] = []
    held_back = False
    for rule in rules:
        evaluation = evaluate(rule.when, facts)
        entry: dict[str, Any] = {
            "rule": rule.name,
            "line": rule.line,
            "outcome": str(evaluation.outcome),
            "tree": explain.as_json(evaluation),
        }
        looked_at.append(entry)
        if evaluation.outcome is Outcome.MISSING:
            entry["missing"] = list(explain.missing(evaluation))
        if evaluation.outcome is not Outcome.TRUE:
            continue
        if prior is not None and not rule.priors:
            entry["held_back"] = prior.sentence
            held_back = True
            continue
        matched.append(rule)
        if rule.then is Then.STOP:
            break
    return matched, held_back, looked_at


def _jobs(
    situation: Situation, rules: Sequence[Rule], cards: Mapping[str, Card | Reason]
) -> tuple[tuple[PlannedJob, ...], list[dict[str, str]]]:
    jobs: dict[str, PlannedJob] = {}
    looked_at: list[dict[str, str]] = []
    for rule in rules:
        for wish in rule.restore:
            job = _job(situation, rule, wish, cards.get(wish.pipeline))
            entry = {"rule": rule.name, "pipeline": wish.pipeline, "outcome": "accepts"}
            if job.refused is not None:
                entry |= {"outcome": "refuses", "reason": job.refused.code, "why": job.refused.sentence}
            elif job.release is not wish.release:
                entry |= {"release": str(job.release), "why": _stricter(job.release, wish.release)}
            looked_at.append(entry)
            digest = job.recipe.digest
            jobs[digest] = _merge(jobs[digest], job) if digest in jobs else job
    return tuple(jobs.values()), looked_at


def _job(situation: Situation, rule: Rule, wish: Restoration, card: Card | Reason | None) -> PlannedJob:
    usable = card if isinstance(card, Card) else None
    recipe = Recipe(
        pipeline=wish.pipeline,
        version=usable.version if usable is not None else "",
        weights_sha256=usable.weights_sha256 if usable is not None else "",
        strength=wish.strength or (usable.default_strength if usable is not None else 0.0),
        label=wish.label,
        equipment=rule.equipment,
        qualification=rule.qualification,
    )
    age = None if rule.expires_s is None else timedelta(seconds=rule.expires_s)
    return PlannedJob(
        recipe=recipe,
        destinations=rule.deliver_to,
        priority=rule.priority,
        release=wish.release if usable is None else _strictest(wish.release, Release(usable.release)),
        expires_at=None if age is None else situation.cut_at + age,
        refused=_refused(situation, rule, wish, card),
    )


def _strictest(*releases: Release) -> Release:
    return max(releases, key=lambda release: release.strictness)


def _stricter(release: Release, wished: Release) -> str:
    return f"{_KEPT[release]}: the pipeline's card says release «{release}», the rule «{wished}»"


def _refused(situation: Situation, rule: Rule, wish: Restoration, card: Card | Reason | None) -> Reason | None:
    if card is None:
        return reason("pipeline unknown", pipeline=wish.pipeline)
    if isinstance(card, Reason):
        return card
    if not situation.complete and rule.incomplete is Incomplete.REFUSE:
        return reason("incomplete", rule=rule.name)
    if card.generative and not rule.allow_generative:
        return reason("generative", pipeline=card.name, rule=rule.name)
    return refusal(situation.facts, situation.stacks, card)


def _merge(one: PlannedJob, other: PlannedJob) -> PlannedJob:
    """Unite two wishes for one restoration; a refused one has no say where the other is not."""
    if (one.refused is None) != (other.refused is None):
        return one if one.refused is None else other
    expiries = [job.expires_at for job in (one, other) if job.expires_at is not None]
    return replace(
        one,
        destinations=_united((one.destinations, other.destinations)),
        priority=max(one.priority, other.priority),
        release=_strictest(one.release, other.release),
        expires_at=min(expiries, default=None),
    )


def _united(groups: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _why_nothing(rules: Sequence[Rule], jobs: Sequence[PlannedJob]) -> Reason | None:
    if not jobs:
        return reason("rule only forwards", rule=rules[0].name)
    refusals = [job.refused for job in jobs if job.refused is not None]
    return refusals[0] if len(refusals) == len(jobs) else None
