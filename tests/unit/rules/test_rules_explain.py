"""An evaluation as JSON and as lines."""

import json

from dicom_node.rules.clauses import evaluate
from dicom_node.rules.explain import as_json, lines, missing
from dicom_node.rules.grammar import parse
from tests.support.cuts import facts_of, instance

TEXT = """
rules:
  - name: r
    when:
      all:
        - {field: Modality, equals: CT}
        - not: {field: BodyPartExamined, equals: HEAD}
        - {field: SliceThickness, between: [3, 5]}
"""


def test_tree_and_lines_say_every_clause_with_value_and_outcome() -> None:
    evaluation = evaluate(parse(TEXT).rules[0].when, facts_of([instance(0)]))
    tree = as_json(evaluation)
    assert json.loads(json.dumps(tree)) == tree
    assert lines(tree) == [
        "no  all",
        "  yes Modality equals CT  [CT]",
        "  ?   not",
        "    ?   BodyPartExamined equals HEAD  (BodyPartExamined is absent)",
        "  no  SliceThickness between 3, 5  [2]",
    ]
    assert missing(evaluation) == ("BodyPartExamined is absent",)
