"""Small synthetic series as data sets: valid, anonymous, quick to make."""

import io
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from scipy import ndimage

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


def make_pet(slices: int = 5, *, size: int = 64, seed: int = 1, **attributes: object) -> list[Dataset]:
    """Return PET data sets in Bq/mL: a warm ellipse with a hot spot, every slice with a slope of its own."""
    rng = np.random.default_rng(seed)
    y, x = (np.mgrid[:size, :size] - (size - 1) / 2) / size
    body = (x / 0.42) ** 2 + (y / 0.34) ** 2 < 1
    truth = np.where(body, 4000.0, 0.0) + 16000.0 * np.exp(-((x - 0.1) ** 2 + y**2) / 0.004)
    grain = ndimage.gaussian_filter(rng.normal(0, 1, (slices, size, size)), (0.8, 1.0, 1.0))
    values = np.clip(truth * (1 + 0.12 * grain / grain.std()), 0, None)
    series = make_series(slices, size=size, spacing=3.0, seed=seed)
    for index, ds in enumerate(series):
        ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.128", "PT"
        ds.ImageType, ds.SeriesType, ds.Units = ["ORIGINAL", "PRIMARY"], ["WHOLE BODY", "IMAGE"], "BQML"
        ds.CountsSource, ds.DecayCorrection, ds.CorrectedImage = "EMISSION", "START", ["ATTN", "DECY"]
        ds.NumberOfSlices, ds.ImageIndex = slices, index + 1
        ds.FrameReferenceTime, ds.ActualFrameDuration, ds.DecayFactor = 1000.0 * index, 180000, 1.25
        ds.PixelSpacing, ds.ImagePositionPatient = [4.0, 4.0], [-126.0, -126.0, 3.0 * index]
        slope = float(f"{values[index].max() / 32000:.6g}")
        ds.RescaleSlope, ds.RescaleIntercept = slope, 0
        ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 15, 1
        del ds.RescaleType, ds.KVP, ds.ConvolutionKernel
        ds.PixelData = np.rint(values[index] / slope).astype("<i2").tobytes()
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
    return series


def make_dx(images: int = 2, *, size: int = 288, seed: int = 1, **attributes: object) -> list[Dataset]:
    """Return X-ray images «for processing», proportional to the exposure, each with a level of its own."""
    rng = np.random.default_rng(seed)
    series = make_series(images, size=size, seed=seed)
    y, x = np.mgrid[:size, :size] / size
    for index, ds in enumerate(series):
        exposure = (400.0 + 300.0 * index) * np.exp(-2.0 * ((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.12))
        values = np.clip(exposure + np.sqrt(exposure) * rng.normal(0, 1, exposure.shape), 0, 4095)
        ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.1.1.1", "DX"
        ds.ImageType, ds.PresentationIntentType = ["ORIGINAL", "PRIMARY", ""], "FOR PROCESSING"
        ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = "LIN", 1
        ds.ImagerPixelSpacing, ds.PatientOrientation, ds.ImageLaterality = [0.2, 0.2], ["L", "F"], "U"
        ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = 1, 0, "US"
        for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness",
                        "FrameOfReferenceUID", "PositionReferenceIndicator", "ConvolutionKernel"):  # fmt: skip
            del ds[keyword]
        ds.PixelData = np.rint(values).astype("<u2").tobytes()
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
