"""Scores of the blob gates do not depend on units or orientation, and grow with what was planted."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from restoration.guard.blobs import BlobMaps, blob_maps
from restoration.guard.evidence import SliceEvidence, slice_evidence
from restoration.volume import FloatArray, Volume

SIZE = 96
PICTURES = ("source", "change", "keep", "base", "sigma", "lift")
ROWS, COLUMNS = np.mgrid[:SIZE, :SIZE]


def evidence(seed: int, planted: FloatArray | float = 0.0) -> SliceEvidence:
    rng = np.random.default_rng(seed)
    source = (500 + 20 * rng.normal(size=(SIZE, SIZE))).astype(np.float32)
    change = (10 * rng.normal(size=(SIZE, SIZE)) + planted).astype(np.float32)
    before = Volume(array=source[None], pixel_mm=(1.0, 1.0), positions_mm=(0.0,), thickness_mm=None, unit="exposure")
    return slice_evidence(before, 0, restored=before.with_array(before.array + change), level=500.0)


def maps(one: SliceEvidence) -> BlobMaps:
    found = blob_maps(one, step=0.0)
    assert found is not None
    return found


def heights(one: SliceEvidence) -> FloatArray:
    found = maps(one)
    return np.maximum(found.erased, found.created)


def disc(row: int, column: int, diameter: float) -> FloatArray:
    return (np.hypot(ROWS - row, COLUMNS - column) < diameter / 2).astype(np.float32)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), turn=st.integers(0, 3))
def test_a_turned_slice_has_turned_maps(seed: int, turn: int) -> None:
    one = evidence(seed)
    turned = replace(
        one,
        **{name: np.rot90(getattr(one, name), turn).copy() for name in PICTURES},
    )
    np.testing.assert_allclose(heights(turned), np.rot90(heights(one), turn), rtol=0.1, atol=0.3)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), scale=st.floats(0.2, 5.0))
def test_the_size_of_the_change_does_not_matter(seed: int, scale: float) -> None:
    one = evidence(seed)
    larger = replace(one, **{name: getattr(one, name) * np.float32(scale) for name in PICTURES if name != "keep"})
    np.testing.assert_allclose(heights(larger), heights(one), rtol=0.02, atol=0.02)


@settings(max_examples=20, deadline=None)
@given(
    seed=st.integers(0, 1000),
    row=st.integers(24, 72),
    column=st.integers(24, 72),
    diameter=st.floats(4.0, 16.0),
    sign=st.sampled_from((-1, 1)),
)
def test_what_is_planted_is_found_at_its_place(seed: int, row: int, column: int, diameter: float, sign: int) -> None:
    found = maps(evidence(seed, sign * 60 * disc(row, column, diameter)))
    assert found.created.max() > 10
    where = np.unravel_index(int(found.created.argmax()), found.created.shape)
    assert np.hypot(where[0] - row, where[1] - column) < diameter / 2 + 2
