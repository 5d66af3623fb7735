"""What is taken of a proposal."""

import pytest

from dicom_node.wire.contexts import Context, storable, supported

CT, VERIFICATION = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.1.1"
IMPLICIT, EXPLICIT, BIG = "1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.2"
JPEG2000, DEFLATED, JPIP = "1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.94"


def take(*proposed: tuple[str, list[str]], echo: bool = True) -> list[tuple[str, list[str]]]:
    found = supported(
        [Context(abstract_syntax=a, transfer_syntaxes=tuple(t)) for a, t in proposed], storage_classes={CT}, echo=echo
    )
    return [(context.abstract_syntax, list(context.transfer_syntaxes)) for context in found]


TABLE = {
    "as proposed": ([(CT, [EXPLICIT])], [(CT, [EXPLICIT])]),
    "explicit little endian first": ([(CT, [BIG, IMPLICIT, EXPLICIT])], [(CT, [EXPLICIT, IMPLICIT, BIG])]),
    "compressed after uncompressed": ([(CT, [JPEG2000, IMPLICIT])], [(CT, [IMPLICIT, JPEG2000])]),
    "compressed alone": ([(CT, [JPEG2000])], [(CT, [JPEG2000])]),
    "one context per syntax": ([(CT, [IMPLICIT]), (CT, [EXPLICIT])], [(CT, [EXPLICIT, IMPLICIT])]),
    "deflated left out": ([(CT, [DEFLATED, IMPLICIT])], [(CT, [IMPLICIT])]),
    "only refused syntaxes": ([(CT, [DEFLATED, JPIP])], [(CT, [EXPLICIT, IMPLICIT, BIG])]),
    "unknown class": ([("1.2.3", [IMPLICIT]), (CT, [IMPLICIT])], [(CT, [IMPLICIT])]),
    "verification": ([(VERIFICATION, [IMPLICIT])], [(VERIFICATION, [IMPLICIT])]),
    "nothing": ([], []),
}


@pytest.mark.parametrize(("proposed", "expected"), TABLE.values(), ids=TABLE)
def test_supported(proposed: list[tuple[str, list[str]]], expected: list[tuple[str, list[str]]]) -> None:
    assert take(*proposed) == expected


def test_a_peer_that_may_not_echo_gets_no_verification() -> None:
    assert take((VERIFICATION, [IMPLICIT]), (CT, [IMPLICIT]), echo=False) == [(CT, [IMPLICIT])]


@pytest.mark.parametrize(
    ("syntax", "taken"),
    [
        (IMPLICIT, True),
        (BIG, True),
        ("1.2.840.10008.1.2.5", True),
        ("1.2.840.10008.1.2.4.70", True),
        ("1.2.840.10008.1.2.4.203", True),
        ("1.2.840.10008.1.2.4.103", True),
        (DEFLATED, False),
        (JPIP, False),
        ("1.2.840.10008.1.2.4.205", False),
        ("1.2.840.113619.5.2", False),
        ("1.2.840.10008.1.20", False),
    ],
)
def test_storable(syntax: str, taken: bool) -> None:
    assert storable(syntax) is taken
