"""Arrays with headers from folders of DICOM slices, for training and evaluation. Touches: DICOM files (reads), arrays.

Only the facts that a training needs go into the header: no name, no date, no identifier.
"""

import json
from pathlib import Path

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from training.errors import DataError


def extract(series: Path, target: Path) -> int:
    """Write the largest set of equally sized original CT or MR slices of a folder.

    Parameters
    ----------
    series
        Folder of single-frame DICOM files.
    target
        Folder for `NAME.npz` and `NAME.json`, named after the series folder.

    Returns
    -------
    int
        Number of slices written.

    Raises
    ------
    DataError
        The folder holds no original CT or MR slice.
    """
    sets: dict[tuple[object, ...], list[Dataset]] = {}
    for dataset in (_read(path) for path in sorted(series.rglob("*")) if path.is_file()):
        if dataset is not None:
            key = (dataset.Modality, dataset.Rows, dataset.Columns, tuple(dataset.PixelSpacing))
            sets.setdefault(key, []).append(dataset)
    if not sets:
        raise DataError(
            happened="it holds no original CT or MR slice", subject=series.name, remedy="Give a folder of such slices."
        )
    chosen = _each_once(max(sets.values(), key=len))
    target.mkdir(parents=True, exist_ok=True)
    volume = np.stack([_values(dataset) for dataset in chosen])
    np.savez_compressed(target / f"{series.name}.npz", volume=volume)
    header = {
        "modality": str(chosen[0].Modality),
        "units": "HU" if chosen[0].Modality == "CT" else "signal (arbitrary)",
        "spacing_mm": [float(chosen[0].SliceThickness or 0), *(float(mm) for mm in chosen[0].PixelSpacing)],
    }
    (target / f"{series.name}.json").write_text(json.dumps(header, indent=1) + "\n", encoding="utf-8")
    return len(chosen)


def _read(path: Path) -> Dataset | None:
    """Return a slice that is original, single-frame and has pixels; None for everything else."""
    try:
        dataset = pydicom.dcmread(path)
    except (InvalidDicomError, OSError, ValueError):
        return None
    kind = list(dataset.get("ImageType", []))
    wanted = dataset.get("Modality") in ("CT", "MR") and kind[:1] == ["ORIGINAL"] and "LOCALIZER" not in kind
    complete = all(name in dataset for name in ("PixelData", "PixelSpacing", "SliceThickness", "SOPInstanceUID"))
    return dataset if wanted and complete and int(dataset.get("NumberOfFrames") or 1) == 1 else None


def _each_once(datasets: list[Dataset]) -> list[Dataset]:
    """Drop copies of an image, and sort by Instance Number."""
    return sorted({d.SOPInstanceUID: d for d in datasets}.values(), key=lambda d: int(d.get("InstanceNumber") or 0))


def _values(dataset: Dataset) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    stored = dataset.pixel_array.astype(np.float32)
    return np.asarray(stored * float(dataset.get("RescaleSlope", 1)) + float(dataset.get("RescaleIntercept", 0)), "f4")
