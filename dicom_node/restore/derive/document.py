"""The table of attributes for people: `python -m dicom_node.restore.derive.document > docs/derived.md`. Pure."""

import sys
from typing import Final

from dicom_node.restore.derive.attributes import (
    CURVE,
    DECAY,
    GROUP_LENGTH,
    PRIVATE_KEPT,
    TABLE,
    Action,
    Row,
    kept_times,
)

_HEAD: Final = """# What becomes of each attribute

Not a medical device. A derived object is a copy of the object it answers, changed as this table says; what is not named
keeps its value. It is the table that the program works by, and the stored files are checked against it before anything
is sent. `python -m dicom_node.restore.derive.document` writes this page.

| attribute | what is done | section, of PS3.3 where no part is named | why |
|---|---|---|---|
"""

_PRIVATE: Final = """
## Private elements

All go but these, each with the element that reserves its block:

| creator | group | elements |
|---|---|---|
"""


def as_markdown() -> str:
    """Return the page `docs/derived.md`."""
    order = list(Action)
    named = [
        (row.keyword, row) for row in sorted(TABLE.values(), key=lambda row: (order.index(row.action), row.keyword))
    ]
    others = [("group lengths", GROUP_LENGTH), ("curves (50xx,xxxx)", CURVE)]
    pet = [(f"{keyword} in PET", DECAY) for keyword in sorted(kept_times("PT"))]
    private = [
        f"| {creator} | {group:04X} | {', '.join(f'{element:02X}' for element in sorted(elements))} |\n"
        for (creator, group), elements in PRIVATE_KEPT.items()
    ]
    return "".join([_HEAD, *(_line(name, row) for name, row in [*named, *pet, *others]), _PRIVATE, *private])


def _line(name: str, row: Row) -> str:
    return f"| {name} | {row.action} | {row.section} | {row.why} |\n"


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
