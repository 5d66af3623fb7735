"""Guards, rules and eligibility in one decision."""

import dataclasses
import json
from datetime import timedelta

import pytest

from dicom_node.complete.stacks import split
from dicom_node.decide.decision import Plan, Situation, decide
from dicom_node.domain.marks import MODEL_NAME, PROJECT
from dicom_node.domain.reasons import Reason, reason
from dicom_node.domain.work import Release
from dicom_node.rules.grammar import parse
from restoration.card import Card, load_card
from tests.support.cuts import START, facts_of, instance

CARDS: dict[str, Card | Reason] = {
    "ct": load_card("ct-nlm"),
    "ct2": load_card("ct-nlm"),
    "mr": load_card("mr-nlm"),
    "drawn": dataclasses.replace(load_card("ct-nlm"), name="drawn", generative=True),
    "broken": reason("bundle broken", detail="no card"),
}
CT_RULE = """
  - name: {name}
    when: {{field: Modality, equals: {modality}}}
    restore: [{restore}]
"""


def rule(name: str = "ct", *, modality: str = "CT", restore: str = "{pipeline: ct}", **more: str) -> str:
    lines = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return CT_RULE.format(name=name, modality=modality, restore=restore) + lines


def decided(*rules: str, days: int = 0, **changes: object) -> Plan:
    headers = changes.pop("headers", {})
    instances = [instance(i, **headers) for i in range(3)]  # type: ignore[arg-type]
    values: dict[str, object] = {
        "facts": facts_of(instances),
        "stacks": split(instances),
        "complete": True,
        "cut_at": START,
    }
    situation = Situation(**{**values, **changes})  # type: ignore[arg-type]
    return decide(situation, parse("rules:" + "".join(rules)), CARDS, max_age_days=days)


def code(plan: Plan) -> str:
    return plan.reason.code if plan.reason is not None else ""


def test_a_matching_rule_makes_a_job_with_the_defaults() -> None:
    plan = decided(rule(deliver_to="[pacs]"))
    (job,) = plan.jobs
    assert (plan.rule, plan.reason, plan.originals) == ("ct", None, ())
    assert (job.recipe.pipeline, job.recipe.version, job.recipe.strength) == ("ct", "1.1.0", 75.0)
    assert (job.destinations, job.priority, job.release) == (("pacs",), 50, Release.AUTOMATIC)
    assert (job.expires_at, job.refused) == (None, None)
    assert job.recipe.label == "DLR {SeriesDescription}"


def test_no_rule() -> None:
    plan = decided(rule(modality="MR"))
    assert (plan.rule, code(plan), plan.jobs) == (None, "no rule", ())


def test_an_ineligible_pipeline_is_born_refused() -> None:
    plan = decided(rule(restore="{pipeline: mr}"))
    assert plan.rule == "ct"
    assert plan.jobs[0].refused is not None
    assert (plan.jobs[0].refused.code, code(plan)) == ("modality", "modality")


@pytest.mark.parametrize(
    ("pipeline", "refused"),
    [("gone", "pipeline unknown"), ("broken", "bundle broken"), ("drawn", "generative")],
)
def test_refusals_that_are_not_the_series_fault(pipeline: str, refused: str) -> None:
    assert code(decided(rule(restore=f"{{pipeline: {pipeline}}}"))) == refused


def test_a_rule_may_allow_a_generative_pipeline() -> None:
    assert code(decided(rule(restore="{pipeline: drawn}", allow_generative="yes"))) == ""


def test_incomplete_series_are_refused_unless_the_rule_says_otherwise() -> None:
    assert code(decided(rule(), complete=False)) == "incomplete"
    assert code(decided(rule(incomplete="restore"), complete=False)) == ""


def test_conflict_and_our_own_results_stop_everything() -> None:
    for changes, expected in (
        ({"conflict": True}, "conflict open"),
        ({"ours": True}, "own result"),
        ({"headers": {"Manufacturer": PROJECT, "ManufacturerModelName": MODEL_NAME}}, "own result"),
    ):
        plan = decided(rule(forward_originals_to="[pacs]"), **changes)
        assert (code(plan), plan.jobs, plan.originals, plan.rule) == (expected, (), (), None)


