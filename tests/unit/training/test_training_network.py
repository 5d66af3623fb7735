"""The default network and the noise map it is conditioned on."""

import numpy as np
import pytest
import torch

from restoration.guard.noise import noise_map as noise_map_of_the_guard
from restoration.networks.measured import measured_kept
from restoration.networks.noise_map import noise_map
from restoration.networks.unet import RestorationUNet
from restoration.physics.mr_truncation import enlarged, reduced


def network() -> RestorationUNet:
    torch.manual_seed(0)
    return RestorationUNet(widths=(8, 16), blocks=1, fold=2).eval()


def picture(rows: int = 40, columns: int = 40) -> torch.Tensor:
    return torch.randn(1, 1, rows, columns, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("scale", [0.01, 0.5, 7.0, 300.0])
def test_scaled_in_is_scaled_out(scale: float) -> None:
    image = picture()
    with torch.inference_mode():
        once = network()(image, noise_map(image))
        scaled = network()(scale * image, noise_map(scale * image))
    assert torch.allclose(scaled, scale * once, rtol=1e-4, atol=1e-4 * scale)


@pytest.mark.parametrize("shape", [(40, 40), (37, 41), (5, 64), (64, 4)], ids=str)
def test_any_shape_comes_back(shape: tuple[int, int]) -> None:
    image = picture(*shape)
    with torch.inference_mode():
        assert network()(image, noise_map(image)).shape == image.shape


def test_of_a_slab_the_middle_slice_is_answered() -> None:
    torch.manual_seed(0)
    with_neighbours = RestorationUNet(widths=(8, 16), blocks=1, fold=2, slices=3).eval()
    slab = torch.cat([picture(), 10 + picture(), 20 + picture()], dim=1)
    with torch.inference_mode():
        answer = with_neighbours(slab, noise_map(slab[:, 1:2]))
        torch.nn.init.zeros_(with_neighbours.tail.weight)
        assert torch.equal(with_neighbours(slab, noise_map(slab[:, 1:2])), slab[:, 1:2])
    assert answer.shape == (1, 1, 40, 40)


@pytest.mark.parametrize("factors", [(1, 1), (2, 1), (2, 2)], ids=str)
def test_measured_frequencies_stay(factors: tuple[int, int]) -> None:
    seen = enlarged(picture(32 // factors[0], 32 // factors[1]), factors)
    answer = seen + picture(32, 32)
    kept = measured_kept(answer, seen, factors)
    if factors == (1, 1):
        assert torch.equal(kept, answer)
    else:
        assert torch.allclose(reduced(kept, factors), reduced(seen, factors), atol=1e-5)
        assert not torch.allclose(kept, seen, atol=0.1)


def test_nothing_in_nothing_out() -> None:
    empty = torch.zeros(1, 1, 16, 16)
    with torch.inference_mode():
        assert torch.equal(network()(empty, empty), empty)


def test_no_bias_anywhere() -> None:
    assert all("bias" not in name for name, _ in RestorationUNet().named_parameters())


def test_the_default_has_the_size_that_is_shipped() -> None:
    assert 400_000 < sum(p.numel() for p in RestorationUNet().parameters()) < 450_000


@pytest.mark.parametrize("sigma", [0.1, 25.0])
def test_the_map_of_white_noise_is_its_standard_deviation(sigma: float) -> None:
    estimate = noise_map(sigma * picture(128, 128))
    assert float(estimate.mean()) == pytest.approx(sigma, rel=0.06)


def test_the_map_follows_noise_that_changes_from_place_to_place() -> None:
    image = picture(128, 128)
    image[..., 64:] *= 4
    estimate = noise_map(image)
    assert float(estimate[..., 100:].mean()) == pytest.approx(4 * float(estimate[..., :28].mean()), rel=0.15)


def test_edges_weigh_little() -> None:
    image = picture(128, 128)
    image[..., 64:] += 40
    assert float(noise_map(image).median()) < 1.6


@pytest.mark.parametrize("shape", [(64, 64), (61, 47), (18, 100)], ids=str)
def test_training_and_guard_see_the_same_noise(shape: tuple[int, int]) -> None:
    image = picture(*shape)
    assert np.allclose(
        noise_map(image)[0, 0].numpy(), noise_map_of_the_guard(image[0, 0].numpy()), rtol=1e-3, atol=1e-3
    )
