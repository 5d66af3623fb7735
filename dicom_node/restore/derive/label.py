"""Series Description of a derived series: the mark leads and is never shortened. Pure."""

from typing import Final

from dicom_node.domain.errors import NodeError

LONGEST: Final = 64
"""Characters of a Long String (PS3.5 6.2)."""

PLACE: Final = "{SeriesDescription}"
DEFAULT_MARK: Final = "DLR "


class LabelError(NodeError):
    """The label leaves no room: the rule that asks for it must be shortened."""


def mark_of(template: str) -> str:
    """Return the text that leads every label of this template, without trailing blanks."""
    return _split(template)[0].rstrip()


def label(template: str, description: str) -> str:
    """Fill a label template with the source's Series Description.

    Parameters
    ----------
    template
        Text with at most one ``{SeriesDescription}``; a template that begins with the source's text gets the mark
        ``DLR`` in front.
    description
        Of the source; control characters and backslashes become blanks, and only this part is cut.

    Raises
    ------
    LabelError
        The template alone is longer than 64 characters or holds a character that a description cannot.
    """
    before, after = _split(template)
    room = LONGEST - len(before) - len(after)
    source = _cleaned(description).strip() if PLACE in template else ""
    if room < 0 or _cleaned(before + after) != before + after:
        raise LabelError(
            happened=f"it takes more than {LONGEST} characters, or holds a backslash or control character",
            subject=f"label «{template}»",
            remedy="Shorten the label in the rule.",
        )
    return f"{before}{source[:room]}{after}".strip()


def replacing(template: str, number: int | None) -> str:
    """Return a template that also says which Series Number it replaces, where there is one and room to say so."""
    longer = f"{template} (replaces {number})"
    return longer if number is not None and len(longer.replace(PLACE, "")) <= LONGEST else template


def _split(template: str) -> tuple[str, str]:
    before, _, after = template.partition(PLACE)
    return (before if before.strip() else DEFAULT_MARK), after


def _cleaned(text: str) -> str:
    return "".join(" " if character == "\\" or not character.isprintable() else character for character in text)
