"""How this node marks what is its own: UIDs, equipment, rejection codes. Pure."""

from typing import Final
from uuid import UUID, uuid5

from dicom_node import VERSION

NAMESPACE: Final = UUID("6f0d3c1e-51c3-5d0a-9b1e-2f4f6c8a7d10")
"""Name space of every derived UID (PS3.5 B.2: UUID-derived UIDs)."""


def uid_of(name: str) -> str:
    """Return the UID ``2.25.<decimal of the UUID-5>`` of a name (PS3.5 B.2)."""
    return f"2.25.{uuid5(NAMESPACE, name).int}"


PROJECT: Final = "Restoration Node"
"""Manufacturer in derived objects and in our Contributing Equipment item; the loop guard reads it there."""

MODEL_NAME: Final = "dicom-node"
IMPLEMENTATION_CLASS_UID: Final = uid_of("implementation")
IMPLEMENTATION_VERSION_NAME: Final = f"DICOMNODE_{VERSION.replace('.', '')}"[:16]
RECEIPT_CREATOR_UID: Final = uid_of("receipt")
"""Private Information Creator (0002,0100) under which a received file carries its receipt."""

PIXEL_CODE: Final = 1
"""Raised by hand when the path from source to derived pixels changes its results; part of every recipe."""

REJECTED_QUALITY: Final = "113001"
REJECTED_SAFETY: Final = "113037"
REJECTED_WORKLIST: Final = "113038"
RETENTION_EXPIRED: Final = "113039"
