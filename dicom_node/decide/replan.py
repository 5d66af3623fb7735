"""Plans a job again that was refused because its pipeline could not be used, once a person retries it.

Touches: database (writes job).

The rules by which its revision was decided speak again, with the cards of now: whether the pipeline takes the series
was never asked, for want of a card. Until that is known no worker takes the job.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from dicom_node.config.model import Config
from dicom_node.database.engine import Database
from dicom_node.database.tables import Job
from dicom_node.decide import rows
from dicom_node.decide.decision import Plan, decide
from dicom_node.decide.eligibility import Card, cards
from dicom_node.domain.clock import Clock
from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.work import Recipe
from dicom_node.provenance.alone import alone, failing
from dicom_node.provenance.closing import close_if_finished
from dicom_node.provenance.record import amend, transition
from dicom_node.rules.grammar import parse

FAILED: Final = "planning failed"


def replan(database: Database, config: Config, clock: Clock) -> None:
    """Plan every queued job that has no bundle yet, or refuse it again."""
    with database.read() as session:
        waiting = rows.unplanned(session)
        failed = failing(session, FAILED) if waiting else {}
    due = [(one, series_id) for one, series_id in waiting if failed.get(series_id, clock.now()) <= clock.now()]
    installed = cards() if due else {}
    for job_id, series_id in due:
        with alone(database, clock, FAILED, series_id, failed_before=series_id in failed):
            _replan(database, config, clock, job_id, installed)


def _replan(
    database: Database, config: Config, clock: Clock, job_id: int, installed: Mapping[str, Card | Reason]
) -> None:
    with database.read() as session:
        job = session.get_one(Job, job_id)
        case = rows.load(session, job.revision_id)
        text = rows.rules_of(session, job.revision_id)
    plan = decide(case.situation, parse(text), installed, max_age_days=config.routing.max_age_days)
    with database.write() as session:
        _write(session, job_id, _answer(Recipe.from_json(job.recipe), plan), clock.now())


def _answer(recipe: Recipe, plan: Plan) -> Recipe | Reason:
    """Return the recipe that the rules want now in place of this one, or why there is none."""
    wanted = next((job for job in plan.jobs if _alike(job.recipe, recipe)), None)
    if wanted is None:
        return plan.reason or reason("no rule")
    return wanted.refused or wanted.recipe


def _alike(new: Recipe, old: Recipe) -> bool:
    """Whether two recipes speak of one wish; a strength that only the card knows is missing from the old one."""
    parts = ("pipeline", "label", "equipment", "qualification")
    return all(getattr(new, part) == getattr(old, part) for part in parts) and old.strength in (0.0, new.strength)


def _write(session: Session, job_id: int, answer: Recipe | Reason, at: datetime) -> None:
    job = session.get_one(Job, job_id)
    if job.state != "queued":
        return
    if isinstance(answer, Reason):
        transition(session, Job, job_id, "refused", at=at, **_ending(answer, at))
        rows.tell_administrator(session, job.pipeline, answer, at)
    elif rows.has_job(session, job.revision_id, answer):
        transition(session, Job, job_id, "superseded", at=at, **_ending(reason("recipe gone"), at))
    else:
        amend(session, job, "planned anew", at=at, recipe=answer.as_json(), recipe_digest=answer.digest)
    close_if_finished(session, job.revision_id, at=at)


def _ending(why: Reason, at: datetime) -> dict[str, Any]:
    return {"reason_code": why.code, "reason": why.sentence, "ended_at": at}
