"""Volumes for training from a folder of DICOM: arrays with the few facts a training needs. Touches: files, sandbox.

No name, date or identifier goes along: a file is named by a digest of the Series Instance UID, its header holds
modality, unit and spacing alone.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from dicom_node.complete.stacks import split
from dicom_node.domain.clock import Clock
from dicom_node.domain.errors import NotFound
from dicom_node.domain.reasons import reason
from dicom_node.domain.series import Instance, Stack
from dicom_node.folder.reading import read_folder, source_file
from dicom_node.restore.source import Refused, SourceFile, SourceStack, read_source
from dicom_node.sandbox.client import Sandbox

UNITS: Final = {"CT": "HU", "MR": "signal"}
"""Unit of the volumes of each modality that can be learned from."""


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


def extract(source: Path, target: Path, *, clock: Clock) -> list[Extracted]:
    """Write every original CT or MR stack below a folder as ``NAME.npz`` beside ``NAME.json``.

    Parameters
    ----------
    source
        Folder with DICOM files, at any depth.
    target
        Made where it is missing.
    clock
        Stands for the time of receipt.

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
        return [one for members in found.series for one in _series(members, target, sandbox)]


def _series(members: Sequence[Instance], target: Path, sandbox: Sandbox) -> list[Extracted]:
    first = members[0]
    modality, description = first.text("Modality"), first.text("SeriesDescription")
    why = _not_wanted(first)
    if why:
        return [Extracted(description=description, name="", slices=0, reason=why)]
    once = _each_once(members)
    files = {item.id: source_file(item) for item in once}
    name = f"{modality.lower()}-{hashlib.sha256(first.text('SeriesInstanceUID').encode()).hexdigest()[:12]}"
    return [
        _stack(stack, files, sandbox, target / f"{name}-{index}", first)
        for index, stack in enumerate(split(once), start=1)
    ]


def _not_wanted(first: Instance) -> str:
    modality, kind = first.text("Modality"), first.values("ImageType")
    if modality not in UNITS:
        return f"{modality or 'no modality'}: only {' and '.join(UNITS)} are extracted"
    if "LOCALIZER" in kind:
        return reason("localizer").sentence
    if kind[:1] != ("ORIGINAL",):
        return reason("derived", image_type="\\".join(kind)).sentence
    return ""


def _each_once(members: Sequence[Instance]) -> tuple[Instance, ...]:
    """Keep one copy of an image that came in several encodings, one without loss if there is one."""
    ordered = sorted(members, key=lambda item: item.text("LossyImageCompression") == "01")
    kept: dict[str, Instance] = {}
    for item in ordered:
        kept.setdefault(item.sop_instance_uid, item)
    return tuple(kept.values())


def _stack(stack: Stack, files: Mapping[int, SourceFile], sandbox: Sandbox, path: Path, first: Instance) -> Extracted:
    modality, description = first.text("Modality"), first.text("SeriesDescription")
    try:
        (read,) = read_source((stack,), files, sandbox=sandbox, unit=UNITS[modality])
    except Refused as error:
        return Extracted(description=description, name="", slices=0, reason=error.why.sentence)
    _write(read, stack, path, modality)
    return Extracted(description=description, name=path.name, slices=len(stack.instance_ids), reason="")


def _write(read: SourceStack, stack: Stack, path: Path, modality: str) -> None:
    volume = read.volume
    np.savez_compressed(path.with_suffix(".npz"), volume=volume.array)
    header = {
        "modality": modality,
        "units": volume.unit,
        "spacing_mm": [stack.spacing_mm or volume.thickness_mm or 0.0, *volume.pixel_mm],
    }
    path.with_suffix(".json").write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")
