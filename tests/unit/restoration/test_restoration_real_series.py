"""Real series: every shipped pipeline either refuses them with a figure, or its result passes its gates."""

from functools import cache
from pathlib import Path

import numpy as np
import pydicom
import pytest

from restoration import registry
from restoration.card import load_card, names
from restoration.guard.judge import judge, judge_domain
from restoration.guard.spare import spared
from restoration.restorer import Restorer
from restoration.volume import Volume
from tests.support.shared import series_folder
from tests.unit.restoration.restoration_volumes import stored

CT = ["01-ge-ct-head-tilt", "03-philips-ct-tilted-stereotaxis", "06-ge-ct-thorax-3-slices",
      "31-siemens-petct-ct-body-j2k", "34-toshiba-ct-body-and-mpr"]  # fmt: skip
MR = ["08-siemens-mr-t1-2d-sagittal", "16-siemens-mr-memprage", "38-uih-mr-t1-3d", "52-ge-mr-3d-watermelon"]
SLICE_WISE = [
    name
    for name, card in ((name, load_card(name)) for name in names())
    if card.operation == "denoise" and card.scope == "slice" and card.unit in ("HU", "signal")
]
SLICES = 2
MOST_SPARED = 15
"""Places of a head whose scalp has planes of fat as thin as a pixel; elsewhere none or one."""

LEAST_RESTORED = 0.6
"""Share of the real series that a pipeline must take; a refusal with its figure is right for the others."""


@cache
def loaded(name: str) -> Restorer:
    return registry.load(name, device="cpu")


@cache
def read(folder: Path, unit: str) -> Volume:
    """Two neighbouring slices from the middle of a folder's first original series."""
    originals = [ds for path in sorted(folder.rglob("*")) if path.is_file() and (ds := _original(path)) is not None]
    series = [ds for ds in originals if ds.SeriesInstanceUID == originals[0].SeriesInstanceUID]
    normal = np.cross(*np.reshape([float(v) for v in series[0].ImageOrientationPatient], (2, 3)))
    position = {id(ds): float(normal @ [float(v) for v in ds.ImagePositionPatient]) for ds in series}
    series.sort(key=lambda ds: position[id(ds)])
    middle = series[len(series) // 2 :][:SLICES]
    pixels = [ds.pixel_array * float(ds.get("RescaleSlope", 1)) + float(ds.get("RescaleIntercept", 0)) for ds in middle]
    array = np.stack(pixels).astype(np.float32)
    hidden = array <= -1500 if unit == "HU" else np.zeros(array.shape, bool)
    row_mm, column_mm = (float(v) for v in series[0].PixelSpacing)
    return Volume(
        array=array,
        pixel_mm=(row_mm, column_mm),
        positions_mm=tuple(position[id(ds)] for ds in middle),
        thickness_mm=float(series[0].SliceThickness),
        unit=unit,
        padding=hidden if hidden.any() else None,
    )


def _original(path: Path) -> pydicom.Dataset | None:
    ds = pydicom.dcmread(path, force=True)
    wanted = "PixelData" in ds and "PixelSpacing" in ds and ds.get("ImageType", [""])[0] == "ORIGINAL"
    return ds if wanted else None


@pytest.mark.parametrize("name", SLICE_WISE)
@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_real_series_pass_or_are_refused_with_a_figure(name: str) -> None:
    card = load_card(name)
    restored = []
    folders = CT if card.unit == "HU" else MR
    for folder in folders:
        source = read(series_folder(folder), card.unit)
        if not judge_domain(source, card).passed:
            continue
        strength = card.default_strength
        found = spared(source, loaded(name).restore(source, strength=strength), card)
        assert found.places <= MOST_SPARED
        result = stored(source, found.volume)
        verdict = judge(source, result, card=card, strength=strength)
        assert verdict.passed, f"{folder}: {verdict.sentence()}"
        restored.append(folder)
    assert len(restored) >= LEAST_RESTORED * len(folders), restored


@pytest.mark.filterwarnings("ignore::UserWarning:pydicom")
def test_thin_slices_of_a_thorax_pass_with_their_neighbours() -> None:
    card = load_card("ct-denoise-thin")
    source = read(series_folder("06-ge-ct-thorax-3-slices"), "HU")
    assert judge_domain(source, card).passed
    result = stored(source, loaded(card.name).restore(source, strength=card.default_strength))
    verdict = judge(source, result, card=card, strength=card.default_strength)
    assert verdict.passed, verdict.sentence()
