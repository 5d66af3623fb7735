"""A rule can be stricter than the pipeline's card about how results get out, never looser."""

import dataclasses

import pytest

from dicom_node.complete.stacks import split
from dicom_node.decide.decision import Plan, Situation, decide
from dicom_node.domain.reasons import Reason
from dicom_node.domain.work import Release
from dicom_node.rules.grammar import parse
from dicom_node.views.decision import lines
from restoration.card import Card, load_card
from tests.support.cuts import START, facts_of, instance

RULES = """rules:
  - name: ct
    when: {{field: Modality, equals: CT}}
    deliver_to: [pacs]
    restore: [{{pipeline: ct, release: {release}}}]
"""


def decided(*, card: str, rule: str) -> Plan:
    instances = [instance(number) for number in range(3)]
    situation = Situation(facts=facts_of(instances), stacks=split(instances), complete=True, cut_at=START)
    cards: dict[str, Card | Reason] = {"ct": dataclasses.replace(load_card("ct-nlm"), release=card)}  # type: ignore[arg-type]
    return decide(situation, parse(RULES.format(release=rule)), cards, max_age_days=0)


@pytest.mark.parametrize(
    ("card", "rule", "release"),
    [
        ("automatic", "automatic", Release.AUTOMATIC),
        ("automatic", "review", Release.REVIEW),
        ("automatic", "never", Release.NEVER),
        ("review", "automatic", Release.REVIEW),
        ("review", "never", Release.NEVER),
        ("never", "automatic", Release.NEVER),
        ("never", "review", Release.NEVER),
    ],
)
def test_the_stricter_of_card_and_rule_counts(card: str, rule: str, release: Release) -> None:
    plan = decided(card=card, rule=rule)
    (job,) = plan.jobs
    assert (job.refused, job.release, job.destinations) == (None, release, ("pacs",))


def test_a_card_that_holds_results_back_is_explained() -> None:
    plan = decided(card="never", rule="automatic")
    (pipeline,) = plan.tree["pipelines"]
    assert (pipeline["outcome"], pipeline["release"]) == ("accepts", "never")
    said = "\n".join(line.value for line in lines(plan.tree))
    assert "never sent by itself: the pipeline's card says release «never», the rule «automatic»" in said


def test_a_rule_that_is_as_strict_needs_no_words() -> None:
    (pipeline,) = decided(card="review", rule="never").tree["pipelines"]
    assert "why" not in pipeline
