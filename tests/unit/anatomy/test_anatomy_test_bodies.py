"""Anatomy to test on: every voxel has a name, values and lesions are true."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy import ndimage

from restoration.anatomy.ct_test import LESION_HU, VALUES_HU, ct_test_anatomy, ct_test_anatomy_volume
from restoration.anatomy.mr_test import LESION_SIGNAL, NAMES, mr_test_anatomy, mr_test_anatomy_volume
from restoration.anatomy.shapes.labelled import Labelled

BODIES = [
    pytest.param(lambda seed: ct_test_anatomy(512, np.random.default_rng(seed)), 25.0, id="ct"),
    pytest.param(lambda seed: mr_test_anatomy(256, np.random.default_rng(seed)), 0.05, id="mr"),
]


def well_inside(body: Labelled, name: str) -> npt.NDArray[np.bool_]:
    """Return the voxels of a tissue that the blur does not reach from its neighbours."""
    return np.asarray(ndimage.binary_erosion(body.mask(name), iterations=3), bool)


@pytest.mark.parametrize(("draw", "span"), BODIES)
def test_the_seed_decides(draw: Callable[[int], Labelled], span: float) -> None:
    first, again, other = draw(1), draw(1), draw(2)
    assert np.array_equal(first.picture, again.picture)
    assert np.array_equal(first.labels, again.labels)
    assert (first.labels != other.labels).any()
    assert first.picture.dtype == np.float32
    assert first.labels.dtype == np.uint8


@pytest.mark.parametrize(("draw", "span"), BODIES)
def test_tissues_have_their_values(draw: Callable[[int], Labelled], span: float) -> None:
    body = draw(0)
    seen = 0
    for name, value in zip(body.names, body.values, strict=True):
        inside = well_inside(body, name)
        if inside.sum() > 20:
            assert body.picture[inside].mean() == pytest.approx(value, abs=0.2 * span), name
            seen += 1
    assert seen >= 6


@pytest.mark.parametrize(("draw", "span"), BODIES)
def test_lesions_are_there_and_do_not_touch(draw: Callable[[int], Labelled], span: float) -> None:
    body = draw(3)
    dark, bright = body.mask("dark lesion"), body.mask("bright lesion")
    for mask in (dark, bright):
        assert ndimage.label(mask)[1] >= 2
    assert not (ndimage.binary_dilation(dark) & bright).any()


def test_ct_lesions_differ_from_the_liver_by_what_they_say() -> None:
    body = ct_test_anatomy(512, np.random.default_rng(5))
    liver = body.picture[well_inside(body, "liver")].mean()
    for name, sign in (("dark lesion", -1), ("bright lesion", 1)):
        assert body.picture[well_inside(body, name)].mean() - liver == pytest.approx(sign * LESION_HU, abs=4)
    assert set(body.names) == set(VALUES_HU)


def test_mr_lesions_differ_from_white_matter_by_what_they_say() -> None:
    body = mr_test_anatomy(256, np.random.default_rng(5))
    white = body.values[NAMES.index("white matter")]
    assert body.values[NAMES.index("dark lesion")] == pytest.approx(white - LESION_SIGNAL)
    assert body.values[NAMES.index("bright lesion")] == pytest.approx(white + LESION_SIGNAL)
    assert body.picture.min() >= 0


def test_volumes_average_over_the_slice_and_name_its_middle() -> None:
    body = ct_test_anatomy_volume(5, 160, np.random.default_rng(2), spacing_mm=(5.0, 2.2, 2.2))
    assert body.picture.shape == body.labels.shape == (5, 160, 160)
    assert body.slice(2).picture.shape == (160, 160)
    same = (body.labels[1:] == body.labels[:-1]).mean()
    assert 0.9 < same < 1
    assert body.mask("liver").any()
    assert body.mask("gas").any()


def test_a_small_field_of_view_holds_the_whole_body() -> None:
    for body in (
        ct_test_anatomy(256, np.random.default_rng(0), pixel_mm=0.7),
        mr_test_anatomy_volume(2, 128, np.random.default_rng(0), spacing_mm=(2.0, 1.0, 1.0)).slice(0),
    ):
        edge = np.concatenate([body.labels[0], body.labels[-1], body.labels[:, 0], body.labels[:, -1]])
        assert not edge.any()
