"""Instances to stacks, and what is wrong with them by name."""

import math
from itertools import permutations

import pytest

from dicom_node.complete.stacks import split
from dicom_node.domain.series import Instance
from tests.support.cuts import CT, MR, instance


def series(count: int = 4, **changes: object) -> list[Instance]:
    return [instance(i, **changes) for i in range(count)]


def at(positions: list[float], **changes: object) -> list[Instance]:
    return [instance(i, ImagePositionPatient=["0", "0", str(z)], **changes) for i, z in enumerate(positions)]


def tilted(degrees: float, count: int = 4) -> list[Instance]:
    shear = math.tan(math.radians(degrees))
    return [instance(i, ImagePositionPatient=["0", str(shear * 2.0 * i), str(2.0 * i)]) for i in range(count)]


PROBLEMS = [
    ("even", series(), ()),
    ("one slice", series(1), ()),
    ("within one percent", at([0, 2, 4.01, 6]), ()),
    ("slice missing", at([0, 2, 4, 8, 10]), ("slice missing",)),
    ("irregular", at([0, 2, 4, 5.1, 7.1]), ("irregular spacing",)),
    ("gaps", at([0, 4, 8], SliceThickness="2"), ("gaps",)),
    ("overlap is no gap", at([0, 1, 2], SliceThickness="2"), ()),
    ("tilt", tilted(18.5), ("gantry tilt",)),
    ("no tilt", tilted(0.05), ()),
    ("localizer", series(2, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]), ("localizer",)),
    ("capture class", series(2, SOPClassUID="1.2.840.10008.5.1.4.1.1.7"), ("capture",)),
    ("multi-frame capture", series(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.7.2"), ("capture",)),
    ("mosaic word", series(2, ImageType=["ORIGINAL", "PRIMARY", "M", "MOSAIC"]), ("mosaic",)),
    ("mosaic private", series(2, _mosaic=36), ("mosaic",)),
    ("no pixels", series(2, _pixels="none"), ("no pixels",)),
    ("float pixels", series(2, _pixels="float"), ("no pixels",)),
    ("enhanced", series(1, SOPClassUID="1.2.840.10008.5.1.4.1.1.4.1"), ("multi-frame",)),
    ("frames", series(1, NumberOfFrames="3"), ("multi-frame",)),
    ("no position", series(2, ImagePositionPatient=None), ("geometry missing",)),
    ("no spacing", series(2, PixelSpacing=None), ("geometry missing",)),
    ("skew", series(2, ImageOrientationPatient=["1", "0", "0", "0.1", "1", "0"]), ("orientation invalid",)),
    ("incomplete turns", at([0, 2, 4, 0, 2, 4, 0]), ("incomplete time series",)),
]


@pytest.mark.parametrize(("instances", "problems"), [row[1:] for row in PROBLEMS], ids=[row[0] for row in PROBLEMS])
def test_one_stack_with_its_problems(instances: list[Instance], problems: tuple[str, ...]) -> None:
    (stack,) = split(instances)
    assert stack.problems == problems
    assert sorted(stack.instance_ids) == [item.id for item in instances]


SPLITS = [
    ("echo", {"EchoNumbers": "2"}, "echo"),
    ("echo time", {"EchoTime": "80"}, "echo"),
    ("b-value", {"_b_value": "1000"}, "b-value"),
    ("phase", {"ImageType": ["ORIGINAL", "PRIMARY", "P"]}, "image type P"),
    ("kernel", {"ConvolutionKernel": "BONE"}, "kernel"),
    ("matrix", {"Rows": 256}, "matrix"),
    ("class", {"SOPClassUID": MR}, "class"),
    ("frame of reference", {"FrameOfReferenceUID": "1.2.4"}, "frame of reference"),
    ("orientation", {"ImageOrientationPatient": ["0", "1", "0", "-1", "0", "0"]}, "orientation"),
    ("spacing", {"PixelSpacing": ["0.8", "0.8"]}, "spacing"),
    ("temporal position", {"TemporalPositionIdentifier": "2"}, "temporal position"),
    ("trigger", {"TriggerTime": "400"}, "trigger"),
]


@pytest.mark.parametrize(("change", "word"), [row[1:] for row in SPLITS], ids=[row[0] for row in SPLITS])
def test_what_sets_images_apart_makes_stacks_that_say_so(change: dict[str, object], word: str) -> None:
    other = [instance(i + 3, **{"ImagePositionPatient": ["0", "0", str(2.0 * i)], **change}) for i in range(3)]
    stacks = split([*series(3), *other])
    assert len(stacks) == 2
    assert any(word in stack.key for stack in stacks)


@pytest.mark.parametrize(
    "changes",
    [
        lambda i: {"AcquisitionNumber": str(i)},
        lambda i: {"AcquisitionTime": f"1000{i:02d}"},
        lambda i: {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL", "ADD"] if i % 2 else ["ORIGINAL", "PRIMARY", "AXIAL"]},
        lambda i: {"TriggerTime": str(30 * i)},
        lambda i: {"PixelSpacing": ["0.70001", "0.7"] if i % 2 else ["0.7", "0.7"]},
    ],
    ids=["acquisition number", "acquisition time", "CT value 4", "trigger per slice", "spacing within 0.1 %"],
)
def test_what_does_not_set_images_apart(changes: object) -> None:
    assert len(split([instance(i, **changes(i)) for i in range(4)])) == 1  # type: ignore[operator]


def test_turns_at_equal_positions_become_stacks_in_order_of_time() -> None:
    first = at([0, 2, 4], AcquisitionTime="100000")
    later = [
        instance(i + 3, ImagePositionPatient=["0", "0", str(z)], AcquisitionTime="100100")
        for i, z in enumerate([0.0, 2.0, 4.0])
    ]
    stacks = split([*later, *first])
    assert [stack.instance_ids for stack in stacks] == [(1, 2, 3), (4, 5, 6)]
    assert {stack.problems for stack in stacks} == {("several images at one position",)}


def test_geometry_of_a_stack() -> None:
    (stack,) = split(tilted(18.5))
    assert stack.gantry_tilt_deg == pytest.approx(18.5, abs=0.01)
    assert stack.spacing_mm == pytest.approx(2.0)
    assert stack.regular
    assert stack.positions_mm == (0.0, 2.0, 4.0, 6.0)
    assert stack.step_mm[2] == pytest.approx(2.0)


def test_projections_need_no_geometry() -> None:
    shots = [instance(0, Modality="DX", SOPClassUID=CT, ImageOrientationPatient=None, ImagePositionPatient=None)]
    assert split(shots)[0].problems == ()


def test_order_of_arrival_does_not_matter() -> None:
    instances = [*at([0, 2, 4]), instance(3, EchoNumbers="2")]
    assert len({split(order) for order in permutations(instances)}) == 1
