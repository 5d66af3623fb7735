"""Turns our own uncompressed objects into the lossless form that a destination prefers, and decodes them again.

The decoder is of another library than the encoder: what it does not give back to the last bit goes out as stored.

Touches: files (reads).
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.pixels.utils import pixel_array
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless

LOSSLESS: Final[Mapping[str, str]] = MappingProxyType(
    {"jpeg-ls": str(JPEGLSLossless), "jpeg-2000": str(JPEG2000Lossless)}
)
"""What a destination's `syntax` means (PS3.5 A.4.3, A.4.4); another one leaves objects as they are stored."""

_ENCODERS: Final[Mapping[str, str]] = MappingProxyType(
    {str(JPEGLSLossless): "pyjpegls", str(JPEG2000Lossless): "pylibjpeg"}
)
_OTHER_DECODER: Final = "gdcm"


def compressed(path: Path, transfer_syntax_uid: str) -> Dataset | None:
    """Return an object in a lossless form; None where that form does not give its values back to the last bit.

    Parameters
    ----------
    path
        A Part 10 file without compression.
    transfer_syntax_uid
        One of `LOSSLESS`.
    """
    data_set = dcmread(path)
    try:
        before = data_set.pixel_array
        data_set.compress(
            transfer_syntax_uid, encoding_plugin=_ENCODERS[transfer_syntax_uid], generate_instance_uid=False
        )
        after = pixel_array(data_set, decoding_plugin=_OTHER_DECODER)
    except Exception:  # noqa: BLE001  whatever a codec raises, the object can go out as it is stored
        return None
    return data_set if before.dtype == after.dtype and np.array_equal(before, after) else None
