"""Slices are matched by their planes alone."""

from dataclasses import replace

import pytest

from dicom_node.folder.pairing import NoMatch, Pair, Plane, pairs, plane_of
from tests.support.phantoms import make_series

BASE = Plane(
    frame_of_reference="1.2.3",
    axes=((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)),
    corner=(0.0, 0.0, 0.0),
    spacing=(1.0, 1.0),
    shape=(8, 8),
)


def at(position: float, **changes: object) -> Plane:
    return replace(BASE, corner=(0.0, 0.0, position), **changes)  # type: ignore[arg-type]


def test_order_and_extra_slices_do_not_matter() -> None:
    before, after = [at(0.0), at(2.0), at(4.0)], [at(4.01), at(6.0), at(0.0)]
    assert pairs(before, after) == (Pair(before=0, after=2, factor=1), Pair(before=2, after=0, factor=1))


def test_images_at_one_place_are_each_used_once() -> None:
    assert [pair.after for pair in pairs([at(0.0), at(0.0)], [at(0.0), at(0.0)])] == [0, 1]


def test_a_finer_grid_with_the_same_outer_corners_matches() -> None:
    assert pairs([at(0.0)], [at(0.0, spacing=(0.5, 0.5), shape=(16, 16))])[0].factor == 2


@pytest.mark.parametrize(
    ("other", "words"),
    [
        pytest.param(at(0.0, frame_of_reference="1.2.4"), "Frames of Reference differ", id="frame of reference"),
        pytest.param(at(0.0, axes=((0.0, 1.0, 0.0), (1.0, 0.0, 0.0))), "orientations differ", id="orientation"),
        pytest.param(at(0.0, spacing=(1.1, 1.1)), "pixel grids differ", id="spacing"),
        pytest.param(at(0.0, shape=(8, 9)), "pixel grids differ", id="matrix"),
        pytest.param(at(0.3), "nearest 0.30 mm apart", id="between the slices"),
        pytest.param(replace(BASE, corner=(0.5, 0.0, 0.0)), "shifted against each other by 0.50 mm", id="shifted"),
    ],
)
def test_what_does_not_match_is_named(other: Plane, words: str) -> None:
    with pytest.raises(NoMatch, match=words):
        pairs([BASE], [other])


def test_a_plane_is_read_from_its_outer_corner() -> None:
    (ds,) = make_series(1, size=10)
    plane = plane_of(ds)
    assert plane.corner == pytest.approx((-3.5, -3.5, 0.0), abs=1e-4)
    assert (plane.shape, plane.spacing) == ((10, 10), (0.7, 0.7))
    del ds.ImagePositionPatient
    with pytest.raises(NoMatch, match="position, orientation or spacing is missing"):
        plane_of(ds)
