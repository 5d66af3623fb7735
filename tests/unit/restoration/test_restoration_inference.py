"""From batches of slabs to denoised slices."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import nn

from restoration.card import BUNDLES, load_card
from restoration.errors import DeviceError, InputError, OutOfMemory
from restoration.inference.compiled import compiled
from restoration.inference.device import chosen_device
from restoration.inference.network import NetworkDenoiser, load_network
from restoration.inference.precision import Precision, chosen_precision
from restoration.networks.catalogue import build
from restoration.networks.noise_map import noise_map
from restoration.volume import FloatArray
from tests.unit.restoration.restoration_bundles import random_network, write_bundle

CPU = torch.device("cpu")


def pictures(*shape: int, seed: int = 0) -> FloatArray:
    return np.random.default_rng(seed).normal(0, 0.25, shape).astype(np.float32)


def denoiser(slices: int = 1, *, run: object = None) -> NetworkDenoiser:
    """A small network of random weights in float32, or something else in its place."""
    built = build({"name": "RestorationUNet", "widths": [8, 8, 8], "blocks": 1, "fold": 2, "slices": slices})
    network = random_network(slices=slices).eval()
    return NetworkDenoiser(
        built=built,
        run=run or network,
        mode="eager",
        device=CPU,
        precision=Precision.FLOAT32,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("slices", [1, 5])
def test_a_batch_is_what_its_slabs_are_one_by_one(slices: int) -> None:
    images = pictures(7, slices, 40, 33)
    network = denoiser(slices)
    together = network(images)
    assert (together.shape, together.dtype) == ((7, 40, 33), np.float32)
    single = np.concatenate([network(image[None]) for image in images])
    np.testing.assert_allclose(together, single, rtol=1e-5, atol=1e-6)


def test_windows_over_a_volume_need_no_copy() -> None:
    volume = pictures(9, 40, 32)
    windows = np.moveaxis(sliding_window_view(volume, 5, axis=0), -1, 1)
    assert not windows.flags.writeable
    network = denoiser(5)
    np.testing.assert_array_equal(network(windows), network(windows.copy()))
    np.testing.assert_array_equal(network(windows[::-1]), network(windows)[::-1])


def test_the_input_stays_as_it_was() -> None:
    images = pictures(2, 1, 40, 40)
    before = images.copy()
    denoiser()(images)
    np.testing.assert_array_equal(images, before)


def test_the_noise_map_is_of_the_middle_slice() -> None:
    seen: list[torch.Tensor] = []

    def run(image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        seen.append(sigma)
        return image[:, 1:2]

    images = pictures(1, 3, 32, 32)
    answer = denoiser(3, run=run)(images)
    np.testing.assert_array_equal(answer[0], images[0, 1])
    torch.testing.assert_close(seen[0], noise_map(torch.from_numpy(images[:, 1:2])))


@pytest.mark.parametrize("shape", [(32, 32), (2, 32, 32), (2, 3, 32, 32), (2, 1, 3, 32), (2, 1, 32, 3)], ids=str)
def test_shapes_that_the_network_does_not_take_are_named(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match="the network sees 1 slices"):
        denoiser()(pictures(*shape))


class Narrow:
    """Runs a network only on so many pixels at once; else fails as an allocation does."""

    def __init__(self, most: int, error: type[Exception] | str) -> None:
        self.most, self.error = most, error
        self.network = random_network().eval()
        self.sizes: list[tuple[int, ...]] = []

    def __call__(self, image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        if image.numel() > self.most:
            if isinstance(self.error, str):
                raise RuntimeError(self.error)
            raise self.error("too much")
        self.sizes.append(tuple(image.shape))
        answer: torch.Tensor = self.network(image, sigma)
        return answer


ALLOCATIONS = pytest.mark.parametrize(
    "error",
    [
        MemoryError,
        torch.OutOfMemoryError,
        "[enforce fail at alloc_cpu.cpp:124] err == 0. DefaultCPUAllocator: can't allocate memory: you tried 9 bytes",
        "DefaultCPUAllocator: not enough memory: you tried to allocate 99 bytes.",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)",
    ],
    ids=["python", "cuda", "linux", "windows", "cublas"],
)


@ALLOCATIONS
def test_a_batch_that_does_not_fit_is_halved(error: type[Exception] | str) -> None:
    images = pictures(6, 1, 48, 48)
    narrow = Narrow(2 * 48 * 48, error)
    np.testing.assert_allclose(denoiser(run=narrow)(images), denoiser()(images), rtol=1e-5, atol=1e-6)
    assert max(size[0] for size in narrow.sizes) <= 2


def test_a_picture_that_does_not_fit_is_tiled() -> None:
    images = pictures(2, 1, 300, 280)
    narrow = Narrow(240 * 240, MemoryError)
    np.testing.assert_allclose(denoiser(run=narrow)(images), denoiser()(images), rtol=1e-5, atol=1e-5)
    assert max(size[-1] for size in narrow.sizes) <= 240


def test_when_nothing_fits_it_is_said() -> None:
    with pytest.raises(OutOfMemory, match=r"a tile of \d+ × \d+ pixels does not fit"):
        denoiser(run=Narrow(0, MemoryError))(pictures(4, 1, 600, 600))


def test_other_errors_are_not_swallowed() -> None:
    with pytest.raises(RuntimeError, match="another thing"):
        denoiser(run=Narrow(0, "another thing"))(pictures(1, 1, 40, 40))


def test_a_shipped_network_is_exact_enough_in_the_chosen_precision() -> None:
    card = load_card("ct-denoise")
    chosen = load_network(card, BUNDLES / "ct-denoise", device="cpu")
    images = pictures(1, card.slab, 200, 200) - 10
    exact = replace(chosen, precision=Precision.FLOAT32)
    error = (chosen(images) - exact(images)) * card.parameters["scale"]
    assert np.sqrt(np.mean(np.square(error))) <= 0.2 * card.bounds.anchor


@pytest.mark.parametrize("anchor", [0.0, 1e-9])
def test_where_bfloat16_is_too_coarse_float32_is_taken(tmp_path: Path, anchor: float) -> None:
    write_bundle(tmp_path / "small")
    card = load_card("small", bundles=tmp_path)
    strict = replace(card, bounds=replace(card.bounds, anchor=anchor))
    assert load_network(strict, tmp_path / "small", device="cpu").precision is Precision.FLOAT32


@pytest.mark.parametrize(
    ("error", "anchor", "chosen"),
    [(0.19, 1.0, Precision.BFLOAT16), (0.21, 1.0, Precision.FLOAT32), (0.009, 0.0, Precision.BFLOAT16)],
    ids=["far below the bound", "near the bound", "lost in the noise"],
)
def test_reduced_precision_is_for_errors_that_do_not_matter(
    monkeypatch: pytest.MonkeyPatch, error: float, anchor: float, chosen: Precision
) -> None:
    monkeypatch.setattr("restoration.inference.precision.multiplies_bfloat16", lambda device: True)
    card = load_card("ct-denoise")
    card = replace(card, bounds=replace(card.bounds, anchor=anchor, noise=(1.0, 1.0)), parameters={"scale": 1.0})

    def run(image: torch.Tensor, sigma: torch.Tensor, precision: Precision) -> torch.Tensor:
        return image + (error if precision is Precision.BFLOAT16 else 0.0)

    assert chosen_precision(card, run, slices=1, device=torch.device("cpu")) is chosen


def test_a_card_without_scale_runs_in_float32(tmp_path: Path) -> None:
    write_bundle(tmp_path / "small")
    card = load_card("small", bundles=tmp_path)
    network = {"network": card.parameters["network"]}
    loaded = load_network(replace(card, parameters=network), tmp_path / "small", device="cpu")
    assert loaded.precision is Precision.FLOAT32


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "", "mps", "cuda:99"])
def test_devices_that_are_not_there_are_named(name: str) -> None:
    with pytest.raises(DeviceError):
        chosen_device(name)


def test_auto_finds_a_device() -> None:
    assert chosen_device("auto").type in {"cpu", "cuda"}
    assert chosen_device("cpu") == CPU


def test_a_cpu_runs_networks_as_they_are() -> None:
    network = nn.Identity()
    assert compiled(network, CPU, trial=lambda run: run(1), compiler=lambda network: 1 / 0) == (network, "eager")


def test_a_gpu_runs_what_the_compiler_made() -> None:
    fast = nn.Identity()
    made = compiled(nn.Identity(), torch.device("cuda"), trial=lambda run: run(1), compiler=lambda network: fast)
    assert made == (fast, "compiled")


def test_a_compiler_that_cannot_work_is_no_obstacle() -> None:
    def compiler(network: nn.Module) -> nn.Module:
        raise RuntimeError("Cannot find a working triton installation")

    network = nn.Identity()
    made = compiled(network, torch.device("cuda"), trial=lambda run: run(1), compiler=compiler)
    assert made == (network, "eager")
