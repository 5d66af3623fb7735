"""Files that are whole or absent."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dicom_node.domain.errors import StorageError
from dicom_node.storage.durable import PartFile, make_folder, sync_file, sync_folder, write_file


@contextmanager
def largest_file(length: int) -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (length, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.parametrize(
    "pieces", [[], [b"a"], [b"ab"] * 2000, [bytes(3 << 20), b"end"]], ids=["none", "one", "many", "large"]
)
def test_what_was_added_is_kept_under_its_name(tmp_path: Path, pieces: list[bytes]) -> None:
    file = PartFile(tmp_path / "1.dcm")
    for piece in pieces:
        file.add(piece)
    assert [path.name for path in tmp_path.iterdir()] == ["1.part"]
    file.keep()
    file.drop()
    assert [path.name for path in tmp_path.iterdir()] == ["1.dcm"]
    assert (tmp_path / "1.dcm").read_bytes() == b"".join(pieces)


@pytest.mark.parametrize("length", [10, 5 << 20], ids=["still waiting", "written already"])
def test_a_patch_lands_where_it_belongs(tmp_path: Path, length: int) -> None:
    file = PartFile(tmp_path / "1.dcm")
    file.add(bytes(length))
    file.keep(b"xyz", 4)
    assert (tmp_path / "1.dcm").read_bytes()[:8] == b"\0\0\0\0xyz\0"
    assert (tmp_path / "1.dcm").stat().st_size == length


def test_a_dropped_file_leaves_nothing_and_no_descriptor(tmp_path: Path) -> None:
    before = open_files()
    file = PartFile(tmp_path / "1.dcm")
    file.add(b"abc")
    file.drop()
    file.drop()
    assert list(tmp_path.iterdir()) == []
    assert open_files() == before
    with pytest.raises(StorageError):
        file.keep()


@pytest.mark.parametrize("length", [100_000, 3 << 20], ids=["at the end", "on the way"])
def test_a_failed_write_takes_the_file_away(tmp_path: Path, length: int) -> None:
    before = open_files()
    with largest_file(50_000), pytest.raises(StorageError, match="File too large"):
        file = PartFile(tmp_path / "1.dcm")
        file.add(bytes(length))
        file.keep()
    assert list(tmp_path.iterdir()) == []
    assert open_files() == before


def test_a_folder_that_vanished_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be made"):
        PartFile(tmp_path / "gone" / "1.dcm")
    with pytest.raises(StorageError):
        sync_folder(tmp_path / "gone")
    with pytest.raises(StorageError):
        sync_file(tmp_path / "gone")


def test_a_small_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    write_file(path, b"old")
    (tmp_path / "state.json.part").write_bytes(b"left by a crash")
    write_file(path, b"new")
    assert path.read_bytes() == b"new"
    with largest_file(10), pytest.raises(StorageError):
        write_file(path, bytes(100))
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]


def test_folders_are_made_down_from_the_root_and_only_once(tmp_path: Path) -> None:
    folder = tmp_path / "2026" / "03" / "02" / "key"
    make_folder(folder, root=tmp_path)
    assert folder.is_dir()
    sync_folder(folder)
    make_folder(folder.with_name("other"), root=tmp_path)
    with pytest.raises(StorageError, match="exists"):
        make_folder(folder, root=tmp_path)
