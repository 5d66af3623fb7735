"""Regular expressions that cannot run away: bounded in length and time. Pure."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import regex

LONGEST_PATTERN = 500
TIMEOUT_S = 0.2


@dataclass(frozen=True)
class Pattern:
    """A pattern that is searched for without regard to case."""

    text: str

    def problem(self) -> str:
        """Say what is wrong with the pattern; empty if nothing is."""
        if len(self.text) > LONGEST_PATTERN:
            return f"a pattern may have {LONGEST_PATTERN} characters"
        try:
            _compiled(self.text)
        except (regex.error, RecursionError, OverflowError) as error:
            return f"this is no regular expression ({error})"
        return ""

    def found_in(self, text: str) -> bool | None:
        """Search a text; None if that took too long."""
        try:
            return _compiled(self.text).search(text, timeout=TIMEOUT_S) is not None
        except TimeoutError:
            return None


@lru_cache(maxsize=512)
def _compiled(text: str) -> Any:
    return regex.compile(text, flags=regex.IGNORECASE)