def test_priors_are_for_rules_that_ask_for_them() -> None:
    old = {"StudyDate": "20200101"}
    assert code(decided(rule(), days=7, headers=old)) == "prior"
    assert code(decided(rule(), days=0, headers=old)) == ""
    assert code(decided(rule(modality="MR"), days=7, headers=old)) == "no rule"
    plan = decided(rule("first"), rule("second", priors="yes"), days=7, headers=old)
    assert plan.rule == "second"
    assert "held_back" in plan.tree["rules"][0]


def test_the_first_rule_stops_unless_it_says_continue() -> None:
    assert decided(rule("a"), rule("b")).rule == "a"
    plan = decided(rule("a", then="continue"), rule("b"), rule("c"))
    assert plan.rule == "a, b"


def test_equal_wishes_become_one_job() -> None:
    plan = decided(
        rule("a", then="continue", deliver_to="[pacs, ai]", priority="10", expires="4h"),
        rule("b", then="continue", deliver_to="[pacs, ws]", priority="90", restore="{pipeline: ct, release: review}"),
        rule("c", deliver_to="[x]", expires="1h", restore="{pipeline: ct, release: automatic}"),
    )
    (job,) = plan.jobs
    assert job.destinations == ("pacs", "ai", "ws", "x")
    assert (job.priority, job.release) == (90, Release.REVIEW)
    assert job.expires_at == START + timedelta(hours=1)


def test_other_parameters_are_another_job() -> None:
    plan = decided(rule(restore="{pipeline: ct}, {pipeline: ct, strength: 50}, {pipeline: ct, label: DL}"))
    assert len({job.recipe.digest for job in plan.jobs}) == len(plan.jobs) == 3


def test_a_refusal_of_one_rule_does_not_take_the_job_from_another() -> None:
    plan = decided(rule("a", then="continue"), rule("b", incomplete="restore"), complete=False)
    assert (len(plan.jobs), plan.jobs[0].refused, code(plan)) == (1, None, "")


def test_a_rule_that_refuses_has_no_say_in_the_job_of_another() -> None:
    refusing = rule("a", then="continue", deliver_to="[strict]", priority="90", expires="1h")
    plan = decided(refusing, rule("b", incomplete="restore", deliver_to="[pacs]"), complete=False)
    (job,) = plan.jobs
    assert (job.destinations, job.priority, job.expires_at) == (("pacs",), 50, None)


def test_a_rule_that_only_forwards() -> None:
    plan = decided(rule(restore="", forward_originals_to="[archive]"))
    assert (plan.rule, code(plan), plan.originals) == ("ct", "rule only forwards", ("archive",))


def test_the_tree_tells_everything_and_is_the_same_twice() -> None:
    plan = decided(rule("no", modality="MR"), rule(restore="{pipeline: ct}, {pipeline: mr}"))
    assert json.loads(json.dumps(plan.tree)) == plan.tree
    assert [guard["guard"] for guard in plan.tree["guards"]] == ["loop", "conflict", "prior"]
    assert [(entry["rule"], entry["outcome"]) for entry in plan.tree["rules"]] == [("no", "false"), ("ct", "true")]
    assert [entry["outcome"] for entry in plan.tree["pipelines"]] == ["accepts", "refuses"]
    assert plan == decided(rule("no", modality="MR"), rule(restore="{pipeline: ct}, {pipeline: mr}"))


def test_a_missing_attribute_is_named() -> None:
    plan = decided("\n  - name: r\n    when: {field: BodyPartExamined, equals: CHEST}\n")
    assert plan.tree["rules"][0]["missing"] == ["BodyPartExamined is absent"]


def test_an_unreadable_study_date_is_noted() -> None:
    plan = decided(rule(), days=7, headers={"StudyDate": "***"})
    assert (code(plan), plan.tree["guards"][2]["why"]) == ("", "no readable Study Date")
