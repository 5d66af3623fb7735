"""Operands taken as written and converted by the field's value representation (PS3.5 6.2). Pure."""

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from dicom_node.rules.fields import Field, Kind
from dicom_node.rules.pattern import Pattern


class Operator(StrEnum):
    """What a clause does with its field."""

    EQUALS = "equals"
    IN = "in"
    CONTAINS = "contains"
    MATCHES = "matches"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    BETWEEN = "between"
    EXISTS = "exists"


ORDERING: Final = frozenset({Operator.AT_LEAST, Operator.AT_MOST, Operator.BETWEEN})
Numbers = tuple[Decimal, ...]
Operand = tuple[str, ...] | tuple[Numbers, ...] | Pattern | bool

_LONGEST = {
    "AE": 16, "AS": 4, "CS": 16, "DA": 8, "DT": 26, "LO": 64, "LT": 10240, "PN": 194, "SH": 16, "ST": 1024, "TM": 14,
    "UI": 64,
}  # fmt: skip
_FORMS = {
    "AS": re.compile(r"\d{3}[DWMY]"),
    "DA": re.compile(r"\d{8}"),
    "TM": re.compile(r"\d{2}(\d{2}(\d{2}(\.\d{1,6})?)?)?"),
    "UI": re.compile(r"[0-9.]+"),
}
_COUNTED_FROM_ZERO = {"US", "UL", "UV"}
_ORDERED_TEXTS = {"DA", "TM"}
_FLAGS = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}


class BadOperand(ValueError):
    """The field cannot hold the operand, or the operator does not fit the field."""


def convert(field: Field, operator: Operator, texts: Sequence[str]) -> Operand:
    """Convert an operand.

    Parameters
    ----------
    texts
        As written; one, but for `in` (any number) and `between` (two).

    Raises
    ------
    BadOperand
        In words for the author of the rule.
    """
    if operator is Operator.EXISTS:
        return flag(texts[0])
    if field.kind is Kind.SEQUENCE:
        raise BadOperand(f"«{field.name}» is a sequence; only «exists» asks for it, or a path into it")
    if operator is Operator.MATCHES:
        return _pattern(texts[0])
    if operator in ORDERING:
        return _in_order(field, tuple(_ordered(field, text, operator) for text in texts))
    if field.kind in (Kind.NUMBER, Kind.WHOLE):
        return tuple(_numbers(field, text) for text in texts)
    if field.kind is Kind.FLAG:
        return tuple("yes" if flag(text) else "no" for text in texts)
    return tuple(_text(field, text, operator) for text in texts)


def flag(text: str) -> bool:
    """Read yes or no.

    Raises
    ------
    BadOperand
        It is neither.
    """
    try:
        return _FLAGS[text.strip().lower()]
    except KeyError:
        raise BadOperand(f"«{text}» is neither yes nor no") from None


def number(text: str) -> Decimal | None:
    """Read a finite decimal number; None if it is none."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _pattern(text: str) -> Pattern:
    pattern = Pattern(text)
    problem = pattern.problem()
    if problem:
        raise BadOperand(problem)
    return pattern


def _ordered(field: Field, text: str, operator: Operator) -> Numbers:
    if field.kind in (Kind.NUMBER, Kind.WHOLE):
        return _numbers(field, text)
    if field.vr not in _ORDERED_TEXTS:
        raise BadOperand(f"«{operator}» compares numbers, dates and times; «{field.name}» is {_what(field)}")
    return (Decimal(_text(field, text, operator)),)


def _in_order(field: Field, bounds: tuple[Numbers, ...]) -> tuple[Numbers, ...]:
    if len(bounds[0]) == len(bounds[-1]) and any(low > high for low, high in zip(bounds[0], bounds[-1], strict=True)):
        raise BadOperand(f"«{field.name}» cannot lie between two bounds of which the first is the larger one")
    return bounds


def _numbers(field: Field, text: str) -> Numbers:
    return tuple(_number(field, part) for part in text.split("\\"))


def _number(field: Field, text: str) -> Decimal:
    value = number(text)
    if value is None:
        raise BadOperand(f"«{text}» is no number, «{field.name}» is {_what(field)}")
    if field.kind is Kind.WHOLE and (value.adjusted() > 20 or value != value.to_integral_value()):
        raise BadOperand(f"«{text}» is no whole number, «{field.name}» is {_what(field)}")
    if field.vr in _COUNTED_FROM_ZERO and value < 0:
        raise BadOperand(f"«{text}» is negative, «{field.name}» is {_what(field)}")
    return value


def _text(field: Field, text: str, operator: Operator) -> str:
    parts = [part.strip() for part in text.split("\\")]
    form = _FORMS.get(field.vr)
    for part in parts:
        if form is not None and operator is not Operator.CONTAINS and not form.fullmatch(part):
            raise BadOperand(f"«{part}» cannot stand in «{field.name}» ({field.vr})")
        if len(part) > _LONGEST.get(field.vr, len(part)):
            raise BadOperand(f"«{field.name}» ({field.vr}) holds at most {_LONGEST[field.vr]} characters")
    return "\\".join(parts)


def _what(field: Field) -> str:
    return f"a {field.kind}" + (f" ({field.vr})" if field.vr else "")
