"""What a draft of the rules would have decided on the last series. Touches: database (reads revision, rule_set)."""

from dataclasses import dataclass

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.decide import rows, rulebook
from dicom_node.decide.decision import Plan, decide
from dicom_node.decide.eligibility import cards
from dicom_node.rules.grammar import parse


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A decision in short: the rule, each pipeline with its refusal, where results and originals go."""

    rule: str | None
    reason: str
    pipelines: tuple[str, ...]
    destinations: tuple[str, ...]
    originals: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """The rules that match and what they do, in one line."""
        done = "; ".join(self.pipelines) or self.reason
        return f"{self.rule}: {done}" if self.rule is not None else done


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One series under the rules in force and under the draft."""

    series_instance_uid: str
    revision: int
    before: Verdict
    after: Verdict

    @property
    def changed(self) -> bool:
        """Whether the draft decides otherwise."""
        return self.before != self.after


def dry_run(
    database: Database, config: Config, draft: str, *, names: rulebook.Names, last: int = 200
) -> list[Comparison]:
    """Decide anew on the recorded facts of the last series, by the rules in force and by a draft.

    Parameters
    ----------
    draft
        Text of a rule set.
    last
        Number of series looked at, each by its newest revision.

    Raises
    ------
    RuleError
        The draft is wrong; the subject has rule and line.
    """
    new = parse(draft, pipelines=names.pipelines, destinations=names.destinations)
    version = rulebook.current(database)
    old = parse(version.text if version is not None else "")
    installed = cards()
    with database.read() as session:
        cases = [rows.load(session, revision_id) for revision_id in rows.newest_revisions(session, last)]
    days = config.routing.max_age_days
    return [
        Comparison(
            series_instance_uid=case.series_instance_uid,
            revision=case.number,
            before=_verdict(decide(case.situation, old, installed, max_age_days=days)),
            after=_verdict(decide(case.situation, new, installed, max_age_days=days)),
        )
        for case in cases
    ]


def _verdict(plan: Plan) -> Verdict:
    pipelines = []
    for job in plan.jobs:
        refused = f" refused: {job.refused.sentence}" if job.refused is not None else ""
        pipelines.append(f"{job.recipe.pipeline} {job.recipe.strength:g} % {job.release}{refused}")
    return Verdict(
        rule=plan.rule,
        reason=plan.reason.sentence if plan.reason is not None else "",
        pipelines=tuple(pipelines),
        destinations=tuple(dict.fromkeys(name for job in plan.jobs for name in job.destinations)),
        originals=plan.originals,
    )
