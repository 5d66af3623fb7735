"""What the instances here and the associations that brought them say about a series being complete. Pure.

A count stated in headers proves nothing until this peer's past series proved its kind right (two reconstructions share
one Images in Acquisition); a grid of positions never proves completeness, its holes only lengthen the wait.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from dicom_node.complete.policy import Arrivals, Stated
from dicom_node.domain.geometry import distinct_positions, dot, missing_positions, normal_of
from dicom_node.domain.series import Instance

KEYWORDS: Final = (
    "AcquisitionNumber",
    "ConcatenationUID",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "ImagesInAcquisition",
    "InConcatenationNumber",
    "InConcatenationTotalNumber",
    "InstanceNumber",
    "Modality",
    "NumberOfRRIntervals",
    "NumberOfSlices",
    "NumberOfTemporalPositions",
    "NumberOfTimeSlices",
    "NumberOfTimeSlots",
)
"""The attributes that this module reads of an instance."""

FEWEST_IN_RELEASE = 2


@dataclass(frozen=True, kw_only=True)
class Bringer:
    """An association that brought instances of the series.

    Attributes
    ----------
    outcome
        ``open``, ``released`` or ``aborted``.
    brought
        Instances of this series in force that came by it.
    """

    id: int
    outcome: str
    ended_at: datetime | None
    brought: int


@dataclass(frozen=True, kw_only=True)
class Peer:
    """What is known of the sender.

    Attributes
    ----------
    past
        Evidence of its past series' newest revisions, newest first, each with its ``number``.
    others_open
        Whether another association of it is open and was heard of lately.
    releases_when_complete
        Whether the configuration says that its release ends a series.
    """

    past: Sequence[Mapping[str, Any]] = ()
    others_open: bool = False
    releases_when_complete: bool = False


def arrivals_of(
    instances: Sequence[Instance], bringers: Sequence[Bringer], peer: Peer, *, last_received_at: datetime
) -> Arrivals:
    """Gather what the policy decides on."""
    last = peer.past[0] if peer.past else {}
    modality = instances[0].text("Modality") if instances else ""
    proven = proven_kinds(peer.past, modality)
    return Arrivals(
        last_received_at=last_received_at,
        released_at=_released_at(bringers, peer),
        release_trusted=peer.releases_when_complete or _ended_by_release(last),
        peer_gap_s=last.get("longest_gap_s"),
        holes=count_holes(instances),
        stated=tuple(
            Stated(kind=kind, expected=expected, found=found, proven=kind in proven)
            for kind, (expected, found) in sorted(stated_counts(instances).items())
        ),
    )


def _released_at(bringers: Sequence[Bringer], peer: Peer) -> datetime | None:
    if not bringers or peer.others_open:
        return None
    last = max(bringers, key=lambda item: item.id)
    in_order = last.outcome == "released" and last.brought >= FEWEST_IN_RELEASE
    return last.ended_at if in_order else None


def _ended_by_release(past: Mapping[str, Any]) -> bool:
    return bool(past.get("released")) and past.get("number") == 1


def proven_kinds(past: Iterable[Mapping[str, Any]], modality: str) -> frozenset[str]:
    """Return the kinds of count that this peer's past series of one modality proved right and never wrong.

    A series cut because a proven count was not reached says nothing: the count was believed, the objects never came.
    """
    right: set[str] = set()
    wrong: set[str] = set()
    for evidence in past:
        if evidence.get("modality") != modality or evidence.get("missing"):
            continue
        for kind, (expected, found) in evidence.get("stated", {}).items():
            (right if expected == found else wrong).add(kind)
    return frozenset(right - wrong)


def stated_counts(instances: Sequence[Instance]) -> dict[str, tuple[int, int]]:
    """Return (stated, found) for each kind of count that all instances state alike."""
    if not instances:
        return {}
    counts = {
        "pet": (_pet_total(instances), len(instances)),
        "temporal": (_temporal_total(instances), len(instances)),
        "concatenation": _concatenation(instances),
        "acquisition": (_acquisition_total(instances), len(instances)),
    }
    return {kind: pair for kind, pair in counts.items() if pair[0] > 0}


def _pet_total(instances: Sequence[Instance]) -> int:
    if instances[0].text("Modality") != "PT":
        return 0
    slices = _shared(instances, "NumberOfSlices")
    gates = max(1, _shared(instances, "NumberOfTimeSlots")) * max(1, _shared(instances, "NumberOfRRIntervals"))
    return slices * max(1, _shared(instances, "NumberOfTimeSlices")) * gates


def _temporal_total(instances: Sequence[Instance]) -> int:
    times = _shared(instances, "NumberOfTemporalPositions")
    slices = sum(len(positions) for positions in _grids(instances))
    return times * slices if times > 1 else 0


def _acquisition_total(instances: Sequence[Instance]) -> int:
    acquisitions = {item.text("AcquisitionNumber") for item in instances}
    return _shared(instances, "ImagesInAcquisition") if len(acquisitions) == 1 else 0


def _concatenation(instances: Sequence[Instance]) -> tuple[int, int]:
    parts: dict[str, set[float]] = {}
    totals: dict[str, int] = {}
    for item in instances:
        total, number = item.numbers("InConcatenationTotalNumber"), item.numbers("InConcatenationNumber")
        if total and number:
            uid = item.text("ConcatenationUID")
            totals[uid] = int(total[0])
            parts.setdefault(uid, set()).add(number[0])
    return sum(totals.values()), sum(map(len, parts.values()))


def _shared(instances: Sequence[Instance], keyword: str) -> int:
    """Return the whole number that all instances state alike, or 0."""
    values = {item.numbers(keyword) for item in instances}
    only = values.pop() if len(values) == 1 else ()
    return int(only[0]) if len(only) == 1 and 0 < only[0] < 1e6 else 0


def count_holes(instances: Sequence[Instance]) -> int:
    """Count slices missing from the grid of positions, or instance numbers missing from theirs, whichever is more."""
    positions = sum(len(missing_positions(grid)) for grid in _grids(instances))
    numbers = distinct_positions([number for item in instances for number in item.numbers("InstanceNumber")[:1]])
    return max(positions, len(missing_positions(numbers)))


def _grids(instances: Sequence[Instance]) -> list[tuple[float, ...]]:
    """Return the distinct positions along each orientation's normal [mm]."""
    along: dict[tuple[float, ...], list[float]] = {}
    for item in instances:
        orientation, corner = item.numbers("ImageOrientationPatient"), item.numbers("ImagePositionPatient")
        normal = normal_of(orientation)
        if normal is not None and len(corner) == 3:
            key = tuple(round(component, 3) for component in orientation)
            along.setdefault(key, []).append(dot(corner, normal))
    return [distinct_positions(positions) for positions in along.values()]


def longest_gap_s(received: Iterable[datetime]) -> float:
    """Return the longest pause between arrivals [s]."""
    times = sorted(received)
    return max(((b - a).total_seconds() for a, b in pairwise(times)), default=0.0)
