"""Derived series under the validators of another maker: no line that the source does not have already."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dicom_node.restore.attempt import DerivedFile
from dicom_node.sandbox.client import Header, Sandbox
from restoration.card import load_card
from tests.support.phantoms import make_dx, make_pet, make_series
from tests.support.shared import series_folder
from tests.support.validators import said
from tests.unit.restore.kit import PIPELINE, ExactMean, Tried, try_files, try_series

REAL = [
    ("01-ge-ct-head-tilt", ""),
    ("02-philips-ct-head-phantom-1mm", ""),
    ("03-philips-ct-tilted-stereotaxis", ""),
    ("06-ge-ct-thorax-3-slices", ""),
    ("08-siemens-mr-t1-2d-sagittal", ""),
    ("16-siemens-mr-memprage", ""),
    ("21-ge-mg-mammogram", ""),
    ("30-pet-cps-wholebody-fdg", ""),
    ("31-siemens-petct-ct-body-j2k", ""),
    ("32-siemens-ct-fruit-study", "H42s"),
    ("32-siemens-ct-fruit-study", "H70h"),
    ("33-siemens-mr-fruit-study", "t1_mprage"),
    ("33-siemens-mr-fruit-study", "t2_tse"),
    ("34-toshiba-ct-body-and-mpr", r"Body 1\.0"),
    ("34-toshiba-ct-body-and-mpr", r"Body 3\.0$"),
    ("38-uih-mr-t1-3d", ""),
    ("45-dx-monochrome1-dog", ""),
    ("52-ge-mr-3d-watermelon", ""),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


PHANTOMS = {
    "CT": lambda: make_series(4, modality="CT"),
    "MR": lambda: make_series(4, modality="MR"),
    "PT": lambda: make_pet(7),
    "DX": make_dx,
}


@pytest.fixture(params=PHANTOMS)
def phantom(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Tried:
    restorer = ExactMean(load_card(PIPELINE[request.param]))
    return try_series(PHANTOMS[request.param](), tmp_path, sandbox, restorer=restorer)


@pytest.fixture(params=REAL, ids=lambda item: f"{item[0]} {item[1]}".strip())
def real(request: pytest.FixtureRequest, tmp_path: Path, sandbox: Sandbox) -> Tried:
    name, description = request.param
    paths = sorted(path for path in series_folder(name).rglob("*") if path.is_file())
    chosen = [
        header
        for header in sandbox.headers(paths)
        if isinstance(header, Header) and re.search(description, _first(header, "SeriesDescription"))
    ]
    modality = _first(chosen[0], "Modality")
    kind = modality if modality in PIPELINE else "DX"
    restorer = ExactMean(load_card(PIPELINE[kind]))
    # No pipeline takes X-ray images for presentation; what they are made of must hold all the same.
    unit = "signal" if kind == "DX" else ""
    files = [header.path for header in chosen if _first(header, "Modality") == modality]
    return try_files(files, tmp_path / "derived", sandbox, modality=kind, restorer=restorer, unit=unit)


def _first(header: Header, keyword: str) -> str:
    item = header.attributes.get(keyword)
    return "" if item is None else str(item["value"][0])


def paths_of(files: tuple[DerivedFile, ...]) -> list[Path]:
    return [file.path for file in files]


def assert_clean(tried: Tried) -> None:
    made = paths_of(tried.made.files)
    assert [check.sentence() for check in tried.made.found.failures] == []
    assert said("dciodvfy", made) - said("dciodvfy", tried.source_paths) == Counter()
    both = said("dcentvfy", [*tried.source_paths, *made], together=True)
    assert set(both) - set(said("dcentvfy", tried.source_paths, together=True)) == set()


@pytest.mark.peer
def test_a_phantom_is_clean(phantom: Tried) -> None:
    assert_clean(phantom)


@pytest.mark.peer
def test_a_real_series_is_clean(real: Tried) -> None:
    assert_clean(real)
