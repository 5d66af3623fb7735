"""Which private elements of a data set are kept. Pure."""

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from dicom_node.restore.derive.attributes import keeps_private


def is_kept(header: Dataset, tag: BaseTag) -> bool:
    """Whether a private element is on the list, or is the creator of one that is there and on it (PS3.5 7.8.1)."""
    if tag.is_private_creator:
        creator = str(header[tag].value)
        tags = sorted(header.keys())
        block = (other for other in tags if other.group == tag.group and other.element >> 8 == tag.element)
        return any(keeps_private(creator, other) for other in block)
    element = header.get((tag.group, tag.element >> 8))
    return element is not None and keeps_private(str(element.value), tag)
