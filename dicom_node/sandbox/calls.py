"""What a sandbox child answers: headers line by line, stored values, value digests. Touches: the files of the request.

Every fault that a stranger's bytes can provoke ends here as a sentence; running out of memory goes up, so that the
server can say so.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from dicom_node.domain.errors import BadInstance
from dicom_node.sandbox import header, pixels

Say = Callable[[bytes], None]
_DETAIL_LIMIT: Final = 300
_ENDS: Final = "it ends inside a sequence or a value"


def answer(request: Mapping[str, Any], say: Say) -> None:
    """Answer one request.

    Raises
    ------
    MemoryError
        A file takes more memory than the child may have.
    """
    call = {"headers": _headers, "stored_values": _stored_values, "value_digest": _value_digest}[request["call"]]
    call([Path(text) for text in request["paths"]], say)


def _headers(paths: list[Path], say: Say) -> None:
    for path in paths:
        say(_line(_guarded(header.read, path)))


def _stored_values(paths: list[Path], say: Say) -> None:
    array = _guarded(pixels.stored_values, paths[0])
    if isinstance(array, dict):
        say(_line(array))
        return
    say(_line({"dtype": array.dtype.str, "shape": list(array.shape)}))
    say(array.data.cast("B"))


def _value_digest(paths: list[Path], say: Say) -> None:
    array = _guarded(pixels.stored_values, paths[0])
    say(_line(array if isinstance(array, dict) else {"digest": pixels.value_digest(array)}))


def _guarded(read: Callable[[Path], Any], path: Path) -> Any:
    """Return what `read` returns, or ``{"detail": sentence}``."""
    try:
        return read(path)
    except MemoryError:
        raise
    except BadInstance as error:
        return {"detail": error.happened}
    except RecursionError:
        return {"detail": "its sequences are nested too deeply"}
    except EOFError:
        return {"detail": _ENDS}
    except Exception as error:  # noqa: BLE001  outermost frame of a child that parses strangers' bytes
        ends = isinstance(error, OSError) and error.errno is None  # how pydicom says that it found no further tag
        return {"detail": _ENDS if ends else f"{type(error).__name__}: {error}"[:_DETAIL_LIMIT]}


def _line(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode() + b"\n"
