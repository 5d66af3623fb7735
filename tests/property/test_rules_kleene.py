"""Laws of Kleene's three values, and that clauses obey them on any facts."""

from hypothesis import given
from hypothesis import strategies as st

from dicom_node.domain.series import Facts
from dicom_node.rules.clauses import AllOf, AnyOf, Clause, Not, Outcome, all_of, any_of, evaluate, not_of
from dicom_node.rules.explain import as_json, lines
from dicom_node.rules.grammar import parse

outcomes = st.sampled_from(list(Outcome))
lists = st.lists(outcomes, max_size=6)
RANK = {Outcome.FALSE: 0, Outcome.MISSING: 1, Outcome.TRUE: 2}


@given(lists)
def test_all_is_the_least_and_any_the_greatest(found: list[Outcome]) -> None:
    assert all_of(found) is min(found, key=RANK.get, default=Outcome.TRUE)  # type: ignore[arg-type]
    assert any_of(found) is max(found, key=RANK.get, default=Outcome.FALSE)  # type: ignore[arg-type]


@given(lists)
def test_de_morgan(found: list[Outcome]) -> None:
    assert not_of(all_of(found)) is any_of(not_of(one) for one in found)
    assert not_of(any_of(found)) is all_of(not_of(one) for one in found)


@given(outcomes)
def test_not_twice_is_nothing(one: Outcome) -> None:
    assert not_of(not_of(one)) is one


@given(lists, st.lists(st.sampled_from([Outcome.TRUE, Outcome.FALSE]), min_size=6, max_size=6))
def test_learning_what_was_missing_never_turns_true_into_false(found: list[Outcome], known: list[Outcome]) -> None:
    learned = [new if one is Outcome.MISSING else one for one, new in zip(found, known, strict=False)]
    for join in (all_of, any_of):
        before = join(found)
        assert before is Outcome.MISSING or join(learned) is before


FIELDS = ("Modality", "SliceThickness", "SeriesDescription", "KVP")
clauses = st.sampled_from(
    [
        parse(f"rules:\n  - name: r\n    when: {text}\n").rules[0].when
        for text in (
            "{field: Modality, equals: CT}",
            "{field: SliceThickness, at_most: 3}",
            "{field: SeriesDescription, contains: low}",
            "{field: KVP, exists: yes}",
            "{field: SeriesDescription, matches: 'l.w'}",
        )
    ]
)


def _grow(children: st.SearchStrategy[Clause]) -> st.SearchStrategy[Clause]:
    parts = st.lists(children, max_size=3).map(tuple)
    return st.one_of(
        parts.map(lambda of: AllOf(of=of)), parts.map(lambda of: AnyOf(of=of)), children.map(lambda of: Not(of=of))
    )


trees = st.recursive(clauses, _grow, max_leaves=8)
values = st.lists(st.sampled_from(["CT", "MR", "1", "5", "low dose", "", "***"]), max_size=2)
attributes = st.dictionaries(
    st.sampled_from(FIELDS),
    st.one_of(
        values.map(lambda value: {"vr": "LO", "value": value}),
        st.lists(values, min_size=2, max_size=3).map(
            lambda found: {"vr": "LO", "distinct": [[value, 1] for value in found]}
        ),
        st.just({"vr": "LO", "varies": True}),
        st.just({"vr": "DS", "range": [1.0, 9.0], "count": 40}),
    ),
)


@given(trees, attributes)
def test_any_tree_on_any_facts_has_one_outcome_and_can_be_told(tree: Clause, found: dict[str, object]) -> None:
    facts = Facts(attributes=found, derived={})
    evaluation = evaluate(tree, facts)
    assert evaluation == evaluate(tree, facts)
    assert evaluate(Not(of=tree), facts).outcome is not_of(evaluation.outcome)
    assert len(lines(as_json(evaluation))) >= 1


@given(trees, st.permutations([["CT"], ["MR"], ["low dose"]]))
def test_the_order_of_distinct_values_does_not_matter(tree: Clause, order: list[list[str]]) -> None:
    def facts(found: list[list[str]]) -> Facts:
        return Facts(
            attributes={name: {"vr": "LO", "distinct": [[value, 1] for value in found]} for name in FIELDS},
            derived={},
        )

    assert evaluate(tree, facts(order)).outcome is evaluate(tree, facts([["CT"], ["MR"], ["low dose"]])).outcome
