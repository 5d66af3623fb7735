"""From cut revisions to jobs, deliveries of originals and explanations, over a database."""

import pytest
from sqlalchemy import select

from dicom_node.complete import cut
from dicom_node.database import tables
from dicom_node.database.engine import Database
from dicom_node.decide import act, rulebook
from dicom_node.decide.dry_run import dry_run
from dicom_node.domain.errors import NotFound, RuleError
from dicom_node.provenance.record import begin
from tests.support.clock import FixedClock
from tests.support.cuts import Scanner, quick_config

CONFIG = quick_config()
NAMES = rulebook.Names(pipelines=("ct-nlm", "mr-nlm"), destinations=("pacs",))
RULES = """\
rules:
  - name: CT
    when: {field: Modality, equals: CT}
    restore: [{pipeline: ct-nlm}]
    deliver_to: [pacs]
    forward_originals_to: [pacs]
    expires: 1h
"""
MR_RULES = RULES.replace("equals: CT", "equals: MR")
SECRET = "rules:\n  - name: one patient\n    when: {field: PatientID, equals: P1}\n"


def use(database: Database, clock: FixedClock, text: str) -> None:
    rulebook.import_text(database, text, author="ann", why="test", clock=clock, names=NAMES)


def push(database: Database, clock: FixedClock, uid: str = "1.2.3", **changes: object) -> int:
    series_id = Scanner(database, clock).push(uid, 3, **changes)
    clock.advance(700)
    cut.sweep(database, CONFIG, clock)
    return series_id


