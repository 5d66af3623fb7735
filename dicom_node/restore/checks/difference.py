"""The difference of two headers, element by element, sequences and private elements included. Pure."""

from collections.abc import Iterator

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicom_node.domain.work import Equipment
from dicom_node.restore.derive.attributes import Action, keeps_private, row_of

_PIXEL_GROUP = 0x7FE0


def unexplained(source: Dataset, derived: Dataset, *, equipment: Equipment) -> Iterator[str]:
    """Yield every attribute that differs though the table keeps it, or is there though the table drops it."""
    for tag in sorted(set(source.keys()) | set(derived.keys())):
        if not _explained(tag, source, derived, equipment):
            yield _name(tag, source if tag in source else derived)


def _explained(tag: BaseTag, source: Dataset, derived: Dataset, equipment: Equipment) -> bool:
    if tag.is_private:
        return _private_explained(tag, source, derived)
    action = row_of(tag, modality=str(source.get("Modality", "")), equipment=equipment).action
    if action is Action.DROP or (tag.group == _PIXEL_GROUP and action is Action.KEEP):
        return tag not in derived
    if action is Action.COMPUTE and tag.group != _PIXEL_GROUP:
        return (tag in source) == (tag in derived)
    return action is not Action.KEEP or _both_equal(tag, source, derived)


def _private_explained(tag: BaseTag, source: Dataset, derived: Dataset) -> bool:
    kept = tag in source and keeps_private(source, tag)
    return _both_equal(tag, source, derived) if kept else tag not in derived


def _both_equal(tag: BaseTag, source: Dataset, derived: Dataset) -> bool:
    return tag in source and tag in derived and same(source[tag], derived[tag])


def same(left: DataElement, right: DataElement) -> bool:
    """Whether two elements hold the same value, whatever encoding they were read from."""
    if left.VR != "SQ" and right.VR != "SQ":
        return _plain(left) == _plain(right)
    if left.VR != right.VR or len(left.value) != len(right.value):
        return False
    return all(_same_items(one, other) for one, other in zip(left.value, right.value, strict=True))


def _same_items(left: Dataset, right: Dataset) -> bool:
    """Compare two items; private elements and group lengths go from items, so the left may have them."""
    kept = {tag for tag in sorted(left.keys()) if not tag.is_private and tag.element != 0}
    return kept == set(right.keys()) and all(same(left[tag], right[tag]) for tag in kept)


def _plain(element: DataElement) -> object:
    value = element.value
    if value is None or value == "":
        return ""
    if isinstance(value, bytes):
        return value.rstrip(b"\0")
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        return str(value).strip(" \0")
    parts = [str(part).strip(" \0") for part in value]
    return parts[0] if len(parts) == 1 else parts or ""


def _name(tag: BaseTag, header: Dataset) -> str:
    keyword = header[tag].keyword
    return keyword or str(tag)
