import numpy as np
import pytest
import torch

from restoration.errors import DeviceError
from restoration.inference import tiling
from restoration.inference.device import chosen_device
from restoration.inference.precision import Precision, precision_on
from restoration.networks.noise_map import noise_map
from restoration.networks.unet import RestorationUNet


def test_tiles_show_no_seams() -> None:
    torch.manual_seed(0)
    network = RestorationUNet(widths=(8, 8, 8)).eval()
    picture = torch.from_numpy(np.random.default_rng(0).normal(0, 0.25, (1, 1, 1100, 900)).astype(np.float32))
    with torch.inference_mode():
        sigma = noise_map(picture)
        whole = network(picture, sigma)
        tiled = tiling.run(network, picture, sigma)
    # 100 HU are one network unit: 0.1 HU.
    torch.testing.assert_close(tiled, whole, rtol=0, atol=1e-3)


def test_pictures_up_to_the_limit_are_run_whole() -> None:
    calls: list[torch.Size] = []

    def network(image: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
        calls.append(image.shape)
        return image

    picture = torch.zeros(1, 1, 1024, 64)
    tiling.run(network, picture, picture)
    assert calls == [(1, 1, 1024, 64)]


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:x", "", "mps", "cuda:99"])
def test_devices_that_are_not_there_are_named(name: str) -> None:
    with pytest.raises(DeviceError):
        chosen_device(name)


def test_auto_finds_a_device() -> None:
    assert chosen_device("auto").type in {"cpu", "cuda"}
    assert chosen_device("cpu") == torch.device("cpu")


def test_the_cpu_has_a_precision() -> None:
    assert precision_on(torch.device("cpu")) in Precision
