"""The shape of a rule set's text, before fields and operands are looked up. Pure.

This one model is what YAML text, the interface and a page's form are checked against; every value is a text as written.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag, field_validator

from dicom_node.domain.work import Equipment, Qualification, Release
from dicom_node.rules.ruleset import Incomplete, Then

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_FULL_EFFECT = 100.0
_LONGEST_EXPIRY = 366 * _UNITS["d"]


def _duration(value: Any) -> Any:
    """Turn ``4h``, ``30m``, ``90s``, ``2d`` or a number of seconds into seconds; anything else is left to fail."""
    if isinstance(value, str) and value.strip()[-1:] in _UNITS:
        number = value.strip()[:-1]
        return float(number) * _UNITS[value.strip()[-1]] if number.replace(".", "", 1).isdigit() else value
    return value


Name = Annotated[str, Field(min_length=1, max_length=120)]
Label = Annotated[str, Field(min_length=1, max_length=64)]


class Form(BaseModel):
    """Frozen; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


class FieldForm(Form):
    """One field with exactly one operator."""

    field: str
    equals: str | None = None
    in_: Annotated[tuple[str, ...] | None, Field(alias="in", min_length=1)] = None
    contains: str | None = None
    matches: str | None = None
    at_least: str | None = None
    at_most: str | None = None
    between: tuple[str, str] | None = None
    exists: str | None = None


class AllForm(Form):
    """Every part holds."""

    all: tuple["ClauseForm", ...]


class AnyForm(Form):
    """One part holds."""

    any: tuple["ClauseForm", ...]


class NotForm(Form):
    """The part does not hold."""

    not_: "ClauseForm" = Field(alias="not")


_TAGS = {"all": "every part", "any": "one part", "not": "no part"}


def _kind(value: Any) -> str:
    """Name the form of a clause by words that are no keys, so that the place of an error is found in the text."""
    if isinstance(value, Form):
        value = {name.rstrip("_") for name in type(value).model_fields}
    found = value if isinstance(value, dict | set) else ()
    return next((tag for key, tag in _TAGS.items() if key in found), "one field")


ClauseForm = Annotated[
    Annotated[AllForm, Tag("every part")]
    | Annotated[AnyForm, Tag("one part")]
    | Annotated[NotForm, Tag("no part")]
    | Annotated[FieldForm, Tag("one field")],
    Discriminator(_kind),
]


class RestorationForm(Form):
    """One pipeline that a rule asks for."""

    pipeline: Name
    strength: Annotated[float | None, Field(gt=0, le=_FULL_EFFECT)] = None
    release: Release = Release.AUTOMATIC
    label: Label = "DLR {SeriesDescription}"

    @field_validator("label")
    @classmethod
    def _mark_leads(cls, label: str) -> str:
        mark, _, rest = label.partition("{SeriesDescription}")
        if not mark.strip() or set("{}\\") & set(mark + rest) or not label.isprintable():
            raise ValueError("a label begins with the mark; {SeriesDescription} may follow it, no other braces")
        return label


class RuleForm(Form):
    """One rule."""

    name: Name
    when: ClauseForm
    restore: tuple[RestorationForm, ...] = ()
    deliver_to: tuple[str, ...] = ()
    forward_originals_to: tuple[str, ...] = ()
    incomplete: Incomplete = Incomplete.REFUSE
    priority: Annotated[int, Field(ge=0, le=1000)] = 50
    expires: Annotated[float | None, BeforeValidator(_duration), Field(gt=0, le=_LONGEST_EXPIRY)] = None
    then: Then = Then.STOP
    priors: bool = False
    allow_generative: bool = False
    equipment: Equipment = Equipment.NODE
    qualification: Qualification = Qualification.RESEARCH
    report: Literal["none"] = "none"


class RuleSetForm(Form):
    """The whole text."""

    rules: tuple[RuleForm, ...] = ()
