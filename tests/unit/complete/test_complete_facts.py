"""Headers to facts."""

import json

from dicom_node.complete.facts import SIZE_LIMIT
from tests.support.cuts import facts_of, instance


def test_shared_distinct_range_and_varying_values() -> None:
    instances = [
        instance(i, SliceLocation=str(i), AcquisitionNumber=str(i % 2), ContentTime=f"{100000 + i}") for i in range(40)
    ]
    found = facts_of(instances).attributes
    assert found["Modality"] == {"vr": "CS", "value": ["CT"]}
    assert found["AcquisitionNumber"]["distinct"] == [[["0"], 20], [["1"], 20]]
    assert found["SliceLocation"] == {"vr": "DS", "range": [0.0, 39.0], "count": 40}
    assert found["ContentTime"] == {"vr": "TM", "varies": True}
    assert found["_transfer_syntax"]["value"] == ["1.2.840.10008.1.2.1"]


def test_absent_in_some_is_a_distinct_empty_value() -> None:
    found = facts_of([instance(0), instance(1, ContrastBolusAgent="X")]).attributes
    assert found["ContrastBolusAgent"]["distinct"] == [[["X"], 1], [[], 1]]


def test_values_are_trimmed() -> None:
    assert facts_of([instance(0, ImageType=["DERIVED ", " PRIMARY"])]).attributes["ImageType"]["value"] == [
        "DERIVED",
        "PRIMARY",
    ]


def test_too_much_drops_the_longest_by_name_but_never_what_guards_read() -> None:
    words = [f"{number:0200d}" for number in range(320)]
    equipment = [{"Manufacturer": "M" * 200} for _ in range(20)]
    found = facts_of([instance(0, ImageComments=words, ContributingEquipmentSequence=equipment)]).attributes
    assert "ImageComments" not in found
    assert found["_dropped"]["value"] == ["ImageComments"]
    assert len(found["ContributingEquipmentSequence"]["value"]) == 20
    assert len(json.dumps(found)) <= SIZE_LIMIT * 1.2


def test_what_guards_read_goes_where_it_alone_is_too_long() -> None:
    equipment = [{"Manufacturer": "M" * 250} for _ in range(2000)]
    comments = [f"{number:0200d}" for number in range(320)]
    wanted = {"ContributingEquipmentSequence": equipment, "ImageComments": comments, "SeriesDescription": "S" * 250}
    found = facts_of([instance(0, **wanted)]).attributes
    assert found["_dropped"]["value"] == ["ContributingEquipmentSequence", "ImageComments"]
    assert found["SeriesDescription"]["value"] == ["S" * 250]
    assert found["PatientName"]["value"] == ["Phantom^Test"]
    assert len(json.dumps(found)) <= SIZE_LIMIT * 1.2


def test_what_registration_dropped_stays_named() -> None:
    found = facts_of([instance(0, _dropped=["TextValue"]), instance(1)]).attributes
    assert found["_dropped"]["value"] == ["TextValue"]


def test_derived_facts() -> None:
    found = facts_of([instance(i) for i in range(3)]).derived
    assert found == {
        "calling_ae": "CT1",
        "called_ae": "RESTORE",
        "peer": "ct1",
        "instance_count": 3,
        "stacks": 1,
        "complete": True,
        "holes": 0,
        "plane": "axial",
        "slice_spacing": 2.0,
        "regular": True,
        "gantry_tilt": 0.0,
        "frames": 3,
        "received_hour": 9,
        "weekday": "monday",
    }


def test_facts_that_nothing_says_are_absent() -> None:
    found = facts_of([instance(0, ImagePositionPatient=None, ImageOrientationPatient=None, Modality="SR")]).derived
    assert not {"plane", "slice_spacing", "regular", "gantry_tilt"} & found.keys()
