"""What is received: instances, stacks, revisions, and the facts decisions are made of. Pure.

An instance's header is kept as `Attributes`, the DICOM JSON idea keyed by keyword: ``{"Modality": {"vr": "CS", "value":
["CT"]}}``; values are texts as they stand in the file (decoded, trimmed of padding), numbers too; a sequence's value is
a list of such mappings, to depth 3. Binary and private attributes are absent, values are cut at 256 characters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NewType

from dicom_node.domain.work import digest_of

SeriesUid = NewType("SeriesUid", str)
StudyUid = NewType("StudyUid", str)
SopUid = NewType("SopUid", str)

Attributes = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One object in force, as registered.

    Attributes
    ----------
    id
        Row in the database.
    path
        Relative to the data folder.
    sha256
        Of the data set as received.
    pixel_digest
        Of the pixel data value; empty where there is none.
    received_at
        UTC.
    association_id
        Row of the association that brought it.
    attributes
        Header as described at the module's head.
    """

    id: int
    sop_instance_uid: SopUid
    sop_class_uid: str
    transfer_syntax_uid: str
    path: str
    sha256: str
    pixel_digest: str
    received_at: datetime
    association_id: int
    attributes: Attributes

    def text(self, keyword: str) -> str:
        """Return the value as text, several values joined by a backslash; empty where absent."""
        return "\\".join(self.values(keyword))

    def values(self, keyword: str) -> tuple[str, ...]:
        """Return the values as texts; empty where absent or a sequence."""
        item = self.attributes.get(keyword)
        if item is None or item["vr"] == "SQ":
            return ()
        return tuple(str(value) for value in item["value"])

    def numbers(self, keyword: str) -> tuple[float, ...]:
        """Return the values as finite numbers; empty where absent or not all of them are numbers."""
        try:
            numbers = tuple(float(value) for value in self.values(keyword))
        except ValueError:
            return ()
        return numbers if all(abs(number) < float("inf") for number in numbers) else ()


@dataclass(frozen=True, kw_only=True)
class Stack:
    """Instances that form one geometric stack.

    Attributes
    ----------
    key
        What sets this stack apart from its sisters (orientation, matrix, echo …), for people and logs.
    instance_ids
        Ordered by position along the normal, increasing.
    positions_mm
        Position of each along the normal [mm]; empty for objects without geometry.
    step_mm
        Median step vector from slice to slice, patient coordinates [mm]; empty with fewer than two.
    spacing_mm
        Median distance along the normal [mm]; None with fewer than two.
    regular
        Whether all steps agree within max(0.01 mm, 1 %).
    gantry_tilt_deg
        Angle of the step vector against the normal [degree].
    problems
        Codes of `domain.reasons` that hold for this stack (``gaps``, ``slice missing`` …).
    """

    key: str
    instance_ids: tuple[int, ...]
    positions_mm: tuple[float, ...]
    step_mm: tuple[float, ...]
    spacing_mm: float | None
    regular: bool
    gantry_tilt_deg: float
    problems: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Stack":
        """Read what a revision keeps of a stack."""
        fields: dict[str, Any] = {key: tuple(part) if isinstance(part, list) else part for key, part in value.items()}
        return cls(**fields)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What decisions see of a revision; stored as JSON in the revision alone.

    Attributes
    ----------
    attributes
        keyword to ``{"vr", "value"}`` where all instances agree, ``{"vr", "distinct": [[value list, count], …]}`` up to
        32 distinct values, ``{"vr", "range": [low, high], "count"}`` for numbers beyond that, else ``{"vr", "varies":
        true}``.
    derived
        ``calling_ae, called_ae, peer, instance_count, stacks, complete, holes, plane, slice_spacing, regular,
        gantry_tilt, frames, received_hour, weekday``.
    """

    attributes: Mapping[str, Any]
    derived: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Revision:
    """An immutable cut of a series."""

    id: int
    series_id: int
    number: int
    digest: str
    instances: tuple[Instance, ...]
    stacks: tuple[Stack, ...]
    facts: Facts
    complete: bool
    why: str
    cut_at: datetime
    extra: Mapping[str, Any] = field(default_factory=dict)


def revision_digest(number: int, members: Iterable[tuple[str, str]]) -> str:
    """Return the digest that names a cut, and with it everything derived from it.

    A later cut may hold the very set of an earlier one, whose results may have been rejected at their destinations by
    then: its number keeps them apart. A first cut is named by its members alone, as a folder of files is.

    Parameters
    ----------
    number
        Of the cut in its series, from 1.
    members
        (SOP Instance UID, SHA-256 of the data set) of each instance, in any order.
    """
    ordered = sorted([uid, sha256] for uid, sha256 in members)
    return digest_of(ordered if number == 1 else [number, ordered])
