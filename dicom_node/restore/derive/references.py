"""What a derived object refers to: the slice it answers and its neighbours, and images whose series is known. Pure."""

from collections.abc import Mapping
from typing import Final

from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

SeriesOf = Mapping[str, str]
"""SOP Instance UID to Series Instance UID, of instances of the same study that are known."""

SOURCE_IMAGE: Final = ("121322", "DCM", "Source image for image processing operation")
"""CID 7202."""


def referred(source: Dataset) -> tuple[str, ...]:
    """Return the SOP Instance UIDs of a source's Referenced Image Sequence."""
    items = source.get("ReferencedImageSequence") or ()
    return tuple(str(item.get("ReferencedSOPInstanceUID", "")) for item in items)


MOST_NEIGHBOURS: Final = 3
"""On either side that are named, however far a pipeline looks: three hundred take 65 KB in each object."""


def neighbours(index: int, count: int, *, reach: int) -> list[int]:
    """Return the places of the slices that a pipeline looked at for one slice, nearest first, that one left out.

    Parameters
    ----------
    index, count
        The slice's place in its stack, and how many there are.
    reach
        Slices on either side that the pipeline looks at.
    """
    near = min(reach, MOST_NEIGHBOURS)
    places = (index + sign * away for away in range(1, near + 1) for sign in (-1, 1))
    return [place for place in places if 0 <= place < count]


def refer(target: Dataset, sources: tuple[Dataset, ...], *, known: SeriesOf) -> None:
    """Replace every reference of a data set that was copied from a source (C.12.4, C.12.2).

    Parameters
    ----------
    target
        The copy.
    sources
        What it was copied from, then what else was looked at for it.
    known
        Series of other instances of the study.
    """
    source = sources[0]
    target.SourceImageSequence = Sequence([_source_item(one) for one in sources])
    own = [_reference(one.SOPClassUID, one.SOPInstanceUID) for one in sources]
    series: dict[str, list[Dataset]] = {str(source.SeriesInstanceUID): own}
    images = referred(source)
    if images and all(uid in known for uid in images):
        for item in target.ReferencedImageSequence:
            uid = str(item.ReferencedSOPInstanceUID)
            referenced = series.setdefault(known[uid], [])
            if uid not in {str(other.ReferencedSOPInstanceUID) for other in referenced}:
                referenced.append(_reference(item.ReferencedSOPClassUID, uid))
    elif "ReferencedImageSequence" in target:
        del target.ReferencedImageSequence
    target.ReferencedSeriesSequence = Sequence([_series_item(uid, items) for uid, items in series.items()])


def _source_item(source: Dataset) -> Dataset:
    item = _reference(source.SOPClassUID, source.SOPInstanceUID)
    item.SpatialLocationsPreserved = "YES"
    item.PurposeOfReferenceCodeSequence = Sequence([CodedConcept(*SOURCE_IMAGE)])
    return item


def _reference(sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = str(sop_class_uid)
    item.ReferencedSOPInstanceUID = str(sop_instance_uid)
    return item


def _series_item(uid: str, instances: list[Dataset]) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = uid
    item.ReferencedInstanceSequence = Sequence(instances)
    return item
