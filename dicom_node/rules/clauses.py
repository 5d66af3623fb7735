"""Clauses and what they say of a series: true, false or missing (Kleene's strong logic of three values). Pure.

``not`` of missing is missing, ``all`` is missing unless one is false, ``any`` is missing unless one is true. Only
``exists`` turns an absent attribute into false.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from dicom_node.domain.series import Facts
from dicom_node.rules.fields import Field, Kind, Reading, Values, read
from dicom_node.rules.operands import ORDERING, Numbers, Operand, Operator, number
from dicom_node.rules.pattern import Pattern


class Outcome(StrEnum):
    """The three values."""

    TRUE = "true"
    FALSE = "false"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True)
class FieldClause:
    """One field, one operator, one operand."""

    field: Field
    operator: Operator
    operand: Operand
    written: str


@dataclass(frozen=True, kw_only=True)
class AllOf:
    """Holds if every part holds."""

    of: tuple["Clause", ...]


@dataclass(frozen=True, kw_only=True)
class AnyOf:
    """Holds if one part holds."""

    of: tuple["Clause", ...]


@dataclass(frozen=True, kw_only=True)
class Not:
    """Holds if its part does not."""

    of: "Clause"


Clause = FieldClause | AllOf | AnyOf | Not


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """A clause with its outcome.

    Attributes
    ----------
    clause
        In words; operands of patient attributes are left out.
    value
        What the facts say; of patient attributes only ``matched`` or ``not matched``.
    why
        Why it is missing; empty otherwise.
    """

    clause: str
    outcome: Outcome
    value: str = ""
    why: str = ""
    of: tuple["Evaluation", ...] = ()


def all_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Return Kleene's conjunction; true of nothing."""
    found = set(outcomes)
    if Outcome.FALSE in found:
        return Outcome.FALSE
    return Outcome.MISSING if Outcome.MISSING in found else Outcome.TRUE


def any_of(outcomes: Iterable[Outcome]) -> Outcome:
    """Return Kleene's disjunction; false of nothing."""
    return not_of(all_of(not_of(outcome) for outcome in outcomes))


def not_of(outcome: Outcome) -> Outcome:
    """Return Kleene's negation."""
    return {Outcome.TRUE: Outcome.FALSE, Outcome.FALSE: Outcome.TRUE}.get(outcome, Outcome.MISSING)


def evaluate(clause: Clause, facts: Facts) -> Evaluation:
    """Evaluate a clause on the facts of a revision, every part of it."""
    if isinstance(clause, FieldClause):
        return _field(clause, facts)
    if isinstance(clause, Not):
        part = evaluate(clause.of, facts)
        return Evaluation(clause="not", outcome=not_of(part.outcome), of=(part,))
    parts = tuple(evaluate(part, facts) for part in clause.of)
    outcomes = [part.outcome for part in parts]
    if isinstance(clause, AllOf):
        return Evaluation(clause="all", outcome=all_of(outcomes), of=parts)
    return Evaluation(clause="any", outcome=any_of(outcomes), of=parts)


def _field(clause: FieldClause, facts: Facts) -> Evaluation:
    reading = read(clause.field, facts)
    outcome, why = _judge(clause, reading)
    value = reading.shown
    if clause.field.patient:
        value = "matched" if outcome is Outcome.TRUE else "not matched"
    operand = "…" if clause.field.patient else clause.written
    return Evaluation(clause=f"{clause.field.name} {clause.operator} {operand}", outcome=outcome, value=value, why=why)


def _judge(clause: FieldClause, reading: Reading) -> tuple[Outcome, str]:
    if clause.operator is Operator.EXISTS:
        return _exists(clause.operand is True, reading), ""
    if reading.unknown:
        return Outcome.MISSING, f"{clause.field.name} {reading.unknown}"
    if reading.low:
        return _range(clause, reading)
    if reading.absent:
        return Outcome.MISSING, f"{clause.field.name} is absent"
    outcomes = [any_of(_holds(clause, values) for values in items) if items else Outcome.MISSING
                for items in reading.alternatives]  # fmt: skip
    joined = any_of(outcomes) if clause.operator is Operator.CONTAINS else all_of(outcomes)
    return joined, f"{clause.field.name} cannot be compared everywhere" if joined is Outcome.MISSING else ""


def _exists(wanted: bool, reading: Reading) -> Outcome:
    hidden = bool(reading.unknown or reading.low)
    present = [hidden or any(items) for items in reading.alternatives] or [hidden]
    return Outcome.TRUE if all(one is wanted for one in present) else Outcome.FALSE


def _range(clause: FieldClause, reading: Reading) -> tuple[Outcome, str]:
    if clause.operator not in ORDERING:
        return Outcome.MISSING, f"{clause.field.name} varies"
    return all_of(_holds(clause, (bound,)) for bound in (reading.low, reading.high)), ""


def _holds(clause: FieldClause, values: Values) -> Outcome:
    """Compare one value, which may have several components."""
    if not values:
        return Outcome.MISSING
    if isinstance(clause.operand, Pattern):
        found = clause.operand.found_in("\\".join(values))
        return Outcome.MISSING if found is None else _outcome(found)
    if clause.operator in ORDERING or clause.field.kind in (Kind.NUMBER, Kind.WHOLE):
        numbers = tuple(number(value) for value in values)
        known = tuple(one for one in numbers if one is not None)
        return _outcome(_compare(clause, known)) if len(known) == len(numbers) else Outcome.MISSING
    return _outcome(_text_holds(clause, values))


def _outcome(holds: bool) -> Outcome:
    return Outcome.TRUE if holds else Outcome.FALSE


def _text_holds(clause: FieldClause, values: Values) -> bool:
    operands = [str(operand).casefold() for operand in clause.operand]  # type: ignore[union-attr]
    folded = [value.casefold() for value in values]
    if clause.operator is not Operator.CONTAINS:
        return "\\".join(folded) in operands
    return operands[0] in folded if len(folded) > 1 else operands[0] in folded[0]


def _compare(clause: FieldClause, values: Numbers) -> bool:
    operands: tuple[Numbers, ...] = clause.operand  # type: ignore[assignment]
    if clause.operator is Operator.CONTAINS:
        return all(part in values for part in operands[0])
    if clause.operator is Operator.BETWEEN:
        return _each(values, operands[0], at_least=True) and _each(values, operands[1], at_least=False)
    if clause.operator in ORDERING:
        return _each(values, operands[0], at_least=clause.operator is Operator.AT_LEAST)
    return any(_each(values, operand, at_least=True) and _each(values, operand, at_least=False) for operand in operands)


def _each(values: Numbers, bounds: Numbers, *, at_least: bool) -> bool:
    """Compare component by component; a single bound is for all components."""
    if len(bounds) == 1:
        bounds *= len(values)
    if len(bounds) != len(values):
        return False
    pairs = zip(values, bounds, strict=True)
    return all(value >= bound if at_least else value <= bound for value, bound in pairs)
