"""What a DIMSE status means to whoever sent the request (PS3.4 B.2.3, C.4; PS3.7 Annex C). Pure."""

from enum import StrEnum
from typing import Final

SUCCESS: Final = 0x0000
INVALID_ATTRIBUTE_VALUE: Final = 0x0106
PROCESSING_FAILURE: Final = 0x0110
DUPLICATE_SOP_INSTANCE: Final = 0x0111
MISSING_ATTRIBUTE: Final = 0x0120
SOP_CLASS_NOT_SUPPORTED: Final = 0x0122
NOT_AUTHORISED: Final = 0x0124
UNRECOGNISED_OPERATION: Final = 0x0211
OUT_OF_RESOURCES: Final = 0xA700


class StatusClass(StrEnum):
    """What the requester does next."""

    SUCCESS = "success"
    WARNING = "warning"
    """Done; the status is kept and shown."""
    PENDING = "pending"
    """More responses follow."""
    CANCEL = "cancel"
    RETRY = "retry"
    """The peer cannot now: the same request may succeed later."""
    REFUSED = "refused"
    """The peer does not want this object as it is."""


_RANGES: Final = (
    # first, last, class, meaning
    (0x0000, 0x0000, StatusClass.SUCCESS, "success"),
    (0x0107, 0x0107, StatusClass.WARNING, "attribute list error"),
    (0x0110, 0x0110, StatusClass.RETRY, "processing failure"),
    (0x0111, 0x0111, StatusClass.REFUSED, "duplicate SOP instance"),
    (0x0116, 0x0116, StatusClass.WARNING, "attribute value out of range"),
    (0x0122, 0x0122, StatusClass.RETRY, "SOP class not supported"),
    (0x0124, 0x0124, StatusClass.RETRY, "not authorised"),
    (0x0213, 0x0213, StatusClass.RETRY, "resource limitation"),
    (0xA700, 0xA7FF, StatusClass.RETRY, "out of resources"),
    (0xA801, 0xA801, StatusClass.REFUSED, "move destination unknown"),
    (0xA900, 0xA9FF, StatusClass.REFUSED, "data set does not match SOP class"),
    (0xB000, 0xBFFF, StatusClass.WARNING, "stored, with a remark"),
    (0xC000, 0xCFFF, StatusClass.REFUSED, "cannot understand"),
    (0xFE00, 0xFE00, StatusClass.CANCEL, "cancelled"),
    (0xFF00, 0xFF01, StatusClass.PENDING, "pending"),
)
_NAMED: Final = {
    0xB000: "stored, elements coerced",
    0xB006: "stored, elements discarded",
    0xB007: "stored, data set does not match SOP class",
}


def status_class(status: int) -> StatusClass:
    """Return what a status asks of the requester; what no table names is refused."""
    return next((kind for first, last, kind, _ in _RANGES if first <= status <= last), StatusClass.REFUSED)


def meaning(status: int) -> str:
    """Return the status in words, with its number: ``out of resources (0xA700)``."""
    words = _NAMED.get(status) or next((text for first, last, _, text in _RANGES if first <= status <= last), "failure")
    return f"{words} (0x{status:04X})"
