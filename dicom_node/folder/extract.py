"""Volumes for training from a folder of DICOM: arrays with the few facts a training needs. Touches: files, sandbox.

No name, date or identifier goes along. A file is named by a digest of the Series Instance UID, and its header tells
patients apart by a digest of the Patient ID, so that a training can be split by patient. Both digests are keyed by
chance: without the key, which stays in the folder, nobody can try all Patient IDs of a hospital against them.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NotFound
from dicom_node.domain.series import Instance, Stack
from dicom_node.folder.originals import each_once, not_original, stacks_of
from dicom_node.folder.reading import read_folder
from dicom_node.sandbox.client import Sandbox
from restoration.volume import Volume

KEY: Final = "patient.key"
"""Keys the digests of a folder; whoever passes the arrays on keeps it back."""

_DIGITS: Final = 12


@dataclass(frozen=True, kw_only=True)
class Extracted:
    """What became of one stack of a series.

    Attributes
    ----------
    description
        Series Description of the source, for the terminal alone.
    name
        Name of the array without its ending; empty where there is none.
    slices
        Number of slices written.
    reason
        Why nothing was written; empty otherwise.
    """

    description: str
    name: str
    slices: int
    reason: str


Report = Callable[[int, int, Sequence[Extracted]], None]
"""Told after each series: how many are done, of how many, and what became of the last one."""


def silent(_done: int, _total: int, _last: Sequence[Extracted]) -> None:
    """Tell nobody."""


def extract(source: Path, target: Path, *, clock: Clock, report: Report = silent) -> list[Extracted]:
    """Write every original stack below a folder as ``NAME.npz`` beside ``NAME.json``.

    Parameters
    ----------
    source
        Folder with DICOM files, at any depth.
    target
        Made where it is missing; extracted into again, it gives the same names to the same series and patients.
    clock
        Stands for the time of receipt.
    report
        Told after each series.

    Returns
    -------
    list[Extracted]
        One for each stack, or one with the reason for a series that gives none.

    Raises
    ------
    NotFound
        There is no DICOM file in the folder.
    """
    with closing(Sandbox()) as sandbox:
        found = read_folder(source, sandbox=sandbox, at=clock.now())
        if not found.series:
            raise NotFound(happened="there is no DICOM file in it", subject=str(source), remedy="Name another folder.")
        target.mkdir(parents=True, exist_ok=True)
        key = _key(target)
        written: list[Extracted] = []
        for done, members in enumerate(found.series, start=1):
            last = _series(each_once(members), target, key, sandbox)
            written += last
            report(done, len(found.series), last)
        return written


def _series(members: Sequence[Instance], target: Path, key: bytes, sandbox: Sandbox) -> list[Extracted]:
    first = members[0]
    modality, description = first.text("Modality"), first.text("SeriesDescription")
    why = not_original(first)
    if why:
        return [Extracted(description=description, name="", slices=0, reason=why)]
    name = f"{modality.lower()}-{_digest(key, first.text('SeriesInstanceUID'))}"
    facts = {"modality": modality, "patient": _digest(key, first.text("IssuerOfPatientID"), first.text("PatientID"))}
    result = []
    for index, read in enumerate(stacks_of(members, sandbox), start=1):
        path = target / f"{name}-{index}"
        if read.source is not None:
            _write(read.source.volume, read.stack, path, facts)
        result.append(
            Extracted(
                description=description,
                name=path.name if read.source is not None else "",
                slices=len(read.source.slices) if read.source is not None else 0,
                reason=read.reason,
            )
        )
    return result


def _write(volume: Volume, stack: Stack | None, path: Path, facts: dict[str, str]) -> None:
    np.savez_compressed(path.with_suffix(".npz"), volume=volume.array)
    between = (None if stack is None else stack.spacing_mm) or volume.thickness_mm or 0.0
    header = {
        **facts,
        "units": volume.unit,
        "spacing_mm": [between, *volume.pixel_mm],
        "thickness_mm": volume.thickness_mm,
        "positions_mm": [round(position - volume.positions_mm[0], 4) for position in volume.positions_mm],
    }
    path.with_suffix(".json").write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")


def _key(folder: Path) -> bytes:
    path = folder / KEY
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
    return path.read_bytes()


def _digest(key: bytes, *parts: str) -> str:
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:_DIGITS]
