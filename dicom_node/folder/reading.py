"""Finds the series that lie in a folder, by their headers. Touches: files (reads), sandbox."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from dicom_node.domain.errors import BadInstance
from dicom_node.domain.series import Instance, SopUid
from dicom_node.restore.source import SourceFile
from dicom_node.sandbox.client import Header, Sandbox, Unreadable
from dicom_node.storage.part10 import data_set_digest

DIRECTORY: Final = "1.2.840.10008.1.3.10"
"""Media Storage Directory Storage: the DICOMDIR of a disc is no image."""


@dataclass(frozen=True, kw_only=True)
class Folder:
    """What was found.

    Attributes
    ----------
    series
        Instances of each series; their paths are absolute, their numbers count within the folder.
    unreadable
        Files that call themselves DICOM and cannot be read; any other file is left alone.
    """

    series: tuple[tuple[Instance, ...], ...]
    unreadable: tuple[Unreadable, ...]


def read_folder(folder: Path, *, sandbox: Sandbox, at: datetime) -> Folder:
    """Read the headers of all files below a folder.

    Parameters
    ----------
    sandbox
        Parses the headers.
    at
        Stands for the time of receipt.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    series: dict[str, list[Instance]] = {}
    unreadable = []
    for number, header in enumerate(sandbox.headers(paths), start=1):
        if isinstance(header, Unreadable):
            unreadable += [header] if _claims_to_be_dicom(header.path) else []
        elif header.announced_class_uid != DIRECTORY:
            instance = _instance(number, header, at)
            series.setdefault(instance.text("SeriesInstanceUID"), []).append(instance)
    return Folder(series=tuple(tuple(members) for members in series.values()), unreadable=tuple(unreadable))


def source_file(item: Instance) -> SourceFile:
    """Return an instance of `read_folder` as the restore station reads it."""
    return SourceFile(
        instance_id=item.id,
        path=Path(item.path),
        sop_instance_uid=item.sop_instance_uid,
        sop_class_uid=item.sop_class_uid,
    )


def series_by_study(series: Sequence[Sequence[Instance]]) -> dict[str, dict[str, str]]:
    """Return, for each study, the series of each of its instances."""
    found: dict[str, dict[str, str]] = {}
    for item in (item for members in series for item in members):
        study = found.setdefault(item.text("StudyInstanceUID"), {})
        study[item.sop_instance_uid] = item.text("SeriesInstanceUID")
    return found


def _claims_to_be_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def _instance(number: int, header: Header, at: datetime) -> Instance:
    return Instance(
        id=number,
        sop_instance_uid=SopUid(_text(header, "SOPInstanceUID") or header.announced_instance_uid),
        sop_class_uid=_text(header, "SOPClassUID") or header.announced_class_uid,
        transfer_syntax_uid=header.transfer_syntax_uid,
        path=str(header.path.absolute()),
        sha256=_digest(header.path),
        pixel_digest=header.pixel_digest,
        received_at=at,
        association_id=0,
        attributes=header.attributes,
    )


def _text(header: Header, keyword: str) -> str:
    item = header.attributes.get(keyword)
    return "" if item is None else str(item["value"][0])


def _digest(path: Path) -> str:
    try:
        return data_set_digest(path)[1]
    except BadInstance:
        # A file without a File Meta group that says its length: the whole file stands for the data set.
        return hashlib.sha256(path.read_bytes()).hexdigest()
