"""Which volume may train, tune and test: by content, whatever its name."""

import json
from pathlib import Path

import numpy as np
import pytest

from restoration.errors import InputError
from restoration.evaluation.split import SPLIT, Role, digest, may_serve, role_of
from restoration.metrics.arrays import stored_slices, stored_volumes
from tests.support.shared import training_file

ROLES: tuple[Role, ...] = ("train", "validate", "test")


@pytest.mark.parametrize(
    ("listed", "serves"),
    [("train", {"train"}), ("validate", {"validate"}), ("test", {"test"}), (None, {"train", "test"})],
    ids=["train", "validate", "test", "not-listed"],
)
def test_what_is_not_listed_may_train_and_test_but_tunes_nothing(listed: Role | None, serves: set[str]) -> None:
    assert {role for role in ROLES if may_serve(listed, role)} == serves


def test_every_listed_volume_has_a_digest_a_role_and_a_note() -> None:
    entries = json.loads(SPLIT.read_text(encoding="utf-8"))
    assert all(len(key) == 64 and set(entry) == {"role", "note"} for key, entry in entries.items())
    assert {entry["role"] for entry in entries.values()} == set(ROLES)


def test_a_volume_is_known_by_its_bytes() -> None:
    volume = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    assert digest(volume) == digest(np.asfortranarray(volume))
    assert digest(volume) != digest(volume + 1)
    assert role_of(volume) is None


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("ct-body-sbu-A002304.npz", "train"),
        ("ct-body-sbu-A072894.npz", "validate"),
        ("mr-brain2-pyradiomics.npz", "validate"),
    ],
)
def test_real_volumes_have_their_role(name: str, role: Role) -> None:
    with np.load(training_file(name)) as arrays:
        assert role_of(arrays["volume"]) == role


def store(folder: Path, name: str, modality: str, spacing: list[float] | None = None) -> None:
    rng = np.random.default_rng(len(name))
    volume = (rng.normal(0, 10, (8, 32, 32)) + np.linspace(0, 100, 32)).astype(np.float32)
    np.savez(folder / f"{name}.npz", volume=volume)
    header = {"modality": modality, "spacing_mm": spacing or [2.0, 0.8, 0.8]}
    (folder / f"{name}.json").write_text(json.dumps(header), encoding="utf-8")


def test_slices_and_volumes_of_a_folder(tmp_path: Path) -> None:
    store(tmp_path, "one", "CT")
    store(tmp_path, "two", "MR")
    assert [item.source for item in stored_slices(tmp_path, "CT", stride=4, role="test")] == ["one", "one"]
    (volume,) = stored_volumes(tmp_path, "MR", role="train")
    assert volume.spacing_mm == (2.0, 0.8, 0.8)
    assert float(np.percentile(volume.array[volume.array > 0], 99.5)) == pytest.approx(1, rel=1e-3)
    with pytest.raises(InputError, match="may validate"):
        stored_slices(tmp_path, "CT", stride=1, role="validate")


def test_broken_arrays_are_refused(tmp_path: Path) -> None:
    (tmp_path / "one.json").write_text(json.dumps({"modality": "CT", "spacing_mm": [1, 1, 1]}), encoding="utf-8")
    (tmp_path / "one.npz").write_bytes(b"no array")
    with pytest.raises(InputError, match=r"one\.json"):
        stored_slices(tmp_path, "CT", stride=1)
