"""Transfer syntaxes that cannot change a stored value, and those that have (PS3.5 A). Pure."""

from typing import Final

_JPEG: Final = "1.2.840.10008.1.2.4."

LOSSLESS: Final = frozenset(
    {
        *("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"),
        "1.2.840.10008.1.2.5",
        *(_JPEG + end for end in ("57", "70", "80", "90", "201", "202")),
    }
)

LOSSY: Final = frozenset(_JPEG + end for end in ("50", "51", "53", "55", "81", "91", "93", "203"))
"""Such as may have: what JPEG 2000 says of itself is not looked at."""
