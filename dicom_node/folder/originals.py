"""What of a folder can be measured: original series of a modality whose values have a unit. Touches: files, sandbox."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from dicom_node.complete.stacks import split
from dicom_node.domain.reasons import reason
from dicom_node.domain.series import Instance, Stack
from dicom_node.folder.reading import source_file
from dicom_node.restore.checks.check import text
from dicom_node.restore.derive.dataset import was_lossy
from dicom_node.restore.source import Refused, Slice, SourceStack, read_slice, read_source, volume_of
from dicom_node.sandbox.client import Sandbox
from restoration.volume import Volume

UNITS: Final = MappingProxyType({"CT": "HU", "MR": "signal", "PT": "Bq/mL", "CR": "exposure", "DX": "exposure"})
"""Unit of the volumes of each modality (`restoration.volume`)."""

_PROJECTIONS: Final = frozenset({"CR", "DX"})


@dataclass(frozen=True, kw_only=True, eq=False)
class Read:
    """One stack of a series: its slices and their volume, or why there are none.

    Attributes
    ----------
    source
        None where it cannot be read as a volume in its unit.
    stack
        Where its slices lie; None for projection images, which have no place in the patient.
    reason
        Empty where it was read.
    """

    source: SourceStack | None
    stack: Stack | None
    reason: str


def unit_of(first: Instance) -> str:
    """Return the unit of a series' values; empty where its modality has none."""
    return UNITS.get(first.text("Modality"), "")


def not_measurable(first: Instance) -> str:
    """Return why the values of a series cannot be taken as physical ones; empty where they can.

    Parameters
    ----------
    first
        Any instance of the series; original or derived makes no difference here.
    """
    modality = first.text("Modality")
    if modality not in UNITS:
        return f"{modality or 'no modality'}: only {', '.join(UNITS)} have values with a unit"
    if modality == "PT" and first.text("Units") != "BQML":
        return reason("units", wanted=UNITS["PT"], detail=f"Units is {first.text('Units') or 'missing'}").sentence
    return _not_exposure(first) if modality in _PROJECTIONS else ""


def not_original(first: Instance) -> str:
    """Return why a series is no acquisition whose values can be taken as measured; empty where it is one."""
    kind = first.values("ImageType")
    if "LOCALIZER" in kind:
        return reason("localizer").sentence
    if kind[:1] == ("ORIGINAL",) and "SECONDARY" not in kind[1:2]:
        return not_measurable(first)
    measurable = not_measurable(first)
    if measurable:
        return measurable
    return (
        reason("derived", image_type="\\".join(kind)).sentence if any(kind) else reason("image type missing").sentence
    )


def each_once(members: Sequence[Instance]) -> tuple[Instance, ...]:
    """Keep one copy of an image that came in several encodings, one without loss if there is one."""
    ordered = sorted(members, key=lambda item: item.text("LossyImageCompression") == "01")
    kept: dict[str, Instance] = {}
    for item in ordered:
        kept.setdefault(item.sop_instance_uid, item)
    return tuple(kept.values())


def stacks_of(members: Sequence[Instance], sandbox: Sandbox) -> Iterator[Read]:
    """Read the stacks of a series that `not_measurable` has nothing against, each by itself.

    Parameters
    ----------
    members
        Each image once.
    sandbox
        Decodes the pixels.
    """
    unit = unit_of(members[0])
    if unit == "exposure":
        yield from (_projection(item, sandbox) for item in members)
        return
    files = {item.id: source_file(item) for item in members}
    for stack in split(members):
        try:
            (source,) = read_source((stack,), files, sandbox=sandbox, unit=unit)
        except Refused as error:
            yield Read(source=None, stack=stack, reason=error.why.sentence)
        else:
            yield Read(source=source, stack=stack, reason="")


def _not_exposure(first: Instance) -> str:
    """Return why stored values are not proportional to the exposure of the detector (PS3.3 C.8.11.3.1.2)."""
    if first.text("PresentationIntentType") == "FOR PRESENTATION":
        return reason("units", wanted="exposure", detail="the image is FOR PRESENTATION").sentence
    relation, sign = first.text("PixelIntensityRelationship"), first.numbers("PixelIntensityRelationshipSign")
    if relation == "LIN" and sign == (1.0,):
        return ""
    given = f"{relation or 'missing'}, its sign {int(sign[0]) if sign else 'missing'}"
    return reason("units", wanted="exposure", detail=f"Pixel Intensity Relationship is {given}").sentence


def _projection(item: Instance, sandbox: Sandbox) -> Read:
    try:
        read = read_slice(source_file(item), sandbox=sandbox)
    except Refused as error:
        return Read(source=None, stack=None, reason=error.why.sentence)
    spacing = [float(value) for value in read.header.get("ImagerPixelSpacing") or ()]
    why = _no_projection(read, spacing)
    if why:
        return Read(source=None, stack=None, reason=why)
    volume: Volume = replace(volume_of((read,), (0.0,), unit="exposure"), pixel_mm=(spacing[0], spacing[1]))
    return Read(source=SourceStack(slices=(read,), volume=volume), stack=None, reason="")


def _no_projection(read: Slice, spacing: Sequence[float]) -> str:
    if text(read.header, "BurnedInAnnotation") == "YES":
        return reason("burned-in text").sentence
    if was_lossy(read.header):
        return reason("lossy").sentence
    if len(spacing) != 2 or min(spacing) <= 0:
        return reason("geometry missing").sentence
    return ""
