"""Degraded copies of whole folders: repeatable, as much worse as asked for, and known to a node as what they are."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset

from dicom_node.domain.errors import NotFound
from dicom_node.folder.degradations import Kind, Wish
from dicom_node.folder.degrade import Made, degrade_folder
from dicom_node.folder.restore import Asked, Ended, restore_folder
from dicom_node.folder.simulated import Pretence, Standing, StudyOf
from dicom_node.restore.pipelines import Restorers
from tests.support.clock import FixedClock
from tests.support.phantoms import make_series, write_series
from tests.support.shared import series_folder
from tests.support.validators import said

SYNTHETIC_DATA = ("(0x0008,0x001c)", "Standard Extended SOP Class")
"""What the validator says of an attribute that is younger than itself."""


def degraded(source: Path, target: Path, kind: Kind, amount: float, *, seed: int = 1, **standing: object) -> list[Made]:
    return degrade_folder(
        source,
        target,
        wish=Wish(kind=kind, amount=amount, seed=seed),
        standing=Standing(**standing),  # type: ignore[arg-type]
        clock=FixedClock(),
    )


def values(folder: Path | None) -> np.ndarray:
    assert folder is not None
    return np.stack([dcmread(path).pixel_array.astype(float) for path in sorted(folder.iterdir())])


@pytest.fixture
def ct(tmp_path: Path) -> Path:
    write_series(make_series(2, size=96), tmp_path / "ct")
    return tmp_path / "ct"


@pytest.fixture
def mr(tmp_path: Path) -> Path:
    write_series(make_series(2, modality="MR", size=96, noise=8.0), tmp_path / "mr")
    return tmp_path / "mr"


def test_a_quarter_of_the_dose_has_twice_the_noise(ct: Path, tmp_path: Path) -> None:
    (made,) = degraded(ct, tmp_path / "out", Kind.DOSE, 0.25)
    middle = np.s_[:, 36:60, 36:60]
    before, after = values(ct)[middle], values(made.folder)[middle]
    assert after.std() / before.std() == pytest.approx(2, rel=0.2)
    assert abs(after.mean() - before.mean()) < 5


def test_the_whole_dose_changes_nothing(ct: Path, tmp_path: Path) -> None:
    (made,) = degraded(ct, tmp_path / "out", Kind.DOSE, 1.0)
    assert np.array_equal(values(made.folder), values(ct))


def test_the_same_seed_gives_the_same_bytes_and_another_one_other_pixels(mr: Path, tmp_path: Path) -> None:
    first, again, other = (
        degraded(mr, tmp_path / name, Kind.NOISE, 0.05, seed=seed)[0] for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert first.series_instance_uid == again.series_instance_uid != other.series_instance_uid
    files = [[path.read_bytes() for path in sorted(made.folder.iterdir())] for made in (first, again) if made.folder]
    assert files[0] == files[1]
    assert not np.array_equal(values(first.folder), values(other.folder))


@pytest.mark.parametrize(
    ("kind", "amount", "unchanged"),
    [
        pytest.param(Kind.MOTION, 0.0, True, id="no motion"),
        pytest.param(Kind.MOTION, 3.0, False, id="motion"),
        pytest.param(Kind.RESOLUTION, 1.0, True, id="whole k-space"),
        pytest.param(Kind.RESOLUTION, 0.4, False, id="less of k-space"),
    ],
)
def test_what_is_not_worse_stays(mr: Path, tmp_path: Path, kind: Kind, amount: float, *, unchanged: bool) -> None:
    (made,) = degraded(mr, tmp_path / "out", kind, amount)
    assert bool(np.abs(values(made.folder) - values(mr)).max() <= 1) is unchanged
    assert made.record[0]["seed"] == 1


def test_padding_stays_padding_and_nothing_else_becomes_it(tmp_path: Path) -> None:
    series = make_series(2, size=96, PixelPaddingValue=0)
    for ds in series:
        stored = ds.pixel_array.copy() if hasattr(ds, "file_meta") else stored_of(ds)
        stored[:20] = 0
        ds.PixelData = stored.tobytes()
    write_series(series, tmp_path / "in")
    (made,) = degraded(tmp_path / "in", tmp_path / "out", Kind.DOSE, 0.25)
    assert ((values(made.folder) == 0) == (values(tmp_path / "in") == 0)).all()


def stored_of(ds: Dataset) -> np.ndarray:
    return np.frombuffer(ds.PixelData, "<u2").reshape(ds.Rows, ds.Columns).copy()


@pytest.mark.parametrize(
    ("attributes", "kind", "words"),
    [
        pytest.param(
            {"modality": "MR"}, Kind.DOSE, "dose cannot be simulated in MR; noise, motion, resolution", id="MR"
        ),
        pytest.param({}, Kind.MOTION, "motion cannot be simulated in CT; dose can", id="CT"),
        pytest.param({"ImageType": ["DERIVED", "PRIMARY"]}, Kind.DOSE, "derived already", id="derived"),
        pytest.param({"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}, Kind.DOSE, "localizer", id="localizer"),
        pytest.param({"Modality": "XA"}, Kind.DOSE, "XA", id="another modality"),
        pytest.param({"size": 32}, Kind.DOSE, "the matrix 32×32 is below 64", id="too small"),
        pytest.param({"size": 96, "noise": 0.0}, Kind.DOSE, "no tissue with noise", id="without noise"),
        pytest.param({"size": 96, "PixelSpacing": [0.7, 0.9]}, Kind.DOSE, "not square", id="oblong pixels"),
    ],
)
def test_what_cannot_be_simulated_is_named_and_leaves_nothing(
    tmp_path: Path, attributes: dict[str, object], kind: Kind, words: str
) -> None:
    write_series(make_series(1, **attributes), tmp_path / "in")  # type: ignore[arg-type]
    (made,) = degraded(tmp_path / "in", tmp_path / "out", kind, 0.25)
    assert words in made.reason
    assert (made.folder, made.instances) == (None, 0)
    assert list((tmp_path / "out").iterdir()) == []


def restored(folder: Path, target: Path) -> tuple[Ended, str]:
    (outcome,) = restore_folder(
        folder, target, asked=Asked(pipeline="ct-nlm"), restorers=Restorers({}), clock=FixedClock()
    )
    return outcome.ended, outcome.reason


def test_a_node_leaves_a_derived_copy_alone_and_takes_one_that_keeps_original(ct: Path, tmp_path: Path) -> None:
    ended, why = [], []
    for name, standing in (
        ("test", {}),
        ("same", {"study": StudyOf.SOURCE}),
        ("original", {"pretence": Pretence.ORIGINAL}),
    ):
        (made,) = degraded(ct, tmp_path / name, Kind.DOSE, 0.5, **standing)
        assert made.folder is not None
        outcome = restored(made.folder, tmp_path / f"{name} restored")
        ended.append(outcome[0])
        why.append(outcome[1])
    assert ended == [Ended.REFUSED, Ended.REFUSED, Ended.RESTORED]
    assert all("loop guard" in reason for reason in why[:2])


def test_an_empty_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no DICOM file"):
        degraded(tmp_path, tmp_path / "out", Kind.DOSE, 0.5)


def test_half_of_the_counts_of_a_real_pet_series_is_noisier_and_no_brighter(tmp_path: Path) -> None:
    source = tmp_path / "pet"
    source.mkdir()
    for path in sorted(series_folder("30-pet-cps-wholebody-fdg").rglob("*"))[:4]:
        shutil.copy(path, source / path.name)
    (made,) = degraded(source, tmp_path / "out", Kind.DOSE, 0.5)
    before, after = values(source), values(made.folder)
    body = before > np.percentile(before, 90)
    assert after[body].mean() == pytest.approx(before[body].mean(), rel=0.05)
    assert (after - before)[body].std() > 0.02 * before[body].mean()


@pytest.mark.peer
@pytest.mark.parametrize(
    ("name", "kind", "amount"),
    [
        ("06-ge-ct-thorax-3-slices", Kind.DOSE, 0.5),
        ("08-siemens-mr-t1-2d-sagittal", Kind.MOTION, 1.0),
        ("30-pet-cps-wholebody-fdg", Kind.DOSE, 0.5),
    ],
)
def test_a_copy_is_as_clean_as_its_source(name: str, kind: Kind, amount: float, tmp_path: Path) -> None:
    source = series_folder(name)
    (made,) = degraded(source, tmp_path / "out", kind, amount)
    assert made.folder is not None
    copies, originals = (
        sorted(path for path in folder.rglob("*") if path.is_file()) for folder in (made.folder, source)
    )
    more = said("dciodvfy", copies) - said("dciodvfy", originals)
    assert {line for line in more if not any(words in line for words in SYNTHETIC_DATA)} == set()
