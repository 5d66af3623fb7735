"""A table per operator: what a clause says of a series."""

import pytest

from dicom_node.domain.series import Facts
from dicom_node.rules.clauses import Evaluation, evaluate
from dicom_node.rules.grammar import parse

T, F, M = "true", "false", "missing"

FACTS = Facts(
    attributes={
        "Modality": {"vr": "CS", "value": ["CT"]},
        "SeriesDescription": {"vr": "LO", "value": ["  Chest Low-Dose 1mm "]},
        "ImageType": {"vr": "CS", "value": ["ORIGINAL", "PRIMARY", "AXIAL"]},
        "SliceThickness": {"vr": "DS", "value": ["1.250000"]},
        "PixelSpacing": {"vr": "DS", "value": ["0.70", "0.8"]},
        "SeriesNumber": {"vr": "IS", "value": ["010"]},
        "KVP": {"vr": "DS", "distinct": [[["100"], 3], [["120"], 2]]},
        "EchoTime": {"vr": "DS", "distinct": [[["10"], 3], [[], 2]]},
        "ConvolutionKernel": {"vr": "SH", "distinct": [[["Br38f", "3"], 3], [["Br40f", "3"], 2]]},
        "SliceLocation": {"vr": "DS", "range": [-10.0, 300.5], "count": 60},
        "ContentTime": {"vr": "TM", "varies": True},
        "RepetitionTime": {"vr": "DS", "value": ["***"]},
        "ProtocolName": {"vr": "LO", "value": [""]},
        "StudyDate": {"vr": "DA", "value": ["20260302"]},
        "PatientID": {"vr": "LO", "value": ["SECRET-7"]},
        "PatientAge": {"vr": "AS", "value": ["045Y"]},
        "RequestAttributesSequence": {
            "vr": "SQ",
            "value": [
                {"ScheduledProcedureStepID": {"vr": "SH", "value": ["A1"]}},
                {
                    "ScheduledProcedureStepID": {"vr": "SH", "value": ["B2"]},
                    "ScheduledProtocolCodeSequence": {
                        "vr": "SQ",
                        "value": [{"CodeValue": {"vr": "SH", "value": ["CTLD"]}}],
                    },
                },
            ],
        },
        "_dropped": {"vr": "LO", "value": ["ImageComments"]},
    },
    derived={
        "calling_ae": "CT1",
        "instance_count": 60,
        "complete": True,
        "plane": "axial",
        "gantry_tilt": 18.5,
        "weekday": "monday",
    },
)

