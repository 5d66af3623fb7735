"""The classic image objects that this node answers, and what the standard fixes for each: one table. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Iod:
    """A kind of image object.

    Attributes
    ----------
    sop_class_uid, modality
        SOP Class UID (0008,0016) and Modality (0008,0060).
    spacing
        Attribute with the distances of rows and columns: in the patient, or at the detector (C.8.11.4).
    presented
        Whether its values are made for viewing (C.8.11.1): they are no longer what was measured.
    """

    sop_class_uid: str
    modality: str
    spacing: str
    presented: bool

    @property
    def projection(self) -> bool:
        """Whether it is a projection, which has no plane in the patient: each image stands alone."""
        return self.spacing == _AT_DETECTOR


_IN_PATIENT: Final = "PixelSpacing"
_AT_DETECTOR: Final = "ImagerPixelSpacing"

_FOR_PRESENTATION: Final = "for presentation"

_ROWS: Final = f"""
1.2.840.10008.5.1.4.1.1.2     | CT | {_IN_PATIENT}  |
1.2.840.10008.5.1.4.1.1.4     | MR | {_IN_PATIENT}  |
1.2.840.10008.5.1.4.1.1.128   | PT | {_IN_PATIENT}  |
1.2.840.10008.5.1.4.1.1.1     | CR | {_AT_DETECTOR} |
1.2.840.10008.5.1.4.1.1.1.1   | DX | {_AT_DETECTOR} | {_FOR_PRESENTATION}
1.2.840.10008.5.1.4.1.1.1.1.1 | DX | {_AT_DETECTOR} |
1.2.840.10008.5.1.4.1.1.1.2   | MG | {_AT_DETECTOR} | {_FOR_PRESENTATION}
1.2.840.10008.5.1.4.1.1.1.2.1 | MG | {_AT_DETECTOR} |
"""


def _parse(rows: str) -> Mapping[str, Iod]:
    table = {}
    for line in rows.strip().splitlines():
        uid, modality, spacing, intent = (part.strip() for part in line.split("|"))
        table[uid] = Iod(sop_class_uid=uid, modality=modality, spacing=spacing, presented=intent == _FOR_PRESENTATION)
    return MappingProxyType(table)


IODS: Final[Mapping[str, Iod]] = _parse(_ROWS)
"""By SOP Class UID."""

PROJECTIONS: Final = frozenset(iod.modality for iod in IODS.values() if iod.projection)
"""Modalities whose images are projections."""

UNITS: Final = MappingProxyType({"CT": "HU", "MR": "signal", "PT": "Bq/mL", "CR": "exposure", "DX": "exposure"})
"""Unit of the volumes of each modality (`restoration.volume`), where its values have one."""


def classes_of(modality: str) -> frozenset[str]:
    """Return the SOP Class UIDs of a modality; empty where this node answers none."""
    return frozenset(uid for uid, iod in IODS.items() if iod.modality == modality)


def spacing_of(sop_class_uid: str) -> str:
    """Return the attribute that holds an object's distances of rows and columns."""
    iod = IODS.get(sop_class_uid)
    return iod.spacing if iod is not None else _IN_PATIENT


def is_projection(sop_class_uid: str) -> bool:
    """Whether an object of this class is a projection."""
    iod = IODS.get(sop_class_uid)
    return iod is not None and iod.projection


@dataclass(frozen=True, kw_only=True)
class Exposed:
    """What the header of an X-ray image says of its values, as text; empty where it says nothing.

    Attributes
    ----------
    sop_class_uid
        SOP Class UID.
    intent, relation, sign
        Presentation Intent Type, Pixel Intensity Relationship and its Sign.
    intercept
        Rescale Intercept.
    has_table
        Whether there is a Modality LUT Sequence.
    """

    sop_class_uid: str
    intent: str
    relation: str
    sign: str
    intercept: str
    has_table: bool


def not_proportional(image: Exposed) -> str:
    """Say why values are not proportional to the exposure of the detector (C.8.11.3.1.2); empty where they are."""
    iod = IODS.get(image.sop_class_uid)
    if image.intent == "FOR PRESENTATION" or (iod is not None and iod.presented):
        return "the image is FOR PRESENTATION"
    if (image.relation, image.sign) != ("LIN", "1"):
        return f"Pixel Intensity Relationship is {image.relation or 'missing'}, its sign {image.sign or 'missing'}"
    if image.has_table:
        return "a Modality LUT changes the values"
    return f"Rescale Intercept is {image.intercept}" if _is_not_zero(image.intercept) else ""


def _is_not_zero(text: str) -> bool:
    try:
        return bool(text) and float(text) != 0
    except ValueError:
        return True
