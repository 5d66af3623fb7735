"""Pictures of the middle slice before and after, and of what changed. Touches: previews (writes)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from dicom_node.restore.source import SourceStack
from restoration.volume import Volume

FILES: Final = ("before.png", "after.png", "difference.png")
INDEX: Final = "index.json"
_DARK, _BRIGHT = 1.0, 99.0
_MOST_OF_A_CHANGE: Final = 99.5

_Picture = npt.NDArray[np.float32]


def write_previews(folder: Path, sources: Sequence[SourceStack], volumes: Sequence[tuple[Volume, Volume]]) -> None:
    """Write before, after and difference as 8-bit pictures, and an index that says how they are shown.

    Parameters
    ----------
    folder
        Made where it is missing; older pictures are replaced.
    sources
        The stacks; the middle slice of the longest is shown in the window that its file asks for.
    volumes
        (source, stored result) of every stack.
    """
    longest = max(range(len(sources)), key=lambda index: len(sources[index].slices))
    middle = len(sources[longest].slices) // 2
    header = sources[longest].slices[middle].header
    before, after = (volume.array[middle] for volume in volumes[longest])
    center, width = _window(header.get("WindowCenter"), header.get("WindowWidth"), before)
    spread = 2 * float(np.percentile(np.abs(after - before), _MOST_OF_A_CHANGE)) or 1.0
    inverted = header.get("PhotometricInterpretation") == "MONOCHROME1"
    folder.mkdir(parents=True, exist_ok=True)
    pictures = (
        _grey(before, center, width, inverted=inverted),
        _grey(after, center, width, inverted=inverted),
        _grey(after - before, 0.0, spread, inverted=False),
    )
    for name, picture in zip(FILES, pictures, strict=True):
        Image.fromarray(picture).save(folder / name)
    index = {"slice": middle + 1, "window": [center, width], "difference_window": spread}
    (folder / INDEX).write_text(json.dumps(index), encoding="utf-8")


def _window(center: object, width: object, values: _Picture) -> tuple[float, float]:
    """Return the first window of the file [unit], else one that holds nearly all values (C.11.2)."""
    try:
        given = float(_first(center)), float(_first(width))
    except (TypeError, ValueError):
        given = (0.0, 0.0)
    if given[1] > 0:
        return given
    dark, bright = (float(value) for value in np.percentile(values, (_DARK, _BRIGHT)))
    return (dark + bright) / 2, (bright - dark) or 1.0


def _first(value: object) -> str:
    parts = str(value) if isinstance(value, str) or not isinstance(value, Sequence) else str(value[0])
    return parts.split("\\")[0]


def _grey(values: _Picture, center: float, width: float, *, inverted: bool) -> npt.NDArray[np.uint8]:
    share = np.clip((values - center) / width + 0.5, 0, 1)
    grey: npt.NDArray[np.uint8] = np.round(255 * (1 - share if inverted else share)).astype(np.uint8)
    return grey
