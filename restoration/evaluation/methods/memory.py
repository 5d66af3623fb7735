"""Answers of slow filters, which are the same for every pipeline and every evaluation. Touches: a folder, if it exists.

Keys are digests of everything an answer depends on: a stale answer cannot be found.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

from restoration.evaluation.cases import Noisy
from restoration.evaluation.methods.ways import Yardstick
from restoration.volume import FloatArray

KEPT = Path("training-runs/yardsticks")
"""Answers outlive an evaluation where this folder exists."""


def remembered(yardstick: Yardstick, *, package: str, folder: Path = KEPT) -> Yardstick:
    """Return a filter that answers the same question only once.

    Parameters
    ----------
    yardstick
        A slow filter.
    package
        Distribution whose version decides its answers.
    folder
        Where answers are kept between evaluations, if it exists.
    """
    known: dict[str, FloatArray] = {}

    def run(picture: FloatArray, noisy: Noisy, strength: float) -> FloatArray:
        power = b"" if noisy.power is None else noisy.power.tobytes()
        told = f"{yardstick.name} {_version(package)} {strength:g} {noisy.sigma:.9g} {picture.shape}"
        key = hashlib.sha256(told.encode() + picture.tobytes() + power).hexdigest()
        if key not in known:
            known[key] = _kept(folder / f"{key}.npy", lambda: yardstick.run(picture, noisy, strength))
        return known[key]

    return replace(yardstick, run=run)


def _kept(path: Path, make: Callable[[], FloatArray]) -> FloatArray:
    if path.is_file():
        return np.asarray(np.load(path, allow_pickle=False), np.float32)
    answer = make()
    if path.parent.is_dir():
        # Renamed when it is whole: an evaluation that is stopped leaves no half answer.
        part = path.with_suffix(".part.npy")
        np.save(part, answer, allow_pickle=False)
        part.rename(path)
    return answer


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"
