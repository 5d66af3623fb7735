"""A job that was refused for want of a usable bundle, retried by a person after the bundle was repaired."""

import pytest
from sqlalchemy import select

from dicom_node.complete import cut
from dicom_node.database import tables
from dicom_node.database.engine import Database
from dicom_node.decide import act, rows, rulebook
from dicom_node.decide.decision import decide
from dicom_node.domain.reasons import reason
from dicom_node.domain.states import IllegalTransition
from dicom_node.domain.work import Recipe
from dicom_node.provenance.verify_digests import findings
from dicom_node.restore import actions, queue
from dicom_node.rules.grammar import parse
from tests.support.clock import FixedClock
from tests.support.cuts import Scanner, quick_config

CONFIG = quick_config()
NAMES = rulebook.Names(pipelines=("ct-nlm",), destinations=("pacs",))
BROKEN = {"ct-nlm": reason("bundle broken", detail="the card cannot be read")}
RULES = """\
rules:
  - name: CT
    when: {field: Modality, equals: CT}
    restore: [{pipeline: ct-nlm}]
    deliver_to: [pacs]
"""


def refused_job(database: Database, clock: FixedClock, rules: str = RULES, **changes: object) -> tables.Job:
    """Decide on a new series while the bundle is broken."""
    rulebook.import_text(database, rules, author="ann", why="test", clock=clock, names=NAMES)
    Scanner(database, clock).push("1.2.3", 3, **changes)
    clock.advance(60)
    cut.sweep(database, CONFIG, clock)
    with database.write() as session:
        case = rows.load(session, 1)
        plan = decide(case.situation, parse(rules), BROKEN, max_age_days=0)
        rows.write_plan(session, case, plan, version=1, at=clock.now(), settle_until=None)
    return job_of(database)


def job_of(database: Database, job_id: int = 1) -> tables.Job:
    with database.read() as session:
        return session.get_one(tables.Job, job_id)


def retry(database: Database, clock: FixedClock) -> None:
    actions.retry(database, 1, "ann", "the bundle is installed again", clock)


def states(database: Database) -> tuple[str, str, int]:
    """State of the revision, reason of the job, open alerts."""
    with database.read() as session:
        opened = session.scalars(select(tables.Alert.id).where(tables.Alert.ended_at.is_(None))).all()
        return session.get_one(tables.Revision, 1).state, job_of(database).reason_code, len(opened)


def test_it_is_planned_with_the_bundle_of_now_and_only_then_taken(database: Database, clock: FixedClock) -> None:
    job = refused_job(database, clock)
    assert (job.state, job.reason_code, job.recipe["version"], job.recipe["strength"]) == (
        "refused", "bundle broken", "", 0.0,
    )  # fmt: skip
    assert states(database) == ("closed", "bundle broken", 1)
    retry(database, clock)
    assert job_of(database).state == "queued"
    assert states(database) == ("working", "", 0)
    assert queue.claim_next(database, start_id="w1", clock=clock) is None
    act.sweep(database, CONFIG, clock)
    planned = job_of(database)
    recipe = Recipe.from_json(planned.recipe)
    assert (planned.state, recipe.strength, bool(recipe.version)) == ("queued", 75.0, True)
    assert planned.recipe_digest == recipe.digest
    with database.read() as session:
        assert list(findings(session, {})) == []
    claim = queue.claim_next(database, start_id="w1", clock=clock)
    assert claim is not None
    assert claim.job_id == job.id


def test_a_series_that_the_pipeline_does_not_take_is_refused_after_all(database: Database, clock: FixedClock) -> None:
    refused_job(database, clock, RescaleSlope=None)
    retry(database, clock)
    act.sweep(database, CONFIG, clock)
    assert job_of(database).state == "refused"
    assert states(database) == ("closed", "rescale missing", 0)
    with pytest.raises(IllegalTransition, match="Rescale Slope"):
        retry(database, clock)


def test_a_pipeline_that_is_still_not_there_is_told_again(database: Database, clock: FixedClock) -> None:
    wanted = {"name": "CT", "when": {"field": "Modality", "equals": "CT"}, "restore": [{"pipeline": "ct-gone"}]}
    rulebook.seed_from_config(database, [wanted], clock=clock, names=NAMES)
    Scanner(database, clock).push("1.2.3", 3)
    clock.advance(60)
    cut.sweep(database, CONFIG, clock)
    act.sweep(database, CONFIG, clock)
    retry(database, clock)
    act.sweep(database, CONFIG, clock)
    assert job_of(database).state == "refused"
    assert states(database) == ("closed", "pipeline unknown", 1)


def test_two_wishes_that_become_one_are_one_job(database: Database, clock: FixedClock) -> None:
    wishes = "restore: [{pipeline: ct-nlm}, {pipeline: ct-nlm, strength: 75}]"
    refused_job(database, clock, RULES.replace("restore: [{pipeline: ct-nlm}]", wishes))
    actions.retry(database, 1, "ann", "repaired", clock)
    actions.retry(database, 2, "ann", "repaired", clock)
    act.sweep(database, CONFIG, clock)
    assert (job_of(database, 1).state, job_of(database, 2).state) == ("queued", "cancelled")
    assert job_of(database, 2).reason_code == "recipe gone"
