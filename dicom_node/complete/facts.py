"""The facts of a cut: what decisions, rules and pages see of a series. Pure.

Each attribute keeps the value that all instances share, or up to 32 distinct values with their counts; beyond that,
numbers keep smallest and largest, all else only says that it varies. 64 KiB in all: beyond that the longest are dropped
and named under ``_dropped``; of those that guards and eligibility read, only what does not fit even without the others.
The transfer syntax stands beside the headers as ``_transfer_syntax``.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from dicom_node.domain.geometry import normal_of, plane_of
from dicom_node.domain.series import Facts, Instance, Stack
from dicom_node.domain.work import canonical_json

DISTINCT_LIMIT: Final = 32
SIZE_LIMIT: Final = 64 * 1024
NUMBERS: Final = frozenset({"DS", "IS", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV", "US or SS"})
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_KEPT = frozenset(
    {
        "BitsStored", "BurnedInAnnotation", "Columns", "ContributingEquipmentSequence", "ConvolutionKernel",
        "DerivationDescription", "EncryptedAttributesSequence", "FrameOfReferenceUID", "ImageType",
        "ImagerPixelSpacing",
        "LossyImageCompression", "Manufacturer", "ManufacturerModelName", "Modality", "PatientID",
        "PhotometricInterpretation", "PixelIntensityRelationship", "PixelIntensityRelationshipSign", "PixelSpacing",
        "PresentationIntentType", "RescaleIntercept", "RescaleSlope", "RescaleType", "Rows",
        "SOPClassUID", "SamplesPerPixel", "ScanningSequence", "SequenceName", "SeriesDescription",
        "SeriesType", "SliceThickness",
        "StudyDate", "Units", "_b_value", "_dropped", "_mosaic", "_overlay_in_pixels", "_pixels", "_pixels_short",
        "_transfer_syntax",
    }
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What is true of a cut and stands in no header.

    Attributes
    ----------
    received_local
        When the last instance came, in the node's time zone.
    """

    calling_ae: str
    called_ae: str
    peer: str
    complete: bool
    holes: int
    received_local: datetime


def build_facts(instances: Sequence[Instance], stacks: Sequence[Stack], circumstances: Circumstances) -> Facts:
    """Condense the headers of the instances in force; the order of the instances does not matter."""
    keywords = sorted({keyword for item in instances for keyword in item.attributes})
    attributes = {keyword: _condense([item.attributes.get(keyword) for item in instances]) for keyword in keywords}
    attributes["_transfer_syntax"] = _condense(
        [{"vr": "UI", "value": [item.transfer_syntax_uid]} for item in instances]
    )
    return Facts(attributes=_fit(attributes), derived=_derived(instances, stacks, circumstances))


def _condense(items: Sequence[Mapping[str, Any] | None]) -> dict[str, Any]:
    vr = next(item["vr"] for item in items if item is not None)
    counts: dict[str, int] = {}
    values: dict[str, list[Any]] = {}
    for item in items:
        value = _trimmed(item)
        key = json.dumps(value, sort_keys=True)
        counts[key] = counts.get(key, 0) + 1
        values[key] = value
    if len(counts) == 1:
        return {"vr": vr, "value": next(iter(values.values()))}
    if len(counts) <= DISTINCT_LIMIT:
        return {"vr": vr, "distinct": [[values[key], counts[key]] for key in sorted(counts)]}
    return _beyond(vr, list(values.values()), len(counts))


def _trimmed(item: Mapping[str, Any] | None) -> list[Any]:
    if item is None:
        return []
    return [value.strip() if isinstance(value, str) else value for value in item["value"]]


def _beyond(vr: str, values: Sequence[list[Any]], count: int) -> dict[str, Any]:
    if vr in NUMBERS and all(len(value) == 1 for value in values):
        try:
            numbers = [float(value[0]) for value in values]
        except ValueError:
            return {"vr": vr, "varies": True}
        if all(abs(number) < float("inf") for number in numbers):
            return {"vr": vr, "range": [min(numbers), max(numbers)], "count": count}
    return {"vr": vr, "varies": True}


def _fit(attributes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    sizes = {keyword: len(keyword) + len(canonical_json(item)) + 4 for keyword, item in attributes.items()}
    needed = {keyword: size for keyword, size in sizes.items() if keyword in _KEPT}
    dropped = _too_long(needed, SIZE_LIMIT)
    room = SIZE_LIMIT - sum(size for keyword, size in needed.items() if keyword not in dropped)
    dropped |= _too_long({keyword: size for keyword, size in sizes.items() if keyword not in needed}, room)
    kept = {keyword: item for keyword, item in attributes.items() if keyword not in dropped}
    earlier = _names(attributes.get("_dropped", {}))
    if dropped or earlier:
        kept["_dropped"] = {"vr": "LO", "value": sorted({*dropped, *earlier})}
    return kept


def _too_long(sizes: Mapping[str, int], room: int) -> set[str]:
    """Return the longest that must go for the rest to fit."""
    total = sum(sizes.values())
    dropped: set[str] = set()
    for keyword in sorted(sizes, key=lambda name: (-sizes[name], name)):
        if total <= room:
            break
        total -= sizes[keyword]
        dropped.add(keyword)
    return dropped


def _names(item: Mapping[str, Any]) -> set[str]:
    values = [item.get("value", []), *(value for value, _count in item.get("distinct", []))]
    return {str(name) for value in values for name in value}


def _derived(instances: Sequence[Instance], stacks: Sequence[Stack], circumstances: Circumstances) -> dict[str, Any]:
    local = circumstances.received_local
    planes = {plane_of(normal) for item in instances if (normal := normal_of(item.numbers("ImageOrientationPatient")))}
    spacings = {round(stack.spacing_mm, 2) for stack in stacks if stack.spacing_mm is not None}
    facts: dict[str, Any] = {
        "calling_ae": circumstances.calling_ae,
        "called_ae": circumstances.called_ae,
        "peer": circumstances.peer,
        "instance_count": len(instances),
        "stacks": len(stacks),
        "complete": circumstances.complete,
        "holes": circumstances.holes,
        "plane": planes.pop() if len(planes) == 1 else None,
        "slice_spacing": spacings.pop() if len(spacings) == 1 else None,
        "regular": all(stack.regular for stack in stacks) if any(stack.positions_mm for stack in stacks) else None,
        "gantry_tilt": max((stack.gantry_tilt_deg for stack in stacks if stack.positions_mm), default=None),
        "frames": sum(_frames(item) for item in instances),
        "received_hour": local.hour,
        "weekday": _WEEKDAYS[local.weekday()],
    }
    return {name: value for name, value in facts.items() if value is not None and value != ""}


def _frames(instance: Instance) -> int:
    number = next(iter(instance.numbers("NumberOfFrames")), 1.0)
    return int(number) if 1 <= number < 1e6 else 1
