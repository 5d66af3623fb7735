"""Checks on stored values: units, range, padding, alignment, digest. What the values mean is the guard's. Pure."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from dicom_node.restore.checks.check import Check, Evidence, Pair, counted, text
from dicom_node.restore.derive.uids import StoredArray, pixel_digest
from dicom_node.restore.stored_values import Domain, domain_of, padding_mask

CLIPPED_SHARE: Final = 1e-5
SHIFT_PIXELS: Final = 0.1
_UNITS: Final = (
    "RescaleSlope",
    "RescaleIntercept",
    "RescaleType",
    "Units",
    "PhotometricInterpretation",
    "SamplesPerPixel",
    "PixelRepresentation",
    "BitsAllocated",
    "BitsStored",
    "HighBit",
    "Rows",
    "Columns",
)
_Picture = npt.NDArray[np.float32]
_WINDOW: Final = ("WindowCenter", "WindowWidth", "VOILUTFunction")


def units(evidence: Evidence) -> Check:
    """Count attributes of the stored domain that are not the source's."""
    return counted("units", _differing(evidence, _UNITS))


def window(evidence: Evidence) -> Check:
    """Count window attributes that are not the source's."""
    return counted("window", _differing(evidence, _WINDOW))


def _differing(evidence: Evidence, keywords: Sequence[str]) -> Iterator[str]:
    for pair in evidence.pairs:
        for keyword in keywords:
            if text(pair.source, keyword) != text(pair.derived, keyword):
                yield f"{pair.place} {keyword}"


def value_range(evidence: Evidence) -> Check:
    """Return the share of pixels cut to the bits; 1 where a stored value lies beyond them."""
    beyond = [
        pair.place
        for pair in evidence.pairs
        if pair.derived_values.min() < pair.domain.limits[0] or pair.derived_values.max() > pair.domain.limits[1]
    ]
    number = 1.0 if beyond else evidence.clipped
    return Check(name="range", number=number, bound=CLIPPED_SHARE, place="; ".join(beyond[:3]))


def padding(evidence: Evidence) -> Check:
    """Count pixels that are padding in one and not in the other, or another padding value."""
    wrong = [
        f"{pair.place} {count} pixels"
        for pair in evidence.pairs
        if pair.source_values.shape == pair.derived_values.shape and (count := _padding_differs(pair))
    ]
    return counted("padding", wrong)


def _padding_differs(pair: Pair) -> int:
    before = padding_mask(pair.source_values, pair.domain)
    after = padding_mask(pair.derived_values, domain_of(pair.derived))
    other_value = before & (pair.source_values != pair.derived_values)
    return int(np.count_nonzero((before != after) | other_value))


def extremes(evidence: Evidence) -> Check:
    """Count stated smallest and largest pixel values that are not the real ones."""
    return counted(
        "min/max",
        (
            f"{pair.place} {keyword}"
            for pair in evidence.pairs
            for keyword, value in (
                ("SmallestImagePixelValue", pair.derived_values.min()),
                ("LargestImagePixelValue", pair.derived_values.max()),
            )
            if keyword in pair.derived and pair.derived.get(keyword) != int(value)
        ),
    )


def digest(evidence: Evidence) -> Check:
    """Count objects whose decoded values are not those they were named by."""
    return counted("digest", (pair.place for pair in evidence.pairs if _digest_of(pair) != pair.digest))


def _digest_of(pair: Pair) -> str:
    domain = domain_of(pair.derived)
    return pixel_digest(
        pair.derived_values,
        bits_stored=domain.bits_stored,
        pixel_representation=int(domain.signed),
        rescale=[domain.rescale],
    )


def alignment(evidence: Evidence) -> Check:
    """Return the largest shift against the source [pixel]; infinite for a slice that is a neighbour's, or is turned."""
    found = [item for stack in evidence.stacks for item in _shifts(stack)]
    worst, place = max(found)
    return Check(name="alignment", number=worst, bound=SHIFT_PIXELS, place=place if worst > SHIFT_PIXELS else "")


def _shifts(stack: Sequence[Pair]) -> Iterator[tuple[float, str]]:
    pictures = [_without_padding(pair.source_values, pair.domain) for pair in stack]
    for index, (pair, source) in enumerate(zip(stack, pictures, strict=True)):
        derived = _without_padding(pair.derived_values, pair.domain)
        if derived.shape != source.shape:
            yield float("inf"), pair.place
            continue
        strangers = [pictures[other] for other in (index - 1, index + 1) if 0 <= other < len(stack)] + _turned(source)
        own = _likeness(derived, source)
        strayed = any(_likeness(derived, other) > own for other in strangers)
        yield (float("inf") if strayed else _shift(source, derived)), pair.place


def _without_padding(stored: StoredArray, domain: Domain) -> _Picture:
    """Return values from which padding, far below all others, does not stand out and hide everything else."""
    mask = padding_mask(stored, domain)
    picture = stored.astype(np.float32)
    return np.where(mask, picture[~mask].mean(), picture) if mask.any() and not mask.all() else picture


def _turned(source: _Picture) -> list[_Picture]:
    flips = [np.flip(source, axis) for axis in (0, 1, (0, 1))]
    square = source.shape[0] == source.shape[1]
    return [*flips, source.T, np.rot90(source), np.rot90(source, -1)] if square else flips


def _likeness(one: _Picture, other: _Picture) -> float:
    """Return the correlation of two slices; 1 where both are constant."""
    a, b = one - one.mean(), other - other.mean()
    norm = float(np.linalg.norm(a)) * float(np.linalg.norm(b))
    return float(np.vdot(a, b)) / norm if norm else 1.0


def _shift(source: _Picture, derived: _Picture) -> float:
    """Return the shift that explains most of the change: least squares on the source's gradient [pixel]."""
    rows, columns = np.gradient(source)
    change = source - derived
    normal = np.array(
        [[np.vdot(rows, rows), np.vdot(rows, columns)], [np.vdot(rows, columns), np.vdot(columns, columns)]],
        dtype=np.float64,
    )
    # A constant picture has no gradient and cannot be told to have moved.
    if np.linalg.det(normal) <= 1e-6 * float(np.trace(normal)) ** 2 / 4:
        return 0.0
    right = np.array([np.vdot(rows, change), np.vdot(columns, change)], dtype=np.float64)
    return float(np.abs(np.linalg.solve(normal, right)).max())