TABLE = """
{field: Modality, equals: CT}                                | true
{field: Modality, equals: " ct "}                            | true
{field: Modality, equals: MR}                                | false
{field: SeriesDescription, equals: chest low-dose 1MM}       | true
{field: ImageType, equals: "original\\\\primary\\\\axial"}   | true
{field: ImageType, equals: ORIGINAL}                         | false
{field: SliceThickness, equals: 1.25}                        | true
{field: SliceThickness, equals: "1.2500001"}                 | false
{field: SeriesNumber, equals: 10}                            | true
{field: PixelSpacing, equals: "0.7\\\\0.80"}                 | true
{field: PixelSpacing, equals: 0.7}                           | false
{field: KVP, equals: 100}                                    | false
{field: EchoTime, equals: 10}                                | missing
{field: EchoTime, equals: 11}                                | false
{field: ProtocolName, equals: x}                             | missing
{field: BodyPartExamined, equals: CHEST}                     | missing
{field: ContentTime, equals: "100000"}                       | missing
{field: SliceLocation, equals: 5}                            | missing
{field: RepetitionTime, equals: 500}                         | missing
{field: ImageComments, equals: x}                            | missing
{field: calling_ae, equals: ct1}                             | true
{field: complete, equals: yes}                               | true
{field: complete, equals: false}                             | false
{field: peer, equals: x}                                     | missing
{field: Modality, in: [MR, ct]}                              | true
{field: Modality, in: [MR, PT]}                              | false
{field: KVP, in: [100, 120.0]}                               | true
{field: KVP, in: [100, 110]}                                 | false
{field: instance_count, in: [60]}                            | true
{field: ImageType, in: ["ORIGINAL\\\\PRIMARY\\\\AXIAL"]}     | true
{field: BodyPartExamined, in: [HEAD]}                        | missing
{field: ImageType, contains: primary}                        | true
{field: ImageType, contains: PRIM}                           | false
{field: ImageType, contains: LOCALIZER}                      | false
{field: SeriesDescription, contains: low-dose}               | true
{field: ConvolutionKernel, contains: Br38f}                  | true
{field: ConvolutionKernel, contains: 3}                      | true
{field: ConvolutionKernel, contains: H42s}                   | false
{field: KVP, contains: 120}                                  | true
{field: PixelSpacing, contains: 0.8}                         | true
{field: PixelSpacing, contains: 0.9}                         | false
{field: EchoTime, contains: 10}                              | true
{field: EchoTime, contains: 11}                              | missing
{field: SeriesDescription, matches: "low.?dose|LDCT"}        | true
{field: SeriesDescription, matches: "^chest.*1mm$"}          | true
{field: ImageType, matches: "PRIMARY..AXIAL"}                | false
{field: ImageType, matches: "primary.axial"}                 | true
{field: ConvolutionKernel, matches: "^br"}                   | true
{field: ConvolutionKernel, matches: "^br38"}                 | false
{field: SliceThickness, matches: "^1\\\\.25"}                | true
{field: ProtocolName, matches: "."}                          | missing
{field: SliceThickness, at_least: 1.25}                      | true
{field: SliceThickness, at_least: 1.26}                      | false
{field: SliceThickness, at_most: 3.0}                        | true
{field: PixelSpacing, at_least: 0.7}                         | true
{field: PixelSpacing, at_least: 0.75}                        | false
{field: PixelSpacing, at_least: "0.5\\\\0.8"}                | true
{field: PixelSpacing, at_least: "0.5\\\\0.6\\\\0.7"}         | false
{field: KVP, at_least: 100}                                  | true
{field: KVP, at_least: 110}                                  | false
{field: SliceLocation, at_least: -10}                        | true
{field: SliceLocation, at_least: 0}                          | false
{field: SliceLocation, at_most: 300.5}                       | true
{field: SliceLocation, at_most: 300}                         | false
{field: SliceLocation, between: [-10, 301]}                  | true
{field: SliceLocation, between: [0, 301]}                    | false
{field: EchoTime, at_least: 5}                               | missing
{field: EchoTime, at_least: 15}                              | false
{field: StudyDate, at_least: "20260101"}                     | true
{field: StudyDate, at_most: "20260101"}                      | false
{field: SliceThickness, between: [1, 2]}                     | true
{field: SliceThickness, between: [1.25, 1.25]}               | true
{field: SliceThickness, between: [2, 3]}                     | false
{field: gantry_tilt, between: [18, 19]}                      | true
{field: RepetitionTime, at_least: 5}                         | missing
{field: slice_spacing, at_most: 3}                           | missing
{field: Modality, exists: yes}                               | true
{field: Modality, exists: no}                                | false
{field: BodyPartExamined, exists: yes}                       | false
{field: BodyPartExamined, exists: no}                        | true
{field: ProtocolName, exists: yes}                           | false
{field: EchoTime, exists: yes}                               | false
{field: EchoTime, exists: no}                                | false
{field: ContentTime, exists: yes}                            | true
{field: SliceLocation, exists: yes}                          | true
{field: ImageComments, exists: yes}                          | true
{field: RequestAttributesSequence, exists: yes}              | true
{field: peer, exists: no}                                    | true
{field: RequestAttributesSequence.ScheduledProcedureStepID, equals: B2}                            | true
{field: RequestAttributesSequence.ScheduledProcedureStepID, equals: C3}                            | false
{field: RequestAttributesSequence.ScheduledProtocolCodeSequence.CodeValue, equals: ctld}           | true
{field: RequestAttributesSequence.ScheduledProtocolCodeSequence.CodeValue, equals: other}          | missing
{field: RequestAttributesSequence.RequestedProcedureID, exists: yes}                               | false
{field: ReferencedStudySequence.ReferencedSOPInstanceUID, equals: "1.2"}                           | missing
not: {field: Modality, equals: MR}                           | true
not: {field: BodyPartExamined, equals: CHEST}                | missing
not: {field: BodyPartExamined, exists: yes}                  | true
all: []                                                      | true
any: []                                                      | false
all: [{field: Modality, equals: CT}, {field: BodyPartExamined, equals: CHEST}]    | missing
all: [{field: Modality, equals: MR}, {field: BodyPartExamined, equals: CHEST}]    | false
any: [{field: Modality, equals: CT}, {field: BodyPartExamined, equals: CHEST}]    | true
any: [{field: Modality, equals: MR}, {field: BodyPartExamined, equals: CHEST}]    | missing
"""
ROWS = [tuple(part.strip() for part in line.rsplit("|", 1)) for line in TABLE.strip().splitlines()]


