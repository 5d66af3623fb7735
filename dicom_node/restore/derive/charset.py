"""In which character set a derived object is written: the source's as long as that holds all its text. Pure."""

import re
import warnings
from collections.abc import Iterator, Sequence
from typing import Final

from pydicom.charset import convert_encodings, decode_bytes, encode_string, python_encoding
from pydicom.dataset import Dataset
from pydicom.valuerep import TEXT_VR_DELIMS

UNICODE: Final = "ISO_IR 192"

TEXT_VRS: Final = frozenset({"SH", "LO", "ST", "LT", "UT", "UC", "PN"})
"""Written in the Specific Character Set (PS3.5 6.2)."""


def keeps_its_character_set(target: Dataset) -> bool:
    """Whether all text of a data set can be written in the character set it names (C.12.1.1.2).

    Text that is written otherwise than it was read would become another text, or question marks: pydicom only warns.
    """
    given = target.get("SpecificCharacterSet") or ""
    names = [given] if isinstance(given, str) else [str(name) for name in given]
    if any(name and name not in python_encoding for name in names):
        return False
    if not any(names) and not target.SeriesDescription.isascii():
        # Without a name it is the default repertoire; other text of the source may break that, ours may not.
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        encodings = convert_encodings(names)
        return all(_survives(text, encodings) for text in _texts(target))


def _survives(text: str, encodings: Sequence[str]) -> bool:
    return decode_bytes(encode_string(text, encodings), encodings, TEXT_VR_DELIMS) == text


def _texts(target: Dataset) -> Iterator[str]:
    """Yield each text that is encoded by itself: single values, and the parts of names (PS3.5 6.2.1)."""
    for element in target:
        if element.VR == "SQ":
            for item in element.value:
                yield from _texts(item)
        elif element.VR in TEXT_VRS and element.value:
            for value in [element.value] if element.VM == 1 else element.value:
                yield from re.split(r"[\^=]", str(value)) if element.VR == "PN" else [str(value)]
