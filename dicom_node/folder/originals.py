"""What of a folder can be measured: original series of a modality whose values have a unit. Touches: files, sandbox."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dicom_node.complete.stacks import split
from dicom_node.domain.iods import PROJECTIONS, UNITS, Exposed, not_proportional
from dicom_node.domain.reasons import reason
from dicom_node.domain.series import Instance, Stack
from dicom_node.folder.reading import source_file
from dicom_node.restore.source import Refused, SourceStack, read_source
from dicom_node.sandbox.client import Sandbox


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
    return _not_exposure(first) if modality in PROJECTIONS else ""


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
    alone = unit == "exposure"
    files = {item.id: source_file(item) for item in members}
    for group in [(item,) for item in members] if alone else [members]:
        for stack in split(group):
            place = None if alone else stack
            try:
                sources = read_source((stack,), files, sandbox=sandbox, unit=unit)
            except Refused as error:
                yield Read(source=None, stack=place, reason=error.why.sentence)
                continue
            yield from (Read(source=source, stack=place, reason="") for source in sources)


def _not_exposure(first: Instance) -> str:
    """Return why stored values are not proportional to the exposure of the detector."""
    why = not_proportional(
        Exposed(
            sop_class_uid=first.sop_class_uid,
            intent=first.text("PresentationIntentType"),
            relation=first.text("PixelIntensityRelationship"),
            sign=first.text("PixelIntensityRelationshipSign"),
            intercept=first.text("RescaleIntercept"),
            has_table="ModalityLUTSequence" in first.attributes,
        )
    )
    return reason("units", wanted="exposure", detail=why).sentence if why else ""