def evaluated(clause: str) -> Evaluation:
    when = clause if clause.startswith("{") else "{" + clause + "}"
    return evaluate(parse(f"rules:\n  - name: r\n    when: {when}\n").rules[0].when, FACTS)


@pytest.mark.parametrize(("clause", "outcome"), ROWS, ids=[row[0] for row in ROWS])
def test_operators(clause: str, outcome: str) -> None:
    assert evaluated(clause).outcome == outcome


@pytest.mark.parametrize(
    ("clause", "why"),
    [
        ("{field: BodyPartExamined, equals: x}", "BodyPartExamined is absent"),
        ("{field: ContentTime, equals: '100000'}", "ContentTime varies"),
        ("{field: SliceLocation, equals: 5}", "SliceLocation varies"),
        ("{field: ImageComments, equals: x}", "ImageComments too long to be kept among the facts"),
        ("{field: RepetitionTime, equals: 5}", "RepetitionTime cannot be compared everywhere"),
    ],
)
def test_missing_says_why(clause: str, why: str) -> None:
    assert evaluated(clause).why == why


@pytest.mark.parametrize(
    ("clause", "value"),
    [
        ("{field: Modality, equals: CT}", "CT"),
        ("{field: ImageType, contains: AXIAL}", "ORIGINAL\\PRIMARY\\AXIAL"),
        ("{field: KVP, at_least: 5}", "100 (3), 120 (2)"),
        ("{field: EchoTime, at_least: 5}", "10 (3), (absent) (2)"),
        ("{field: SliceLocation, at_least: 5}", "-10 to 300.5"),
        ("{field: complete, equals: no}", "yes"),
    ],
)
def test_the_value_is_shown(clause: str, value: str) -> None:
    assert evaluated(clause).value == value


def test_of_the_patient_only_the_outcome_is_shown() -> None:
    for operand, shown in (("SECRET-7", "matched"), ("OTHER-8", "not matched")):
        evaluation = evaluated(f"{{field: PatientID, equals: {operand}}}")
        assert evaluation.value == shown
        assert "SECRET" not in repr(evaluation)
        assert operand not in repr(evaluation)


def test_a_pattern_that_runs_away_is_missing() -> None:
    facts = Facts(attributes={"SeriesDescription": {"vr": "LO", "value": ["a" * 60 + "!"]}}, derived={})
    rules = parse("rules:\n  - name: r\n    when: {field: SeriesDescription, matches: '(a|aa)+$'}\n")
    assert evaluate(rules.rules[0].when, facts).outcome in {M, F}
