"""Pixel Data: digest of its bytes, whether they suffice, stored values with pinned decoders. Touches: files (reads)."""

import hashlib
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import UID

from dicom_node.domain.errors import BadInstance

_CHUNK: Final = 1 << 20
_ITEM_HEAD: Final = struct.Struct("<HHL")  # group and element of the tag, length
_ITEM: Final = 0xFFFEE000
_DELIMITER: Final = 0xFFFEE0DD
_UNDEFINED: Final = 0xFFFFFFFF
_JPEG: Final = "1.2.840.10008.1.2.4."
_PLUGINS: Final[Mapping[str, str]] = {
    "1.2.840.10008.1.2.5": "pylibjpeg",
    **{_JPEG + end: "gdcm" for end in ("50", "51", "57", "70")},
    **{_JPEG + end: "pyjpegls" for end in ("80", "81")},
    **{_JPEG + end: "pylibjpeg" for end in ("90", "91", "201", "202", "203")},
}
"""One decoder per compressed syntax: without this the first installed one would answer."""
_PIXEL_KEYWORDS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")


def stored_values(path: Path) -> NDArray[Any]:
    """Decode one file.

    Returns
    -------
    ndarray
        (rows, columns) or (frames, rows, columns), samples last where there are several; sign extended from Bits
        Stored, no colour conversion, native byte order.

    Raises
    ------
    BadInstance
        There is no pixel data, or no decoder for its transfer syntax.
    """
    ds = dcmread(path)
    syntax = UID(str(ds.file_meta.get("TransferSyntaxUID", "")))
    if not any(keyword in ds for keyword in _PIXEL_KEYWORDS):
        raise _refusal("it has no Pixel Data", path)
    if syntax.is_encapsulated and str(syntax) not in _PLUGINS:
        raise _refusal(f"no decoder is installed for the transfer syntax {syntax}", path)
    array, _ = get_decoder(syntax).as_array(ds, raw=True, decoding_plugin=_PLUGINS.get(str(syntax), ""))
    return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("="), copy=False))


def value_digest(array: NDArray[Any]) -> str:
    """Return the SHA-256 of shape, type and little-endian values."""
    values = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<"), copy=False))
    digest = hashlib.sha256(f"{values.shape} {values.dtype.str}".encode())
    digest.update(values.data.cast("B"))
    return digest.hexdigest()


def digest_of_bytes(file: BinaryIO, length: int) -> tuple[str, int, bool]:
    """Hash the value that begins where the file stands, without holding it.

    Parameters
    ----------
    file
        At the value's first byte.
    length
        As stated; 0xFFFFFFFF for encapsulated fragments, which are hashed with their item headers.

    Returns
    -------
    tuple
        Digest in hex, bytes hashed, and whether the file ended before the value did.
    """
    digest = hashlib.sha256()
    if length != _UNDEFINED:
        done = _hash(file, length, digest)
        return digest.hexdigest(), done, done < length
    total = 0
    while len(head := file.read(_ITEM_HEAD.size)) == _ITEM_HEAD.size:
        group, number, size = _ITEM_HEAD.unpack(head)
        tag = group << 16 | number
        if tag != _ITEM:
            return digest.hexdigest(), total, tag != _DELIMITER
        digest.update(head)
        done = _hash(file, size, digest)
        total += done
        if done < size:
            break
    return digest.hexdigest(), total, True


def expected_bytes(attributes: Mapping[str, Any], words: int) -> int:
    """Return how long uncompressed pixel data must be by its attributes [bytes]; 0 where they do not say.

    Parameters
    ----------
    attributes
        Of the object.
    words
        Bits of a word where Bits Allocated is not stated (float pixel data).
    """

    def number(keyword: str, default: int) -> int:
        item = attributes.get(keyword)
        try:
            return default if item is None else int(item["value"][0])
        except (TypeError, ValueError):
            return 0

    samples = number("Rows", 0) * number("Columns", 0) * number("SamplesPerPixel", 1) * number("NumberOfFrames", 1)
    bits = samples * number("BitsAllocated", words)
    if "YBR_FULL_422" in (attributes.get("PhotometricInterpretation") or {"value": []})["value"]:
        bits = bits * 2 // 3
    return (bits + 7) // 8


def _hash(file: BinaryIO, length: int, digest: Any) -> int:
    done = 0
    while done < length:
        part = file.read(min(_CHUNK, length - done))
        if not part:
            break
        digest.update(part)
        done += len(part)
    return done


def _refusal(happened: str, path: Path) -> BadInstance:
    return BadInstance(happened=happened, subject=path.name, remedy="It is kept as received.")
