"""Small synthetic series as data sets: valid, anonymous, quick to make."""

import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from dicom_node.folder.synthetic import Scan, data_sets

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def make_series(
    slices: int = 5,
    *,
    modality: str = "CT",
    size: int = 64,
    noise: float = 25.0,
    spacing: float = 2.0,
    seed: int = 1,
    **attributes: object,
) -> list[Dataset]:
    """Return `slices` axial data sets of one series: a soft-tissue ellipse in air with white noise."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:size, :size] - (size - 1) / 2) / size
    body = (x / 0.42) ** 2 + (y / 0.34) ** 2 < 1
    signal = np.where(body, 50.0, -1000.0) if modality == "CT" else np.where(body, 600.0, 20.0)
    values = (signal + rng.normal(0, noise, (slices, size, size))).astype(np.float32)
    scan = Scan(
        modality=modality,
        name=f"test {seed} {modality}",
        description=f"{modality} phantom low-dose",
        at=AT,
        spacing_mm=spacing,
    )
    series = data_sets(values, scan)
    for ds in series:
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
    return series


def encode(ds: Dataset, syntax: str = ExplicitVRLittleEndian) -> bytes:
    """Return the data set alone, as C-STORE carries it."""
    buffer = io.BytesIO()
    ds.save_as(buffer, implicit_vr=syntax == "1.2.840.10008.1.2", little_endian=True)
    return buffer.getvalue()


def write_series(series: list[Dataset], folder: Path) -> list[Path]:
    """Write Part 10 files and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for index, ds in enumerate(series):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        path = folder / f"{index:04d}.dcm"
        ds.save_as(path, enforce_file_format=True)
        paths.append(path)
    return paths
