"""Stored values survive the way to units and back, whatever the rescale; and what is stored fits the bits."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dicom_node.restore.stored_values import Domain, padding_mask, to_stored, to_units

SLOPES = st.sampled_from([1.0, 0.5, 2.0, -1.0, 1.28, 5.9e-08, 0.0244200244])
INTERCEPTS = st.sampled_from([0.0, -1024.0, -8192.0, 12.5])


@st.composite
def domains(draw: st.DrawFn) -> Domain:
    bits, signed = draw(st.integers(8, 16)), draw(st.booleans())
    low, high = Domain(bits_stored=bits, signed=signed, rescale=None, padding=None).limits
    pad = draw(st.none() | st.integers(low, high))
    rescale = draw(st.none() | st.tuples(SLOPES, INTERCEPTS))
    return Domain(bits_stored=bits, signed=signed, rescale=rescale, padding=None if pad is None else (pad, pad))


@given(domain=domains(), data=st.data())
def test_stored_values_round_trip(domain: Domain, data: st.DataObject) -> None:
    low, high = domain.limits
    values = data.draw(st.lists(st.integers(low, high), min_size=1, max_size=20))
    source = np.array([values], dtype=np.int16 if domain.signed else np.uint16)
    again = to_stored(to_units(source, domain), source, domain)
    assert np.array_equal(again.values, source)
    assert (again.clipped, again.moved) == (0, 0)


@given(domain=domains(), data=st.data())
def test_whatever_comes_fits_and_keeps_padding(domain: Domain, data: st.DataObject) -> None:
    low, high = domain.limits
    values = data.draw(st.lists(st.integers(low, high), min_size=1, max_size=20))
    source = np.array([values], dtype=np.int16 if domain.signed else np.uint16)
    changes = data.draw(st.lists(st.floats(-1e6, 1e6, width=32), min_size=len(values), max_size=len(values)))
    restored = to_units(source, domain) + np.array([changes], dtype=np.float32)
    made = to_stored(restored, source, domain).values
    assert made.dtype == source.dtype
    assert made.min() >= low
    assert made.max() <= high
    assert np.array_equal(padding_mask(made, domain), padding_mask(source, domain))
