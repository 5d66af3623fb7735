"""How much is run at once, by how many threads."""

from pathlib import Path

import pytest
import torch

from restoration.errors import OutOfMemory
from restoration.inference import memory
from restoration.inference.backoff import Portion
from restoration.inference.threads import keep_to_quota
from restoration.inference.tiling import Grid

CPU = torch.device("cpu")
GRID = Grid(multiple=8, reach=51)


@pytest.mark.parametrize(("side", "slices"), [(64, 64), (256, 4), (512, 1), (1024, 1)])
def test_a_batch_fills_the_caches_of_a_cpu(side: int, slices: int) -> None:
    assert memory.slices_at_once(side * side, features=16, device=CPU) == slices


def test_a_network_that_is_too_wide_for_the_memory_gets_one_slice() -> None:
    assert memory.slices_at_once(64 * 64, features=10**12, device=CPU) == 1


def test_this_machine_has_free_memory() -> None:
    assert memory.free_bytes(CPU) > 0


def group(folder: Path, limit: str) -> Path:
    (folder / "memory.max").write_text(limit)
    (folder / "memory.current").write_text("600\n")
    (folder / "memory.stat").write_text("anon 1\ninactive_file 150\n")
    return folder


@pytest.mark.parametrize(("limit", "free"), [("1000\n", 550.0), ("100\n", 0.0), ("max\n", float("inf"))])
def test_a_container_s_limit_counts(tmp_path: Path, limit: str, free: float) -> None:
    assert memory._free_in_group(group(tmp_path, limit)) == free


def test_without_a_container_there_is_no_limit(tmp_path: Path) -> None:
    assert memory._free_in_group(tmp_path) == float("inf")


def test_portions_shrink_to_the_smallest_tile_and_then_fail() -> None:
    portion = Portion(slices=5, side=1024)
    seen = []
    with pytest.raises(OutOfMemory):
        while True:
            portion = portion.smaller(longest=800, grid=GRID)
            seen.append((portion.slices, portion.side))
    assert seen == [(2, 1024), (1, 1024), (1, 400), (1, 224)]


@pytest.mark.parametrize("quota", ["max 100000\n", "", "junk", "900000000 100000\n"], ids=repr)
def test_without_a_quota_threads_stay_as_they_are(tmp_path: Path, quota: str) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    assert keep_to_quota(tmp_path / "cpu.max") == torch.get_num_threads()
    assert keep_to_quota(tmp_path / "none") == torch.get_num_threads()


@pytest.mark.parametrize("quota", ["100000 100000\n", "10000 100000\n", "190000 100000\n"], ids=repr)
def test_a_quota_lowers_the_threads(tmp_path: Path, quota: str) -> None:
    (tmp_path / "cpu.max").write_text(quota)
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        assert keep_to_quota(tmp_path / "cpu.max") == 1 == torch.get_num_threads()
    finally:
        torch.set_num_threads(before)
