"""From stored values to units and back: rounding, limits, padding."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from dicom_node.restore.stored_values import Domain, NotANumber, domain_of, padding_mask, to_stored, to_units


def domain(**changes: object) -> Domain:
    fields: dict[str, object] = {"bits_stored": 12, "signed": False, "rescale": (1.0, -1024.0), "padding": None}
    return Domain(**{**fields, **changes})  # type: ignore[arg-type]


def stored(*values: int, dtype: str = "u2") -> np.ndarray:
    return np.array([values], dtype=dtype)


def units(*values: float) -> np.ndarray:
    return np.array([values], dtype=np.float32)


def test_values_are_rounded_and_clipped_and_counted() -> None:
    source = stored(1000, 1000, 1000, 4095, 1)
    result = to_stored(units(0.4, 0.6, 9000.0, 9000.0, -1026.0), source, domain())
    assert result.values.tolist() == [[1024, 1025, 4095, 4095, 0]]
    assert result.clipped == 1


def test_an_unchanged_value_is_the_source_to_the_bit() -> None:
    odd = domain(rescale=(0.1, 1e6), bits_stored=16)
    source = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(to_stored(to_units(source, odd), source, odd).values, source)


@pytest.mark.parametrize(
    ("padding", "value", "expected"),
    [
        ((0, 0), 0.2, 1),
        ((4095, 4095), 4095.0, 4094),
        ((100, 100), 100.0, 101),
        ((100, 110), 101.0, 99),
        ((100, 110), 109.0, 111),
        ((0, 10), 2.0, 11),
        ((4000, 4095), 4090.0, 3999),
    ],
)
def test_nothing_else_takes_a_padding_value(padding: tuple[int, int], value: float, expected: int) -> None:
    result = to_stored(units(value), stored(2000), domain(rescale=None, padding=padding))
    assert result.values.tolist() == [[expected]]
    assert result.moved == 1


def test_padding_stays_padding() -> None:
    source = stored(-2000, 40, dtype="i2")
    signed = domain(signed=True, bits_stored=16, rescale=(1.0, 0.0), padding=(-2000, -2000))
    assert to_stored(units(3.0, 50.0), source, signed).values.tolist() == [[-2000, 50]]
    assert padding_mask(source, signed).tolist() == [[True, False]]


def test_no_number_is_refused() -> None:
    with pytest.raises(NotANumber):
        to_stored(units(float("nan")), stored(1), domain())


@pytest.mark.parametrize(
    ("representation", "value", "limit", "expected"),
    [
        (1, 63536, None, (-2000, -2000)),
        (1, -1500, None, (-1500, -1500)),
        (0, 0, None, (0, 0)),
        (0, -1, None, (65535, 65535)),
        (0, 10, 2, (2, 10)),
    ],
)
def test_the_padding_of_a_header(representation: int, value: int, limit: int | None, expected: tuple[int, int]) -> None:
    header = Dataset()
    header.PixelRepresentation, header.BitsStored = representation, 16
    header.add_new("PixelPaddingValue", "SS" if value < 0 else "US", value)
    if limit is not None:
        header.add_new("PixelPaddingRangeLimit", "US", limit)
    assert domain_of(header).padding == expected
    assert domain_of(header).rescale is None
