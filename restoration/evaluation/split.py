"""Which volume trains, which tunes yardsticks, which tests: a committed list by content. Touches: its own file (reads).

A volume is known by the SHA-256 of its array's bytes, so that neither a name nor a folder can move it. What nobody has
listed counts as training data for training, and as test data for an evaluation.
"""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

Role = Literal["train", "validate", "test"]

SPLIT = Path(__file__).parent / "split.json"


def digest(array: npt.NDArray[np.generic]) -> str:
    """Return the SHA-256 of a volume's bytes as they are stored."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def role_of(array: npt.NDArray[np.generic]) -> Role | None:
    """Return what a volume is listed for; None where it is not listed."""
    return _roles().get(digest(array))


def may_serve(listed: Role | None, wanted: Role) -> bool:
    """Whether a volume may be used for a purpose: what is not listed may train and may test, but tunes nothing."""
    return listed == wanted or (listed is None and wanted != "validate")


@cache
def _roles() -> dict[str, Role]:
    entries = json.loads(SPLIT.read_text(encoding="utf-8"))
    return {key: entry["role"] for key, entry in entries.items()}
