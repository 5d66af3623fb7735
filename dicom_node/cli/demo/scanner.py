"""The demonstration's scanner: what it sends, synthetic or from the user's own folder. Touches: files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian

from dicom_node.domain.errors import NotFound
from dicom_node.domain.marks import IMPLEMENTATION_CLASS_UID
from dicom_node.folder.reading import read_folder
from dicom_node.folder.synthetic import Scan, low_dose_ct, noisy_mr
from dicom_node.sandbox.client import Sandbox

NAME_LENGTH = 64


@dataclass(frozen=True, kw_only=True)
class Sending:
    """The files of one series."""

    series_instance_uid: str
    description: str
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What people know the series by, on one line."""
        return (self.description or self.series_instance_uid or "a series without a UID")[:NAME_LENGTH]


def synthetic(folder: Path, at: datetime) -> list[Sending]:
    """Make a low-dose CT series and a noisy MR series below a folder.

    Parameters
    ----------
    folder
        Part 10 files are written to ``ct`` and ``mr`` in it.
    at
        Time of the studies.
    """
    stamp = f"{at:%Y%m%dT%H%M%S%f}"
    ct = Scan(modality="CT", name=f"ct {stamp}", description="Thorax low-dose 2.0", at=at, study=f"demo ct {stamp}")
    mr = Scan(modality="MR", name=f"mr {stamp}", description="Brain t1 se", at=at, number=2, study=f"demo mr {stamp}")
    return [_written(low_dose_ct(ct), folder / "ct"), _written(noisy_mr(mr), folder / "mr")]


def from_folder(folder: Path, at: datetime) -> list[Sending]:
    """Group the DICOM files below a folder by series; files that cannot be parsed are left out.

    Raises
    ------
    NotFound
        There is no readable DICOM file in it.
    """
    sandbox = Sandbox()
    try:
        found = read_folder(folder, sandbox=sandbox, at=at)
    finally:
        sandbox.close()
    if not found.series:
        raise NotFound(
            happened="there is no DICOM file in it", subject=str(folder), remedy="Name a folder with Part 10 files."
        )
    return [
        Sending(
            series_instance_uid=members[0].text("SeriesInstanceUID"),
            description=members[0].text("SeriesDescription"),
            files=tuple(Path(member.path) for member in members),
        )
        for members in found.series
    ]


def _written(series: Sequence[Dataset], folder: Path) -> Sending:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for index, ds in enumerate(series):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.ImplementationClassUID = UID(IMPLEMENTATION_CLASS_UID)
        path = folder / f"{index + 1:04d}.dcm"
        ds.save_as(path, enforce_file_format=True)
        files.append(path)
    first = series[0]
    return Sending(
        series_instance_uid=str(first.SeriesInstanceUID),
        description=str(first.SeriesDescription),
        files=tuple(files),
    )
