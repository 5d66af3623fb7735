"""Slices that a series does not hold are not made up for a folder either: refused by the same words as in a node."""

from pathlib import Path

import pytest

from dicom_node.folder.restore import Asked, Ended, restore_folder
from dicom_node.restore.pipelines import Restorers
from tests.support.clock import FixedClock
from tests.support.phantoms import make_series, write_series


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"MRAcquisitionType": "2D"}, "MR Acquisition Type is 2D"),
        ({"MRAcquisitionType": "3D"}, "2 slices"),
    ],
    ids=["slices measured one by one", "too few slices"],
)
def test_series_that_hold_nothing_between_their_slices_are_refused(
    tmp_path: Path, changes: dict[str, str], words: str
) -> None:
    series = make_series(2, modality="MR")
    for ds in series:
        for keyword, value in changes.items():
            setattr(ds, keyword, value)
    write_series(series, tmp_path / "in")
    asked = Asked(pipeline="mr-super-resolution-through-plane")
    (outcome,) = restore_folder(
        tmp_path / "in", tmp_path / "out", asked=asked, restorers=Restorers({}), clock=FixedClock()
    )
    assert outcome.ended is Ended.REFUSED
    assert words in outcome.reason
    assert list((tmp_path / "out").iterdir()) == []
