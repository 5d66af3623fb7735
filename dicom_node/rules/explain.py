"""An evaluated clause as JSON for the record and as lines for people. Pure."""

from typing import Any

from dicom_node.rules.clauses import Evaluation, Outcome

_SIGNS = {Outcome.TRUE: "yes", Outcome.FALSE: "no ", Outcome.MISSING: "?  "}


def as_json(evaluation: Evaluation) -> dict[str, Any]:
    """Return the tree as plain JSON values; empty parts are left out."""
    tree: dict[str, Any] = {"clause": evaluation.clause, "outcome": str(evaluation.outcome)}
    if evaluation.value:
        tree["value"] = evaluation.value
    if evaluation.why:
        tree["why"] = evaluation.why
    if evaluation.of:
        tree["of"] = [as_json(part) for part in evaluation.of]
    return tree


def lines(tree: dict[str, Any], *, depth: int = 0) -> list[str]:
    """Return one line per clause of a recorded tree: outcome, clause, value, reason; parts are indented."""
    sign = _SIGNS[Outcome(tree["outcome"])]
    value = f"  [{tree['value']}]" if "value" in tree else ""
    why = f"  ({tree['why']})" if "why" in tree else ""
    result = [f"{'  ' * depth}{sign} {tree['clause']}{value}{why}"]
    for part in tree.get("of", ()):
        result += lines(part, depth=depth + 1)
    return result


def missing(evaluation: Evaluation) -> tuple[str, ...]:
    """Return why parts of a clause are missing, each once."""
    found = [evaluation.why] if evaluation.why else []
    for part in evaluation.of:
        found += missing(part)
    return tuple(dict.fromkeys(found))
