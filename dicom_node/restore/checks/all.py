"""All checks of a stored derived series, in the order in which they are told. Pure."""

from collections.abc import Callable
from typing import Final

from dicom_node.restore.checks import encoding, geometry, header, pixels
from dicom_node.restore.checks.check import Check, Evidence

CHECKS: Final[tuple[Callable[[Evidence], Check], ...]] = (
    header.identity,
    header.uids,
    header.marked,
    header.answered_once,
    header.references,
    geometry.corners,
    geometry.order,
    pixels.digest,
    pixels.units,
    pixels.value_range,
    pixels.padding,
    pixels.alignment,
    pixels.extremes,
    pixels.window,
    header.lossy,
    header.time,
    encoding.text_survives,
    encoding.private,
    header.nothing_else,
)


def check_all(evidence: Evidence) -> tuple[Check, ...]:
    """Run every check on a series as it was read back."""
    return tuple(check(evidence) for check in CHECKS)
