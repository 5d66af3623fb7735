"""Text to rules: what works as written, and the line at fault where it does not."""

import pytest

from dicom_node.domain.errors import RuleError
from dicom_node.domain.work import Equipment, Qualification, Release
from dicom_node.rules import document
from dicom_node.rules.grammar import parse
from dicom_node.rules.ruleset import Incomplete, Then

WHOLE = """\
rules:
  - name: Low-dose chest CT
    when:
      all:
        - {field: Modality, equals: CT}
        - {field: calling_ae, in: [CT1, CT2]}
        - any:
            - {field: SeriesDescription, matches: "low.?dose|LDCT"}
            - {field: ProtocolName, matches: "lung screen"}
        - {field: SliceThickness, at_most: 3.0}
        - not: {field: ImageType, contains: LOCALIZER}
    restore:
      - pipeline: ct-denoise
        strength: 60                # percent
        release: review
        label: "DLR {SeriesDescription}"
    deliver_to: [pacs]
    forward_originals_to: [archive]
    incomplete: restore
    priority: 70
    expires: 4h
    then: continue
    priors: yes
    allow_generative: on
    equipment: source
    qualification: PRODUCT
    report: none
"""
SHORT = "rules:\n  - name: r\n    when: {field: Modality, equals: CT}\n"


def test_every_key_as_written() -> None:
    (rule,) = parse(WHOLE, pipelines=["ct-denoise"], destinations=["pacs", "archive"]).rules
    (restoration,) = rule.restore
    assert (restoration.pipeline, restoration.strength, restoration.release) == ("ct-denoise", 60, Release.REVIEW)
    assert (rule.name, rule.line) == ("Low-dose chest CT", 2)
    assert (rule.deliver_to, rule.forward_originals_to) == (("pacs",), ("archive",))
    assert (rule.incomplete, rule.then) == (Incomplete.RESTORE, Then.CONTINUE)
    assert (rule.priority, rule.expires_s, rule.priors, rule.allow_generative) == (70, 14400.0, True, True)
    assert (rule.equipment, rule.qualification) == (Equipment.SOURCE, Qualification.PRODUCT)


def test_defaults() -> None:
    (rule,) = parse(SHORT + "    restore: [{pipeline: ct-denoise}]\n").rules
    (restoration,) = rule.restore
    assert (restoration.strength, restoration.release) == (None, Release.AUTOMATIC)
    assert restoration.label == "DLR {SeriesDescription}"
    assert (rule.deliver_to, rule.forward_originals_to) == ((), ())
    assert (rule.incomplete, rule.priority, rule.expires_s, rule.then) == (Incomplete.REFUSE, 50, None, Then.STOP)
    assert (rule.priors, rule.allow_generative) == (False, False)
    assert (rule.equipment, rule.qualification) == (Equipment.NODE, Qualification.RESEARCH)


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("4h", 14400), ("2d", 172800)])
def test_expiry(text: str, seconds: float) -> None:
    assert parse(f"{SHORT}    expires: {text}\n").rules[0].expires_s == seconds


def test_nothing_is_no_rules() -> None:
    assert parse("").rules == parse("rules: []").rules == parse("# empty\n").rules == ()


def test_the_digest_is_of_what_is_said_not_how() -> None:
    spaced = "# comment\n" + SHORT.replace("{field: Modality, equals: CT}", "\n      field: Modality\n      equals: CT")
    assert parse(SHORT).digest == parse(spaced).digest
    assert parse(SHORT).digest != parse(SHORT.replace("CT", "MR")).digest


def test_writing_and_reading_again_says_the_same() -> None:
    again = document.write(document.read(WHOLE).value)
    assert parse(again).digest == parse(WHOLE).digest
    assert "strength: 60\n" in again
    assert document.read(again).value == document.read(WHOLE).value


def clause(text: str) -> str:
    return f"rules:\n  - name: r\n    when:\n      {text}\n"


