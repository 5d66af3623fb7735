"""The loop guard and the prior guard."""

import pytest

from dicom_node.decide.guards import own_result, prior, read_date
from dicom_node.domain.marks import MODEL_NAME, PROJECT
from tests.support.cuts import START, facts_of, instance
from tests.unit.restore.kit import making

OURS = {"Manufacturer": PROJECT, "ManufacturerModelName": MODEL_NAME}


@pytest.mark.parametrize(
    ("changes", "ours"),
    [
        ({}, False),
        ({"ContributingEquipmentSequence": [{"Manufacturer": "Maker"}, OURS]}, True),
        ({"ContributingEquipmentSequence": [{"Manufacturer": "Maker", "ManufacturerModelName": MODEL_NAME}]}, False),
        ({"ContributingEquipmentSequence": [{"InstitutionName": "Somewhere"}]}, False),
        ({"Manufacturer": f" {PROJECT.upper()} ", "ManufacturerModelName": MODEL_NAME}, True),
        ({"Manufacturer": PROJECT, "ManufacturerModelName": "scanner"}, False),
    ],
    ids=["scanner", "contributed", "other maker", "no maker", "equipment", "other model"],
)
def test_loop_guard(changes: dict[str, object], ours: bool) -> None:
    assert (own_result(facts_of([instance(0, **changes)])) is not None) is ours


def test_equipment_that_varies_too_much_does_not_hide_a_result() -> None:
    from_source = [
        instance(
            index,
            ContributingEquipmentSequence=[{"StationName": f"console {index}"}, OURS],
            DerivationDescription=f"{making().description} | resampled",
        )
        for index in range(40)
    ]
    assert facts_of(from_source).attributes["ContributingEquipmentSequence"] == {"vr": "SQ", "varies": True}
    assert own_result(facts_of(from_source)) is not None


def test_one_derived_instance_is_enough() -> None:
    assert own_result(facts_of([instance(0), instance(1, ContributingEquipmentSequence=[OURS])])) is not None


@pytest.mark.parametrize(
    ("study_date", "days", "stops"),
    [
        ("20260302", 7, False),
        ("20260223", 7, False),
        ("20260222", 7, True),
        ("19990101", 7, True),
        ("19990101", 0, False),
        ("***", 7, False),
        ("1990/01/", 7, False),
        (None, 7, False),
        ("20991231", 7, False),
    ],
    ids=["today", "a week", "eight days", "old", "switched off", "stars", "slashes", "absent", "future"],
)
def test_prior_guard(study_date: str | None, days: int, stops: bool) -> None:
    found = prior(facts_of([instance(0, StudyDate=study_date)]), cut_at=START, max_age_days=days)
    assert (found is not None) is stops
    if found is not None:
        assert "routing.max_age_days" in found.sentence


@pytest.mark.parametrize("text", ["20260230", "2026030", "²0260302", "", "202603021"])
def test_what_is_no_date(text: str) -> None:
    assert read_date(text) is None
