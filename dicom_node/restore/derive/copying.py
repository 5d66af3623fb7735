"""Copying a source data set into a plain little endian one, without what the table drops. Pure.

A set read from a big endian file cannot be saved otherwise as it is, and the words inside its overlays and tables have
to be swapped by hand; a shallow copy would share elements with the source.
"""

import copy
from typing import Final

import numpy as np
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from dicom_node.domain.work import Equipment
from dicom_node.restore.derive.attributes import Action, keeps_private, row_of

_WORDS: Final = {"OW": "u2", "OL": "u4", "OF": "u4", "OD": "u8", "OV": "u8"}
_PIXELS: Final = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})


def copied(source: Dataset, *, equipment: Equipment) -> Dataset:
    """Return a deep copy of everything that is kept or replaced; dropped attributes and pixels are left out.

    Parameters
    ----------
    source
        As read, with its ambiguous VRs resolved; big endian words are swapped here.
    equipment
        Whose equipment attributes the derived object carries.
    """
    swap, modality = not _little_endian(source), str(source.get("Modality", ""))
    target = Dataset()
    for element in source:
        if element.tag.is_private:
            if keeps_private(source, element.tag):
                target.add(copied_element(element, swap=swap))
        elif element.keyword not in _PIXELS and _is_kept(element, modality, equipment):
            target.add(copied_element(element, swap=swap))
    return target


def _is_kept(element: DataElement, modality: str, equipment: Equipment) -> bool:
    return row_of(element.tag, modality=modality, equipment=equipment).action is not Action.DROP


def copied_element(element: DataElement, *, swap: bool = False) -> DataElement:
    """Return a deep copy of an element, without the private elements and group lengths of its items."""
    value = element.value
    if element.VR == "SQ":
        value = Sequence([_item(item, swap=swap) for item in value])
    elif swap and element.VR in _WORDS and isinstance(value, bytes):
        value = np.frombuffer(value, dtype=f">{_WORDS[element.VR]}").astype(f"<{_WORDS[element.VR]}").tobytes()
    else:
        value = copy.deepcopy(value)
    return DataElement(element.tag, element.VR, value, already_converted=True)


def _item(item: Dataset, *, swap: bool) -> Dataset:
    target = Dataset()
    for element in item:
        if not element.tag.is_private and element.tag.element != 0:
            target.add(copied_element(element, swap=swap))
    return target


def _little_endian(source: Dataset) -> bool:
    _implicit, little = source.original_encoding
    return little is not False