WRONG = [
    ("unknown field", clause("{field: Modalty, equals: CT}"), 4, "did you mean «Modality»"),
    ("unknown fact", clause("{field: calling_aet, equals: CT}"), 4, "did you mean «calling_ae»"),
    ("unknown operator", clause("{field: Modality, equal: CT}"), 4, "did you mean «equals»"),
    ("no operator", clause("{field: Modality}"), 4, "exactly one operator, not none"),
    ("two operators", clause("{field: Modality, equals: CT, contains: C}"), 4, "not equals, contains"),
    ("number", clause("field: SliceThickness\n      at_least: thin"), 5, "«thin» is no number"),
    ("infinite", clause("{field: SliceThickness, at_least: inf}"), 4, "«inf» is no number"),
    ("whole number", clause("{field: SeriesNumber, equals: 3.5}"), 4, "no whole number"),
    ("negative", clause("{field: Rows, at_least: -5}"), 4, "is negative"),
    ("ordered text", clause("{field: SeriesDescription, at_least: 5}"), 4, "compares numbers, dates and times"),
    ("date", clause("{field: StudyDate, at_least: 2026-03-02}"), 4, "cannot stand in «StudyDate» (DA)"),
    ("UID", clause("{field: SOPClassUID, equals: CT}"), 4, "cannot stand in «SOPClassUID» (UI)"),
    ("too long", clause("{field: Modality, equals: COMPUTED TOMOGRAPHY}"), 4, "holds at most 16 characters"),
    ("flag", clause("{field: complete, equals: perhaps}"), 4, "neither yes nor no"),
    ("exists", clause("{field: Modality, exists: perhaps}"), 4, "neither yes nor no"),
    ("pattern", clause("{field: Modality, matches: '('}"), 4, "no regular expression"),
    ("long pattern", clause(f"{{field: Modality, matches: '{'a' * 501}'}}"), 4, "500 characters"),
    ("sequence", clause("{field: RequestAttributesSequence, equals: x}"), 4, "is a sequence"),
    ("no sequence", clause("{field: Modality.CodeValue, equals: x}"), 4, "«Modality» is no sequence"),
    ("binary", clause("{field: PixelData, exists: yes}"), 4, "is binary"),
    ("between", clause("{field: SliceThickness, between: [1]}"), 4, "between"),
    ("in", clause("{field: Modality, in: CT}"), 4, "«in»: should be a list"),
    ("empty in", clause("{field: Modality, in: []}"), 4, "«in»"),
    ("clause is text", clause("yes"), 3, "«when» should be a mapping"),
    ("no when", "rules:\n  - name: r\n", 2, "the key «when» is missing"),
    ("no name", "rules:\n  - when: {all: []}\n", 2, "the key «name» is missing"),
    ("unknown key", SHORT + "    prority: 5\n", 4, "did you mean «priority»"),
    ("misplaced key", SHORT + "    strength: 5\n", 4, "no key «strength» here"),
    ("top key", "rule: []\n", 1, "did you mean «rules»"),
    ("strength", SHORT + "    restore:\n      - pipeline: p\n        strength: 120\n", 6, "100"),
    ("release", SHORT + "    restore:\n      - pipeline: p\n        release: auto\n", 6, "automatic"),
    ("label without mark", SHORT + "    restore:\n      - {pipeline: p, label: '{SeriesDescription}'}\n", 5, "begins"),
    ("label brace", SHORT + "    restore:\n      - {pipeline: p, label: 'DLR {PatientName}'}\n", 5, "begins"),
    ("pipeline", SHORT + "    restore:\n      - pipeline: ct-denois\n", 5, "did you mean «ct-denoise»"),
    ("destination", SHORT + "    deliver_to: [x, pacs]\n", 4, "no destination «x»; there is pacs"),
    ("originals", SHORT + "    forward_originals_to:\n      - pasc\n", 5, "did you mean «pacs»"),
    ("priority", SHORT + "    priority:\n", 4, "priority"),
    ("expires", SHORT + "    expires: soon\n", 4, "expires"),
    ("expires never", SHORT + "    expires: inf\n", 4, "expires"),
    ("expires in ages", SHORT + "    expires: 99999999999d\n", 4, "expires"),
    ("misspelt when", "rules:\n  - name: r\n    wenn: {field: Modality, equals: CT}\n", 3, "did you mean «when»"),
    ("between backwards", clause("{field: SliceThickness, between: [3, 1]}"), 4, "two bounds"),
    ("no YAML", "rules:\n  - name: a\n   when: x\n", 3, "no YAML"),
    ("tab", "rules:\n\t- name: a\n", 2, "no YAML"),
    ("key twice", "rules: []\nrules: []\n", 2, "stands twice"),
    ("name twice", SHORT + SHORT.removeprefix("rules:\n"), 4, "another rule has this name"),
    ("list", "- a\n", 1, ""),
    (
        "alias bomb",
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(f"{b}: &{b} [{', '.join(['*' + a] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)),
        1,
        "too long",
    ),
    ("endless alias", "a: &a [*a]\n", 1, "nested too deeply"),
    ("deep", "rules: " + "[" * 200 + "]" * 200, 1, ""),
]


@pytest.mark.parametrize(("text", "line", "words"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_named_with_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(RuleError) as raised:
        parse(text, pipelines=["ct-denoise"], destinations=["pacs"])
    assert words in raised.value.happened
    assert raised.value.subject.endswith(f"line {line}")


def test_the_rule_is_named_too() -> None:
    with pytest.raises(RuleError) as raised:
        parse(SHORT + "  - name: second\n    when: {field: Nothing, equals: x}\n")
    assert raised.value.subject == "rule «second», line 5"
