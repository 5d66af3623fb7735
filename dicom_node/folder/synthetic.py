"""Synthetic series with exact truth: what the demonstration's scanner sends and tests are made of. Pure.

Patient, study and equipment are marked as synthetic in plain words; no attribute is taken from a real person.
"""

from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset
from pydicom.uid import CTImageStorage, MRImageStorage
from scipy import ndimage

from dicom_node.domain.marks import uid_of

FloatArray = npt.NDArray[np.float32]

PIXEL_MM: Final = 0.7
_CLASSES: Final = MappingProxyType({"CT": CTImageStorage, "MR": MRImageStorage})
_SIGNAL_UNITS: Final = 1000.0


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a synthetic series says of itself.

    Attributes
    ----------
    modality
        ``CT`` or ``MR``.
    name
        Makes its UIDs; equal names give equal UIDs.
    description
        Series Description.
    at
        Time of the study, in the zone its dates are written in.
    number
        Series Number.
    spacing_mm
        Distance between slices and their thickness [mm].
    study
        Makes the Study Instance UID; the name if empty.
    """

    modality: str
    name: str
    description: str
    at: datetime
    number: int = 3
    spacing_mm: float = 2.0
    study: str = ""


def low_dose_ct(scan: Scan, *, slices: int = 12, size: int = 512, sigma: float = 25.0, seed: int = 6) -> list[Dataset]:
    """Draw a body, let it change from slice to slice, and add the noise of a low dose in the projection domain.

    Parameters
    ----------
    scan
        Header.
    slices, size
        Grid.
    sigma
        Noise over soft tissue, about [HU].
    seed
        Chance.

    Returns
    -------
    list[Dataset]
        CT Image Storage data sets.
    """
    import torch

    from restoration.anatomy.ct import ct_anatomy
    from restoration.physics.ct_dose import Kernel, Scanner, inserted_noise

    anatomy = ct_anatomy(size, np.random.default_rng(seed))
    scanner = Scanner(size=size, pixel_mm=PIXEL_MM, photons=2e6)
    generator = torch.Generator().manual_seed(seed)
    tissue = (anatomy > -150) & (anatomy < 200)

    def noise(picture: FloatArray, dose: float, count: int) -> FloatArray:
        drawn = inserted_noise(
            torch.from_numpy(np.ascontiguousarray(picture)),
            scanner,
            doses=(dose,) * count,
            kernels=(Kernel(),) * count,
            generator=generator,
        )
        return np.asarray(drawn.numpy(), np.float32)

    dose = 0.02
    dose = float(np.clip(dose * (noise(anatomy, dose, 1)[0][tissue].std() / sigma) ** 2, 1e-3, 0.5))
    noises = noise(anatomy, dose, slices)
    pictures = [_scaled(anatomy, index, slices, -1000.0) + noises[index] for index in range(slices)]
    return data_sets(np.stack(pictures), scan)


def noisy_mr(scan: Scan, *, slices: int = 12, size: int = 256, sigma: float = 0.04, seed: int = 2) -> list[Dataset]:
    """Draw a body and measure its magnitude with complex noise.

    Parameters
    ----------
    scan
        Header.
    slices, size
        Grid.
    sigma
        Noise of each part of the complex picture [share of the brightest tissue].
    seed
        Chance.

    Returns
    -------
    list[Dataset]
        MR Image Storage data sets.
    """
    import torch

    from restoration.anatomy.mr import mr_anatomy
    from restoration.physics.mr_noise import Measurement

    anatomy = mr_anatomy(size, np.random.default_rng(seed))
    truth = np.stack([_scaled(anatomy, index, slices, 0.0).clip(0) for index in range(slices)])
    pictures = Measurement(seed=seed, sigma=sigma)(torch.from_numpy(truth)).numpy()
    return data_sets(np.asarray(pictures * _SIGNAL_UNITS, np.float32), scan)


def data_sets(values: FloatArray, scan: Scan) -> list[Dataset]:
    """Wrap slices in data sets that dciodvfy accepts.

    Parameters
    ----------
    values
        (slices, rows, columns) [HU for CT, signal for MR].
    scan
        Header.

    Returns
    -------
    list[Dataset]
        One data set per slice, in order of position.
    """
    result = []
    for index, picture in enumerate(values):
        ds = _patient_and_study(scan)
        _series(ds, scan)
        _plane(ds, scan, index, picture.shape)
        _pixels(ds, scan, picture)
        result.append(ds)
    return result


def _scaled(picture: FloatArray, index: int, slices: int, outside: float) -> FloatArray:
    zoom = 1.0 + 0.06 * (index - (slices - 1) / 2) / max(slices, 1)
    centre = (picture.shape[0] - 1) / 2
    return np.asarray(
        ndimage.affine_transform(picture, (zoom, zoom), centre * (1 - zoom), order=1, cval=outside), np.float32
    )


def _patient_and_study(scan: Scan) -> Dataset:
    study = scan.study or scan.name
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.StudyInstanceUID = uid_of(f"synthetic study {study}")
    ds.StudyDate, ds.StudyTime = f"{scan.at:%Y%m%d}", f"{scan.at:%H%M%S}"
    ds.AccessionNumber, ds.StudyID, ds.StudyDescription = "SYN1", "1", "Synthetic phantom"
    ds.ReferringPhysicianName, ds.PatientName, ds.PatientID = "", "Phantom^Synthetic", "SYNTHETIC"
    ds.PatientBirthDate, ds.PatientSex = "19700101", "O"
    return ds


def _series(ds: Dataset, scan: Scan) -> None:
    ct = scan.modality == "CT"
    ds.SOPClassUID, ds.Modality = _CLASSES[scan.modality], scan.modality
    ds.SeriesInstanceUID = uid_of(f"synthetic series {scan.name}")
    ds.FrameOfReferenceUID = uid_of(f"synthetic frame of reference {scan.study or scan.name}")
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL" if ct else "OTHER"]
    ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = f"{scan.at:%Y%m%d}"
    ds.SeriesTime = ds.AcquisitionTime = f"{scan.at:%H%M%S}"
    ds.Manufacturer, ds.ManufacturerModelName = "Synthetic", "Phantom"
    ds.DeviceSerialNumber, ds.SoftwareVersions = "0", "1"
    ds.SeriesDescription, ds.SeriesNumber, ds.AcquisitionNumber = scan.description, scan.number, 1
    ds.PatientPosition, ds.PositionReferenceIndicator, ds.BodyPartExamined = "HFS", "", "CHEST" if ct else "BRAIN"
    if ct:
        ds.KVP, ds.ConvolutionKernel = 120, "STANDARD"
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = -1024, 1, "HU"
    else:
        ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "SE", "NONE", ""
        ds.MRAcquisitionType, ds.EchoTime, ds.RepetitionTime, ds.EchoTrainLength = "2D", 12, 500, 1
        ds.MagneticFieldStrength, ds.ImagingFrequency = 1.5, 63.9


def _plane(ds: Dataset, scan: Scan, index: int, shape: tuple[int, ...]) -> None:
    rows, columns = shape
    ds.SOPInstanceUID = uid_of(f"synthetic instance {scan.name} {index}")
    ds.InstanceNumber, ds.ContentTime = index + 1, f"{scan.at:%H%M%S}.{index:03d}000"
    corner = [-(columns - 1) / 2 * PIXEL_MM, -(rows - 1) / 2 * PIXEL_MM, index * scan.spacing_mm]
    ds.ImagePositionPatient = [round(value, 4) for value in corner]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness = [PIXEL_MM, PIXEL_MM], scan.spacing_mm


def _pixels(ds: Dataset, scan: Scan, picture: FloatArray) -> None:
    ct = scan.modality == "CT"
    stored = np.clip(np.round(picture + (1024 if ct else 0)), 0, 4095).astype("<u2")
    ds.Rows, ds.Columns = stored.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.WindowCenter, ds.WindowWidth = (40, 400) if ct else (500, 1000)
    ds.add_new("PixelData", "OW", stored.tobytes())