def all_of(database: Database, table: type) -> list:  # type: ignore[type-arg]
    with database.read() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def test_a_matched_series_gets_job_originals_and_decision(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    push(database, clock)
    assert act.sweep(database, CONFIG, clock) == 1
    (job,) = all_of(database, tables.Job)
    (delivery,) = all_of(database, tables.Delivery)
    (decision,) = all_of(database, tables.Decision)
    (revision,) = all_of(database, tables.Revision)
    assert (job.state, job.pipeline, job.destinations, job.release) == ("queued", "ct-nlm", ["pacs"], "automatic")
    assert job.recipe["strength"] == 75.0
    assert (job.expires_at - revision.cut_at).total_seconds() == 3600
    assert job.settle_until is None
    assert (delivery.state, delivery.total, delivery.revision_id) == ("waiting", 3, revision.id)
    assert (decision.rule, decision.reason, decision.rule_set_version) == ("CT", "", 1)
    assert revision.state == "working"
    assert act.sweep(database, CONFIG, clock) == 0


def test_no_rule_closes_the_revision(database: Database, clock: FixedClock) -> None:
    push(database, clock)
    act.sweep(database, CONFIG, clock)
    (revision,) = all_of(database, tables.Revision)
    (decision,) = all_of(database, tables.Decision)
    assert (revision.state, decision.rule, decision.rule_set_version) == ("closed", None, 0)
    assert decision.reason == "no rule wants this series"


def test_a_refused_job_closes_the_revision_with_its_reason(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES.replace("    forward_originals_to: [pacs]\n", ""))
    push(database, clock, RescaleSlope=None)
    act.sweep(database, CONFIG, clock)
    (job,) = all_of(database, tables.Job)
    assert (job.state, job.reason_code) == ("refused", "rescale missing")
    assert job.ended_at is not None
    assert all_of(database, tables.Revision)[0].state == "closed"
    assert all_of(database, tables.Decision)[0].reason_code == "rescale missing"


def test_a_pipeline_that_is_gone_is_one_alert_for_all_series(database: Database, clock: FixedClock) -> None:
    wanted = {"name": "CT", "when": {"field": "Modality", "equals": "CT"}, "restore": [{"pipeline": "ct-gone"}]}
    assert rulebook.seed_from_config(database, [wanted], clock=clock, names=NAMES) is not None
    push(database, clock)
    push(database, clock, "1.2.4")
    assert act.sweep(database, CONFIG, clock) == 2
    assert {job.reason_code for job in all_of(database, tables.Job)} == {"pipeline unknown"}
    (alert,) = all_of(database, tables.Alert)
    assert (alert.kind, alert.count) == ("pipeline", 2)


def test_a_second_cut_supersedes_and_settles(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    push(database, clock)
    act.sweep(database, CONFIG, clock)
    scanner = Scanner(database, clock)
    scanner.open()
    scanner.send("1.2.3", 3)
    last = clock.now()
    clock.advance(100)
    cut.sweep(database, CONFIG, clock)
    act.sweep(database, CONFIG, clock)
    first, second = all_of(database, tables.Job)
    assert (first.state, first.reason_code, second.state) == ("cancelled", "superseded", "queued")
    assert (second.settle_until - last).total_seconds() == 120
    old, new = all_of(database, tables.Delivery)
    assert (old.state, new.state, new.total) == ("cancelled", "waiting", 4)
    assert new.not_before == second.settle_until
    assert [revision.state for revision in all_of(database, tables.Revision)] == ["closed", "working"]


def test_a_series_in_conflict_waits_for_a_person(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    series_id = Scanner(database, clock).push("1.2.3", 3)
    with database.write() as session:
        session.get_one(tables.Series, series_id).conflict = True
    clock.advance(100)
    cut.sweep(database, CONFIG, clock)
    act.sweep(database, CONFIG, clock)
    assert all_of(database, tables.Decision)[0].reason_code == "conflict open"
    assert all_of(database, tables.Job) == []


def test_what_this_node_derived_is_known_by_its_uids_too(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    push(database, clock)
    act.sweep(database, CONFIG, clock)
    (job,) = all_of(database, tables.Job)
    with database.write() as session:
        derived = tables.DerivedSeries(
            job_id=job.id, series_id=job.series_id, series_instance_uid="2.25.9", description="", number=1,
            folder="derived/x", digest="", state="released", created_at=clock.now(),
        )  # fmt: skip
        begin(session, derived, cause="published", at=clock.now())
        made = tables.DerivedInstance(
            derived_series_id=derived.id, sop_instance_uid="2.25.9.0", sop_class_uid="", transfer_syntax_uid="",
            path="derived/x/0.dcm", size=1, sha256="", pixel_digest="", source_instance_id=1, rank=0,
        )  # fmt: skip
        begin(session, made, cause="published", at=clock.now())
    push(database, clock, "2.25.9")
    act.sweep(database, CONFIG, clock)
    assert all_of(database, tables.Decision)[-1].reason_code == "own result"


def test_explain_tells_clause_by_clause_without_patient_values(database: Database, clock: FixedClock) -> None:
    use(database, clock, SECRET)
    push(database, clock)
    act.sweep(database, CONFIG, clock)
    found = act.explain(database, "1.2.3")
    assert found.rule == "one patient"
    assert "  yes PatientID equals …  [matched]" in found.lines
    assert not any("P1" in line for line in found.lines)
    assert "P1" not in str(all_of(database, tables.Decision)[0].tree)


def test_explain_says_what_is_not_there(database: Database, clock: FixedClock) -> None:
    with pytest.raises(NotFound, match="never received"):
        act.explain(database, "9.9")
    Scanner(database, clock).push("1.2.3", 3)
    with pytest.raises(NotFound, match="not cut yet"):
        act.explain(database, "1.2.3")
    clock.advance(100)
    cut.sweep(database, CONFIG, clock)
    with pytest.raises(NotFound, match="not decided yet"):
        act.explain(database, "1.2.3")


def test_the_rule_book_keeps_every_version(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    use(database, clock, RULES)
    use(database, clock, MR_RULES)
    assert [version.version for version in rulebook.history(database)] == [2, 1]
    assert "+    when: {field: Modality, equals: MR}" in rulebook.diff(database, 2)
    reverted = rulebook.revert(database, 1, author="bob", why="wrong", clock=clock, names=NAMES)
    assert (reverted.version, reverted.text, reverted.author) == (3, RULES, "bob")
    present = rulebook.current(database)
    assert present == reverted
    with database.read() as session:
        causes = session.scalars(select(tables.ProvenanceEvent.cause).where(tables.ProvenanceEvent.chain == "node"))
        assert causes.all() == ["rules changed"] * 3


def test_a_wrong_text_changes_nothing(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    for text, author, why, word in (
        (RULES.replace("pacs", "pasc"), "ann", "x", "pacs"),
        (RULES.replace("ct-nlm", "ct-nln"), "ann", "x", "ct-nlm"),
        (MR_RULES, "", "x", "author"),
        (MR_RULES, "ann", " ", "why"),
    ):
        with pytest.raises(RuleError, match=word):
            rulebook.import_text(database, text, author=author, why=why, clock=clock, names=NAMES)
    with pytest.raises(NotFound, match="version 7"):
        rulebook.revert(database, 7, author="ann", why="x", clock=clock, names=NAMES)
    assert [version.version for version in rulebook.history(database)] == [1]


def test_the_configuration_fills_only_an_empty_book(database: Database, clock: FixedClock) -> None:
    rules = [{"name": "CT", "when": {"field": "Modality", "equals": "CT"}, "restore": [{"pipeline": "ct-nlm"}]}]
    assert rulebook.seed_from_config(database, [], clock=clock, names=NAMES) is None
    seeded = rulebook.seed_from_config(database, rules, clock=clock, names=NAMES)
    assert seeded is not None
    assert (seeded.version, seeded.author) == (1, "config.yaml")
    assert rulebook.seed_from_config(database, rules, clock=clock, names=NAMES) is None
    assert not rulebook.differs_from_config(database, rules)
    assert not rulebook.differs_from_config(database, [])
    use(database, clock, MR_RULES)
    assert rulebook.differs_from_config(database, rules)


def test_a_dry_run_shows_what_a_draft_would_change(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    push(database, clock, "1.2.3")
    push(database, clock, "1.2.4", Modality="PT")
    act.sweep(database, CONFIG, clock)
    before = len(all_of(database, tables.Decision))
    found = {item.series_instance_uid: item for item in dry_run(database, CONFIG, MR_RULES, names=NAMES)}
    assert found["1.2.3"].changed
    assert found["1.2.3"].before.pipelines == ("ct-nlm 75 % automatic",)
    assert found["1.2.3"].after.reason == "no rule wants this series"
    assert not found["1.2.4"].changed
    assert len(all_of(database, tables.Decision)) == before
    with pytest.raises(RuleError):
        dry_run(database, CONFIG, RULES.replace("pacs", "x"), names=NAMES)
    assert len(dry_run(database, CONFIG, RULES, names=NAMES, last=1)) == 1


def test_a_dry_run_names_the_rules(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    push(database, clock, "1.2.3")
    push(database, clock, "1.2.4", Modality="PT")
    draft = RULES.replace("name: CT", "name: chest")
    one, other = dry_run(database, CONFIG, draft, names=NAMES)
    assert (one.changed, one.after.in_words) == (False, "no rule wants this series")
    assert other.changed
    assert other.before.in_words == "CT: ct-nlm 75 % automatic"
    assert other.after.in_words == "chest: ct-nlm 75 % automatic"


def test_a_revision_that_cannot_be_decided_is_told_and_tried_again_and_stops_no_other(
    database: Database, clock: FixedClock
) -> None:
    use(database, clock, RULES)
    bad = push(database, clock, "1.2.3")
    good = push(database, clock, "1.2.4")
    with database.write() as session:
        broken = session.scalars(select(tables.Revision).where(tables.Revision.series_id == bad)).one()
        sound, broken.facts = broken.facts, {"unheard of": 1}
    assert [act.sweep(database, CONFIG, clock) for _ in range(2)] == [1, 0]
    assert [decision.series_id for decision in all_of(database, tables.Decision)] == [good]
    clock.advance(5)
    assert act.sweep(database, CONFIG, clock) == 0
    (alert,) = all_of(database, tables.Alert)
    assert (alert.kind, alert.series_id, alert.count, alert.ended_at) == ("decision failed", bad, 2, None)
    with database.write() as session:
        session.get_one(tables.Revision, broken.id).facts = sound
    clock.advance(9)
    assert act.sweep(database, CONFIG, clock) == 0
    clock.advance(1)
    assert act.sweep(database, CONFIG, clock) == 1
    assert all_of(database, tables.Alert)[0].ended_at == clock.now()


def test_rules_take_effect_without_a_restart(database: Database, clock: FixedClock) -> None:
    use(database, clock, MR_RULES)
    push(database, clock, "1.2.3")
    act.sweep(database, CONFIG, clock)
    use(database, clock, RULES)
    push(database, clock, "1.2.4")
    act.sweep(database, CONFIG, clock)
    assert [decision.rule_set_version for decision in all_of(database, tables.Decision)] == [1, 2]
    assert [decision.rule for decision in all_of(database, tables.Decision)] == [None, "CT"]


def test_a_prior_is_left_alone_and_says_which_key(database: Database, clock: FixedClock) -> None:
    use(database, clock, RULES)
    push(database, clock, StudyDate="20200101")
    act.sweep(database, quick_config(routing={"max_age_days": 7}), clock)
    (decision,) = all_of(database, tables.Decision)
    assert decision.reason == "Study Date 2020-01-01 is older than routing.max_age_days: 7"
