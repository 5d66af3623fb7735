"""From stored values to physical units and back: round, clip, count, and keep the padding value for padding. Pure."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from dicom_node.domain.errors import NodeError
from dicom_node.restore.derive.uids import StoredArray

NOTICEABLE: Final = 0.01
"""Share of the value range by which a value must be cut to count: air and background lie at the lower limit of many
objects, and what filtering leaves of their noise is cut there by a few steps without harm."""

FloatArray = npt.NDArray[np.float32]
BoolArray = npt.NDArray[np.bool_]


class NotANumber(NodeError):
    """A pipeline gave values that are no numbers; they cannot be stored."""


@dataclass(frozen=True, kw_only=True)
class Domain:
    """How an object's stored values are to be read.

    Attributes
    ----------
    bits_stored, signed
        Of the stored values (PS3.3 C.7.6.3).
    slope, intercept
        Rescale; None where the object has none, which reads as 1 and 0.
    padding
        Smallest and largest stored value that means padding (PS3.3 C.7.5.1.1.2); None where there is none.
    """

    bits_stored: int
    signed: bool
    rescale: tuple[float, float] | None
    padding: tuple[int, int] | None

    @property
    def limits(self) -> tuple[int, int]:
        """Smallest and largest value that the bits hold."""
        if self.signed:
            return -(1 << (self.bits_stored - 1)), (1 << (self.bits_stored - 1)) - 1
        return 0, (1 << self.bits_stored) - 1

    @property
    def slope(self) -> float:
        """Units per stored step."""
        return self.rescale[0] if self.rescale else 1.0

    @property
    def intercept(self) -> float:
        """Units at the stored value 0."""
        return self.rescale[1] if self.rescale else 0.0


@dataclass(frozen=True, kw_only=True, eq=False)
class Stored:
    """Values in the stored domain.

    Attributes
    ----------
    values
        (rows, columns), in the source's type.
    clipped
        Pixels cut noticeably to what the bits hold, which the source did not have at that limit.
    moved
        Pixels moved off the padding value.
    """

    values: StoredArray
    clipped: int
    moved: int


def domain_of(header: Dataset) -> Domain:
    """Read an object's domain from its header."""
    signed = int(header.PixelRepresentation) == 1
    rescale = None
    if header.get("RescaleSlope") is not None and header.get("RescaleIntercept") is not None:
        rescale = (float(header.RescaleSlope), float(header.RescaleIntercept))
    return Domain(
        bits_stored=int(header.BitsStored), signed=signed, rescale=rescale, padding=_padding(header, signed=signed)
    )


def to_units(stored: StoredArray, domain: Domain) -> FloatArray:
    """Return ``slope × stored + intercept`` as float32."""
    return (stored.astype(np.float64) * domain.slope + domain.intercept).astype(np.float32)


def padding_mask(stored: StoredArray, domain: Domain) -> BoolArray:
    """Return where the object holds padding."""
    if domain.padding is None:
        return np.zeros(stored.shape, dtype=np.bool_)
    low, high = domain.padding
    return (stored >= low) & (stored <= high)


def to_stored(values: FloatArray, source: StoredArray, domain: Domain) -> Stored:
    """Put restored values into the source's stored domain.

    Where a value was not changed the stored value is the source's, to the bit; padding stays padding, and nothing else
    may take a padding value.

    Parameters
    ----------
    values
        (rows, columns) float32 [unit].
    source
        (rows, columns) stored values of the object that is answered.
    domain
        Of that object.

    Raises
    ------
    NotANumber
        A value is not finite.
    """
    if not np.isfinite(values).all():
        raise NotANumber(
            happened="the pipeline gave values that are no numbers",
            subject="restored slice",
            remedy="Report the pipeline; the original is untouched.",
        )
    low, high = domain.limits
    exact = np.rint((values.astype(np.float64) - domain.intercept) / domain.slope)
    kept = (values == to_units(source, domain)) | padding_mask(source, domain)
    exact = np.where(kept, source, exact)
    limited = np.clip(exact, low, high)
    clipped = (np.abs(limited - exact) > NOTICEABLE * (high - low)) & (source != limited)
    result, moved = _off_padding(limited.astype(source.dtype), domain, kept=kept)
    return Stored(values=result, clipped=int(np.count_nonzero(clipped)), moved=moved)


def _off_padding(stored: StoredArray, domain: Domain, *, kept: BoolArray) -> tuple[StoredArray, int]:
    wrong = padding_mask(stored, domain) & ~kept
    moved = int(np.count_nonzero(wrong))
    if moved and domain.padding is not None:
        low, high = domain.padding
        above = high + 1 if high < domain.limits[1] else low - 1
        below = low - 1 if low > domain.limits[0] else high + 1
        nearer_above = stored.astype(np.int64) * 2 > low + high
        upwards = nearer_above | (low == high) & (above > high)
        stored = np.where(wrong, np.where(upwards, above, below), stored).astype(stored.dtype)
    return stored, moved


def _padding(header: Dataset, *, signed: bool) -> tuple[int, int] | None:
    value = header.get("PixelPaddingValue")
    if not isinstance(value, int):
        return None
    limit = header.get("PixelPaddingRangeLimit")
    bounds = [_as_stored(value, signed=signed), _as_stored(limit if isinstance(limit, int) else value, signed=signed)]
    return min(bounds), max(bounds)


def _as_stored(value: int, *, signed: bool) -> int:
    """Read a word written with the other sign than Pixel Representation says."""
    if signed and value > 0x7FFF:
        return value - 0x10000
    return value + 0x10000 if not signed and value < 0 else value
