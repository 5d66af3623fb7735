"""Which proposed presentation contexts the node takes, and in which transfer syntax (PS3.8 9.3.2.2, PS3.7 D.3.3). Pure.

An acceptor is not bound to the 128 contexts that a requestor may propose: what is supported is only a filter over what
came, so the answer is made from the proposal. Every standard syntax is stored as sent, but for the deflated ones, which
a small message can blow up to any size, and JPIP, whose pixels lie elsewhere.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

VERIFICATION: Final = "1.2.840.10008.1.1"
IMPLICIT_LITTLE: Final = "1.2.840.10008.1.2"
EXPLICIT_LITTLE: Final = "1.2.840.10008.1.2.1"
EXPLICIT_BIG: Final = "1.2.840.10008.1.2.2"
UNCOMPRESSED: Final = (EXPLICIT_LITTLE, IMPLICIT_LITTLE, EXPLICIT_BIG)
"""In order of preference: explicit little endian loses nothing and needs no dictionary to read."""

REFUSED_SYNTAXES: Final = frozenset(
    {
        "1.2.840.10008.1.2.1.99",  # Deflated Explicit VR Little Endian
        "1.2.840.10008.1.2.8.1",  # Deflated Image Frame Compression
        "1.2.840.10008.1.2.4.94",  # JPIP Referenced
        "1.2.840.10008.1.2.4.95",  # JPIP Referenced Deflate
        "1.2.840.10008.1.2.4.204",  # JPIP HTJ2K Referenced
        "1.2.840.10008.1.2.4.205",  # JPIP HTJ2K Referenced Deflate
    }
)


@dataclass(frozen=True, kw_only=True)
class Context:
    """An abstract syntax with transfer syntaxes, proposed or supported (in order of preference)."""

    abstract_syntax: str
    transfer_syntaxes: tuple[str, ...]


def storable(transfer_syntax: str) -> bool:
    """Whether data sets of this transfer syntax are stored."""
    standard = transfer_syntax == IMPLICIT_LITTLE or transfer_syntax.startswith(f"{IMPLICIT_LITTLE}.")
    return standard and transfer_syntax not in REFUSED_SYNTAXES


def supported(proposed: Iterable[Context], *, storage_classes: Collection[str], echo: bool) -> tuple[Context, ...]:
    """Return what the node supports of a proposal, one context per abstract syntax.

    Parameters
    ----------
    proposed
        As the peer sent them; senders often propose a class once per transfer syntax.
    storage_classes
        SOP Class UIDs that may be stored.
    echo
        Whether Verification is taken.

    Returns
    -------
    tuple of Context
        Uncompressed syntaxes first, then the others as proposed. A class of which nothing can be taken supports the
        uncompressed ones, which makes the answer «transfer syntaxes not supported».
    """
    merged: dict[str, list[str]] = {}
    for context in proposed:
        if context.abstract_syntax == VERIFICATION and echo:
            wanted = [syntax for syntax in context.transfer_syntaxes if syntax in UNCOMPRESSED]
        elif context.abstract_syntax in storage_classes:
            wanted = [syntax for syntax in context.transfer_syntaxes if storable(syntax)]
        else:
            continue
        merged.setdefault(context.abstract_syntax, []).extend(wanted)
    return tuple(
        Context(abstract_syntax=abstract_syntax, transfer_syntaxes=_preferred(syntaxes) or UNCOMPRESSED)
        for abstract_syntax, syntaxes in merged.items()
    )


def _preferred(syntaxes: list[str]) -> tuple[str, ...]:
    first = [syntax for syntax in UNCOMPRESSED if syntax in syntaxes]
    return tuple(dict.fromkeys([*first, *syntaxes]))
