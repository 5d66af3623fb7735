"""What is to be done: recipes, what a rule wishes, where results go. Pure."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from dicom_node.domain.marks import PIXEL_CODE


def canonical_json(value: object) -> str:
    """Return the one JSON text of a value: sorted keys, no blanks, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def digest_of(value: object) -> str:
    """Return the SHA-256 of the canonical JSON, in hex."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


class Release(StrEnum):
    """How a result gets out; later members are stricter."""

    AUTOMATIC = "automatic"
    REVIEW = "review"
    NEVER = "never"

    @property
    def strictness(self) -> int:
        """0 for automatic, 2 for never."""
        return list(Release).index(self)


class Equipment(StrEnum):
    """Whose equipment attributes a derived object carries (PS3.3 C.12.1.1.5)."""

    NODE = "node"
    SOURCE = "source"


class Qualification(StrEnum):
    """Content Qualification (0018,9004)."""

    PRODUCT = "PRODUCT"
    RESEARCH = "RESEARCH"
    SERVICE = "SERVICE"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """All that decides a derived series' pixels and labels, apart from the source.

    Attributes
    ----------
    pipeline, version
        Bundle name and card version; no version: the bundle could not be used, nothing is planned yet.
    weights_sha256
        Of the bundle's weights; empty for classical pipelines.
    strength
        Percent.
    label
        Template of the Series Description.
    equipment, qualification
        See the enums.
    pixel_code
        Version of the code path, see `domain.marks`.
    """

    pipeline: str
    version: str
    weights_sha256: str
    strength: float
    label: str
    equipment: Equipment = Equipment.NODE
    qualification: Qualification = Qualification.RESEARCH
    pixel_code: int = PIXEL_CODE

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON."""
        return digest_of(asdict(self))

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Recipe":
        """Read what `as_json` wrote."""
        return cls(
            **{
                **value,
                "equipment": Equipment(value["equipment"]),
                "qualification": Qualification(value["qualification"]),
            }
        )
