"""The facts' attributes as guards and eligibility read them: every value that any instance has. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dicom_node.domain.series import Facts

Values = tuple[str, ...]


@dataclass(frozen=True)
class Headers:
    """The headers of one revision."""

    facts: Facts

    def raw(self, keyword: str) -> list[Sequence[Any]]:
        """Return every distinct value as recorded; an instance without the attribute counts as an empty one."""
        item: Mapping[str, Any] = self.facts.attributes.get(keyword, {})
        if "distinct" in item:
            return [value for value, _count in item["distinct"]]
        return [item["range"]] if "range" in item else [item.get("value", [])]

    def every(self, keyword: str) -> list[Values]:
        """Return every distinct value as texts; an instance without the attribute counts as an empty one."""
        return [tuple(str(part).strip() for part in value) for value in self.raw(keyword)]

    def present(self, keyword: str) -> list[Values]:
        """Return every distinct value that is not empty."""
        return [value for value in self.every(keyword) if any(value)]

    def words(self, keyword: str) -> set[str]:
        """Return all single values of all instances, in capitals."""
        return {part.upper() for value in self.present(keyword) for part in value if part}

    def text(self, keyword: str) -> str:
        """Return all values for people: components joined by a backslash, alternatives by a comma."""
        return ", ".join("\\".join(value) for value in self.present(keyword))

    def lacks(self, keyword: str) -> bool:
        """Whether an instance is without the attribute."""
        return self.facts.attributes.get(keyword) is None or any(not any(value) for value in self.every(keyword))

    def numbers(self, keyword: str) -> list[float]:
        """Return all single values that are finite numbers."""
        found = []
        for value in self.present(keyword):
            for part in value:
                try:
                    found.append(float(part))
                except ValueError:
                    continue
        return [number for number in found if abs(number) < float("inf")]

    def varies(self, keyword: str) -> bool:
        """Whether two instances that have the attribute disagree."""
        item = self.facts.attributes.get(keyword, {})
        return "varies" in item or "range" in item or len(self.present(keyword)) > 1
