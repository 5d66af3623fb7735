"""Counts, holes, releases and what past series prove."""

from datetime import timedelta

import pytest

from dicom_node.complete.evidence import Bringer, Peer, arrivals_of, count_holes, proven_kinds, stated_counts
from tests.support.cuts import START, instance

END = START + timedelta(seconds=9)


def bringer(outcome: str = "released", brought: int = 5, number: int = 1) -> Bringer:
    return Bringer(id=number, outcome=outcome, ended_at=None if outcome == "open" else END, brought=brought)


@pytest.mark.parametrize(
    ("bringers", "peer", "released"),
    [
        ([bringer()], Peer(), True),
        ([bringer(brought=1)], Peer(), False),
        ([bringer("aborted")], Peer(), False),
        ([bringer("open")], Peer(), False),
        ([bringer()], Peer(others_open=True), False),
        ([bringer("aborted"), bringer(number=2)], Peer(), True),
        ([], Peer(), False),
    ],
    ids=["released", "one object", "aborted", "open", "another open", "sent again", "nobody"],
)
def test_release_counts_only_where_it_ends_the_series(bringers: list[Bringer], peer: Peer, released: bool) -> None:
    found = arrivals_of([instance(0), instance(1)], bringers, peer, last_received_at=START)
    assert (found.released_at is not None) is released


@pytest.mark.parametrize(
    ("past", "configured", "trusted"),
    [
        ([], False, False),
        ([], True, True),
        ([{"released": True, "number": 1}], False, True),
        ([{"released": True, "number": 2}], False, False),
        ([{"released": False, "number": 1}], False, False),
        ([{"released": False, "number": 1}, {"released": True, "number": 1}], False, False),
    ],
    ids=["new peer", "configured", "ended so", "came late", "ended otherwise", "only the last counts"],
)
def test_release_is_trusted_by_the_last_series_or_the_configuration(
    past: list[dict[str, object]], configured: bool, trusted: bool
) -> None:
    peer = Peer(past=past, releases_when_complete=configured)
    assert arrivals_of([instance(0)], [], peer, last_received_at=START).release_trusted is trusted


def past(expected: int, found: int, **more: object) -> dict[str, object]:
    return {"modality": "PT", "stated": {"pet": [expected, found]}, "missing": False, **more}


@pytest.mark.parametrize(
    ("series", "proven"),
    [
        ([], False),
        ([past(9, 9)], True),
        ([past(9, 8)], False),
        ([past(9, 9), past(9, 8)], False),
        ([past(9, 9), past(9, 8, missing=True)], True),
        ([past(9, 9, modality="CT")], False),
    ],
    ids=["nothing", "right", "wrong", "once wrong", "believed and missed", "another modality"],
)
def test_a_count_is_believed_after_it_was_right_and_never_wrong(series: list[dict[str, object]], proven: bool) -> None:
    assert ("pet" in proven_kinds(series, "PT")) is proven


def test_counts_stated_in_headers() -> None:
    pet = [instance(i, Modality="PT", NumberOfSlices=5, NumberOfTimeSlices=2) for i in range(3)]
    gated = [instance(i, Modality="PT", NumberOfSlices=5, NumberOfTimeSlots=4, NumberOfRRIntervals=1) for i in range(3)]
    temporal = [instance(i, NumberOfTemporalPositions="10") for i in range(3)]
    parts = [
        instance(i, ConcatenationUID="1.9", InConcatenationNumber=i + 1, InConcatenationTotalNumber=4) for i in range(3)
    ]
    acquisition = [instance(i, ImagesInAcquisition="7", AcquisitionNumber="1") for i in range(3)]
    two_acquisitions = [instance(i, ImagesInAcquisition="7", AcquisitionNumber=str(i)) for i in range(3)]
    assert stated_counts(pet) == {"pet": (10, 3)}
    assert stated_counts(gated) == {"pet": (20, 3)}
    assert stated_counts(temporal) == {"temporal": (30, 3)}
    assert stated_counts(parts) == {"concatenation": (4, 3)}
    assert stated_counts(acquisition) == {"acquisition": (7, 3)}
    assert stated_counts(two_acquisitions) == {}
    assert stated_counts([instance(0)]) == stated_counts([]) == {}


def numbered(*numbers: int) -> list[object]:
    return [instance(i, InstanceNumber=str(number)) for i, number in enumerate(numbers)]


@pytest.mark.parametrize(
    ("instances", "holes"),
    [
        ([instance(i) for i in (0, 1, 2, 3)], 0),
        ([instance(i) for i in (0, 1, 3, 4)], 1),
        ([instance(i) for i in (0, 1, 4, 5, 6)], 2),
        ([instance(i) for i in (0, 3)], 0),
        (numbered(63, 72, 81, 90), 0),
        (numbered(1, 2, 3, 5), 1),
        (numbered(1, 2, 3, 900_000_000), 0),
        ([instance(i, ImagePositionPatient=None, InstanceNumber=None) for i in range(4)], 0),
    ],
    ids=["even", "one", "two", "two slices", "interleaved numbers", "number missing", "absurd number", "no geometry"],
)
def test_holes(instances: list[object], holes: int) -> None:
    assert count_holes(instances) == holes  # type: ignore[arg-type]
