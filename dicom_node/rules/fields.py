"""The fields that rules speak of: DICOM keywords, dotted paths into sequences, facts in lower case. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from pydicom.datadict import dictionary_VR, keyword_dict

from dicom_node.domain.series import Facts


class Kind(StrEnum):
    """How a field's values compare."""

    TEXT = "text"
    NUMBER = "number"
    WHOLE = "whole number"
    FLAG = "yes or no"
    SEQUENCE = "sequence"


FACTS: Final[Mapping[str, Kind]] = {
    "calling_ae": Kind.TEXT,
    "called_ae": Kind.TEXT,
    "peer": Kind.TEXT,
    "instance_count": Kind.WHOLE,
    "stacks": Kind.WHOLE,
    "complete": Kind.FLAG,
    "holes": Kind.WHOLE,
    "plane": Kind.TEXT,
    "slice_spacing": Kind.NUMBER,
    "regular": Kind.FLAG,
    "gantry_tilt": Kind.NUMBER,
    "frames": Kind.WHOLE,
    "received_hour": Kind.WHOLE,
    "weekday": Kind.TEXT,
}
_WHOLE = {"IS", "US", "SS", "UL", "SL", "UV", "SV", "US or SS"}
_NUMBER = {"DS", "FD", "FL"}
_BINARY = {"OB", "OW", "OF", "OD", "OL", "OV", "UN", "OB or OW", "AT", "US or SS or OW", "US or OW"}
_PATIENT_GROUP = 0x0010
_SHOWN = 200

Values = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field as a rule names it.

    Attributes
    ----------
    name
        As written.
    path
        Keywords from the outermost sequence to the attribute.
    vr
        Value representation of the attribute; empty for facts.
    patient
        Whether it is an attribute of the patient (group 0010), whose value is never shown.
    """

    name: str
    path: tuple[str, ...]
    vr: str
    kind: Kind
    patient: bool


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What the facts say of a field.

    Attributes
    ----------
    alternatives
        One per distinct value among the instances; each a value per item of a sequence, one outside sequences; an empty
        value means that it is absent there.
    low, high
        Smallest and largest number where there are more than 32 distinct ones.
    unknown
        Why nothing can be said, though the attribute is there; empty if something can.
    shown
        For people.
    """

    alternatives: tuple[tuple[Values, ...], ...] = ()
    low: str = ""
    high: str = ""
    unknown: str = ""
    shown: str = ""

    @property
    def absent(self) -> bool:
        """Whether no instance has the field."""
        return not (self.unknown or self.low) and not any(any(items) for items in self.alternatives)


class UnknownField(ValueError):
    """The name is neither a keyword nor a fact, or leads where no rule can look."""


def field_of(name: str) -> Field:
    """Look a field up.

    Raises
    ------
    UnknownField
        With the nearest right name where there is one.
    """
    if name in FACTS:
        return Field(name=name, path=(name,), vr="", kind=FACTS[name], patient=False)
    path = tuple(name.split("."))
    representations = [_vr(keyword) for keyword in path]
    for keyword, vr in zip(path[:-1], representations, strict=False):
        if vr != "SQ":
            raise UnknownField(f"«{keyword}» is no sequence")
    vr = representations[-1]
    if vr in _BINARY:
        raise UnknownField(f"«{path[-1]}» is binary ({vr}) and not among the facts")
    patient = any(keyword_dict[keyword] >> 16 == _PATIENT_GROUP for keyword in path)
    return Field(name=name, path=path, vr=vr, kind=_kind(vr), patient=patient)


def _vr(keyword: str) -> str:
    if keyword not in keyword_dict:
        near = get_close_matches(keyword, [*keyword_dict, *FACTS], n=1, cutoff=0.6)
        raise UnknownField(f"there is no field «{keyword}»" + (f"; did you mean «{near[0]}»" if near else ""))
    return str(dictionary_VR(keyword_dict[keyword]))


def _kind(vr: str) -> Kind:
    if vr == "SQ":
        return Kind.SEQUENCE
    if vr in _WHOLE:
        return Kind.WHOLE
    return Kind.NUMBER if vr in _NUMBER else Kind.TEXT


def read(field: Field, facts: Facts) -> Reading:
    """Read a field from the facts of a revision."""
    if not field.vr:
        value = facts.derived.get(field.name)
        return Reading() if value is None else Reading(alternatives=(((_text(value),),),), shown=_text(value))
    item = facts.attributes.get(field.path[0])
    if item is None:
        return _unread(field.path[0], facts)
    if "varies" in item:
        return Reading(unknown="varies", shown="varies")
    if "range" in item:
        low, high = (_text(number) for number in item["range"])
        return Reading(low=low, high=high, shown=f"{low} to {high}")
    found = item["distinct"] if "distinct" in item else [[item["value"], 0]]
    alternatives = tuple(_items(value, field.path[1:]) for value, _count in found)
    shown = [_show(items, count) for items, (_value, count) in zip(alternatives, found, strict=True)]
    return Reading(alternatives=alternatives, shown=", ".join(shown)[:_SHOWN])


def _unread(keyword: str, facts: Facts) -> Reading:
    dropped = facts.attributes.get("_dropped", {}).get("value", ())
    return Reading(unknown="too long to be kept among the facts") if keyword in dropped else Reading()


def _items(value: Sequence[Any], path: tuple[str, ...]) -> tuple[Values, ...]:
    """Return the values of an attribute in every item along the path."""
    if not path:
        present = tuple(_text(part) for part in value)
        return (present if any(present) else (),)
    found: list[Values] = []
    for item in value:
        inner = item.get(path[0], {}).get("value", [])
        found += _items(inner, path[1:]) if inner else [()]
    return tuple(found)


def _show(items: tuple[Values, ...], count: int) -> str:
    text = " / ".join("\\".join(values) or "(absent)" for values in items) or "(absent)"
    return f"{text} ({count})" if count else text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).strip() if not isinstance(value, Mapping) else "(item)"
